'use strict';
'require baseclass';
'require dom';
'require domainroute.backend as backend';
'require domainroute.fields as fields';
'require domainroute.text as words';

// What the service says of the sections of the configuration, in cells that are drawn again with the table.

const keyOf = (type, section) => '%s %s'.format(type, section);

function line(diagnostic) {
  const { severity, type } = diagnostic;
  const label = severity === 'error' ? _('Error') : _('Warning');
  return E('span', { class: 'domainroute-problem', 'data-severity': severity }, [
    E('strong', {}, [label]),
    ': ',
    fields.describe(type, diagnostic),
  ]);
}

const Live = baseclass.extend({
  __init__({ types, excuse }) {
    Object.assign(this, { types, excuse: excuse ?? words.notice, diagnostics: [] });
    Object.assign(this, { rows: new Map(), rowCells: new Map(), problemCells: new Map() });
    this.said = E('div', { id: 'domainroute-state' });
    this.others = E('div', { id: 'domainroute-diagnostics' });
    this.node = E('div', {}, [this.said, this.others]);
  },

  /** A cell for what the service tells of a section, which `setRows` keeps up to date: `draw` gives its children. */
  rowCell(type, section_id, draw) {
    const row = { type, section_id, draw, cell: E('div', { class: 'domainroute-live' }) };
    this.rowCells.set(keyOf(type, section_id), row);
    this.drawRow(row);
    return row.cell;
  },

  /** A cell for what `check` says of a section. */
  problemCell(type, section_id) {
    const cell = E('div');
    this.problemCells.set(keyOf(type, section_id), cell);
    this.drawProblems(keyOf(type, section_id), cell);
    return cell;
  },

  /** Rows of an answer, each with the name of its `section`, all of one type. */
  setRows(type, rows) {
    this.rows.set(type, new Map(rows.map((row) => [row.section, row])));
    this.rowCells.forEach((row) => this.drawRow(row));
  },

  /** Asks what is wrong with the saved configuration, or says why that is not known. Never rejects. */
  async check() {
    try {
      const { diagnostics } = await backend.ask('check');
      this.setDiagnostics(diagnostics ?? []);
    } catch (error) {
      dom.content(this.said, [this.excuse(error)]);
    }
  },

  setDiagnostics(diagnostics) {
    this.diagnostics = diagnostics;
    this.problemCells.forEach((cell, key) => this.drawProblems(key, cell));
    const rest = diagnostics.filter(
      ({ type, section }) =>
        (this.types?.includes(type) ?? true) && !this.problemCells.has(keyOf(type, section)),
    );
    const boxes = rest.map((one) =>
      E('div', { class: 'alert-message warning', role: 'note' }, [
        '%s: '.format(keyOf(one.type, one.section)),
        line(one),
      ]),
    );
    dom.content(this.others, [...boxes]);
  },

  drawRow({ type, section_id, draw, cell }) {
    const told = this.rows.get(type)?.get(section_id);
    dom.content(cell, [...(told === undefined ? ['–'] : draw(told))]);
  },

  drawProblems(key, cell) {
    const own = this.diagnostics.filter(({ type, section }) => keyOf(type, section) === key);
    dom.content(cell, [...own.map(line)]);
  },
});

return baseclass.extend({
  /** `types`: of the sections whose diagnostics are told, else all; `excuse`: an error of backend.js as a node. */
  make(options = {}) {
    return new Live(options);
  },
});
