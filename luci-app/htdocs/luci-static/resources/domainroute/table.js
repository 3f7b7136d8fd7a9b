'use strict';
'require baseclass';
'require dom';

// A table of many rows: only one page of them is ever in the document.

const PAGE = 25;

/** Texts that are looked up without regard to case. */
function fold(text) {
  return String(text).toLowerCase();
}

const PagedTable = baseclass.extend({
  /**
   * `columns`: [{ title, text: row => string, link: row => url or null }]; `accepts`: row => boolean, beside the
   * search. `id` makes the ids of the controls.
   */
  __init__({ id, caption, columns, empty, accepts }) {
    Object.assign(this, { columns, empty, accepts: accepts ?? (() => true), rows: [], page: 0 });
    this.search = E('input', {
      type: 'text',
      inputmode: 'search',
      id: '%s-search'.format(id),
    });
    this.search.addEventListener('input', () => this.first());
    this.body = E('tbody');
    this.range = E('span', { role: 'status', class: 'domainroute-range' });
    this.back = this.pager('‹', _('Previous page'), -1);
    this.next = this.pager('›', _('Next page'), 1);
    this.node = E('div', { class: 'domainroute-paged', id }, [
      E('div', { class: 'domainroute-controls' }, [
        E('label', { for: this.search.id }, [_('Search')]),
        this.search,
        this.range,
        this.back,
        this.next,
      ]),
      E('table', { class: 'table' }, [
        E('caption', { class: 'domainroute-hidden' }, [caption]),
        E('thead', {}, [
          E('tr', { class: 'tr table-titles' }, [
            ...columns.map(({ title }) => E('th', { class: 'th', scope: 'col' }, [title])),
          ]),
        ]),
        this.body,
      ]),
    ]);
  },

  pager(sign, label, step) {
    const button = E('button', { class: 'btn cbi-button', type: 'button', 'aria-label': label }, [
      sign,
    ]);
    button.addEventListener('click', () => {
      this.page += step;
      this.draw();
    });
    return button;
  },

  /** More controls beside the search. */
  addControl(label, element) {
    this.search.after(E('label', { for: element.id }, [label]), element);
    element.addEventListener('change', () => this.first());
  },

  first() {
    this.page = 0;
    this.draw();
  },

  /** The rows, in their order. */
  update(rows) {
    this.rows = rows;
    this.draw();
  },

  wanted() {
    const search = fold(this.search.value.trim());
    return this.rows.filter(
      (row) =>
        this.accepts(row) &&
        (search === '' || this.columns.some(({ text }) => fold(text(row)).includes(search))),
    );
  },

  draw() {
    const wanted = this.wanted();
    this.page = Math.max(0, Math.min(this.page, Math.ceil(wanted.length / PAGE) - 1));
    const start = this.page * PAGE;
    const shown = wanted.slice(start, start + PAGE);
    const drawn = shown.length > 0 ? shown.map((row) => this.drawRow(row)) : [this.none()];
    dom.content(this.body, [...drawn]);
    dom.content(this.range, [
      shown.length === 0
        ? _('0 rows')
        : _('%d–%d of %d').format(start + 1, start + shown.length, wanted.length),
    ]);
    this.back.disabled = this.page === 0;
    this.next.disabled = start + PAGE >= wanted.length;
  },

  drawRow(row) {
    return E('tr', { class: 'tr' }, [
      ...this.columns.map(({ title, text, link }) => {
        const words = text(row);
        const url = link ? link(row) : null;
        return E('td', { class: 'td', 'data-title': title }, [
          url === null ? words : E('a', { href: url }, [words]),
        ]);
      }),
    ]);
  },

  none() {
    const cell = E('td', { class: 'td', colspan: this.columns.length }, [
      E('em', {}, [this.empty]),
    ]);
    return E('tr', { class: 'tr placeholder' }, [cell]);
  },
});

return baseclass.extend({
  make(options) {
    return new PagedTable(options);
  },
});
