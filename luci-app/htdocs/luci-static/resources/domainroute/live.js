'use strict';
'require baseclass';
'require dom';
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
  __init__() {
    Object.assign(this, { hits: new Map(), diagnostics: [], hitCells: new Map() });
    this.problemCells = new Map();
    this.others = E('div', { id: 'domainroute-diagnostics' });
  },

  /** A cell for the hits of a rule, which `setHits` keeps up to date. */
  hitCell(section_id) {
    const cell = E('span', { class: 'domainroute-hits' });
    this.hitCells.set(section_id, cell);
    this.drawHits(section_id, cell);
    return cell;
  },

  /** A cell for what `check` says of a section. */
  problemCell(type, section_id) {
    const cell = E('div');
    this.problemCells.set(keyOf(type, section_id), cell);
    this.drawProblems(keyOf(type, section_id), cell);
    return cell;
  },

  setHits(rules) {
    this.hits = new Map(rules.map((rule) => [rule.section, rule]));
    this.hitCells.forEach((cell, section_id) => this.drawHits(section_id, cell));
  },

  setDiagnostics(diagnostics) {
    this.diagnostics = diagnostics;
    this.problemCells.forEach((cell, key) => this.drawProblems(key, cell));
    const rest = diagnostics.filter(
      ({ type, section }) => !this.problemCells.has(keyOf(type, section)),
    );
    const boxes = rest.map((one) =>
      E('div', { class: 'alert-message warning', role: 'note' }, [
        '%s: '.format(keyOf(one.type, one.section)),
        line(one),
      ]),
    );
    dom.content(this.others, [...boxes]);
  },

  drawHits(section_id, cell) {
    const { packets, bytes } = this.hits.get(section_id) ?? {};
    dom.content(cell, [
      packets === undefined
        ? '–'
        : _('%s packets, %s').format(words.count(packets), words.bytes(bytes)),
    ]);
  },

  drawProblems(key, cell) {
    const own = this.diagnostics.filter(({ type, section }) => keyOf(type, section) === key);
    dom.content(cell, [...own.map(line)]);
  },
});

return baseclass.extend({
  make() {
    return new Live();
  },
});
