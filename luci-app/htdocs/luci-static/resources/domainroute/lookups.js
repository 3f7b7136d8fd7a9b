'use strict';
'require baseclass';
'require dom';
'require domainroute.backend as backend';
'require domainroute.table as table';
'require domainroute.text as words';

// The long tables of the status page: decisions, answers learnt, and announced routes.

/** How many rows are asked for; the first is what is refreshed by itself. */
const AMOUNTS = [200, 1000, 5000];

function amountSelect(id) {
  return E('select', { id, class: 'cbi-input-select' }, [
    ...AMOUNTS.map((amount) => E('option', { value: amount }, [words.count(amount)])),
  ]);
}

function explainUrl(subject, client) {
  const query = new URLSearchParams({ subject });
  if (client !== null) query.set('client', client);
  return '%s#%s'.format(L.url('admin/services/domainroute/explain'), query);
}

const Lookup = baseclass.extend({
  /** `method` of the daemon answers { [member]: rows }; `amountTitle` says which of them a choice of some is. */
  __init__({ id, method, member, amountTitle, ...options }) {
    Object.assign(this, { method, member, loading: false });
    this.table = table.make({ id, ...options });
    this.amount = amountSelect('%s-amount'.format(id));
    this.amount.addEventListener('change', () => void this.load());
    this.table.addControl(amountTitle ?? _('Newest'), this.amount);
    this.note = E('div');
    this.node = E('div', {}, [this.note, this.table.node]);
  },

  /** Few rows are read again by themselves; many, when they are asked for. */
  refresh() {
    return Number(this.amount.value) === AMOUNTS[0] ? this.load() : Promise.resolve();
  },

  /** Never rejects. */
  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const answer = await backend.ask(this.method, Number(this.amount.value));
      this.table.update(answer[this.member] ?? []);
      this.onRows?.(this.table.rows);
      const isCut = answer.more === true;
      dom.content(this.note, [
        isCut ? E('p', {}, [_('There are more than one answer can hold.')]) : '',
      ]);
    } catch (error) {
      dom.content(this.note, [words.notice(error)]);
    } finally {
      this.loading = false;
    }
  },
});

/** A choice of the rules that occur. */
function ruleFilter(lookup, id) {
  const select = E('select', { id, class: 'cbi-input-select' });
  const choice = (value, label) =>
    E('option', { value, selected: value === select.value ? '' : null }, [label]);
  lookup.table.accepts = ({ rule }) =>
    select.value === '' || (select.value === '-' ? rule === null : rule === select.value.slice(1));
  let known = null;
  lookup.onRows = (rows) => {
    const sections = [...new Set(rows.map(({ rule }) => rule))].filter((rule) => rule !== null);
    const now = JSON.stringify(sections.sort());
    if (now === known) return;
    known = now;
    dom.content(select, [
      choice('', _('all')),
      choice('-', _('no rule')),
      // a sign before it, so that no section can be taken for one of the two
      ...sections.map((section) => choice('=%s'.format(section), section)),
    ]);
  };
  lookup.onRows([]);
  lookup.table.addControl(_('Rule'), select);
}

return baseclass.extend({
  decisions(hosts) {
    const lookup = new Lookup({
      id: 'domainroute-decisions',
      method: 'decisions',
      member: 'decisions',
      caption: _('Newest decisions'),
      empty: _('No decisions yet: they are made when a device opens a connection.'),
      columns: [
        { title: _('Client'), text: ({ client }) => hosts.label(client) },
        {
          title: _('Name'),
          text: ({ name }) => words.orDash(name),
        },
        {
          title: _('Address'),
          text: ({ address }) => String(address),
          link: ({ address, client }) => explainUrl(address, client),
        },
        { title: _('Rule'), text: ({ rule }) => words.orDash(rule) },
        {
          title: _('Goes to'),
          text: ({ action, interface: device, mark }) =>
            action === 'block' ? _('blocked') : words.orDash(device ?? mark),
        },
        { title: _('Packets'), text: ({ packets }) => words.count(packets) },
        { title: _('Bytes'), text: ({ bytes }) => words.bytes(bytes) },
        { title: _('Age'), text: ({ age }) => words.duration(age) },
      ],
    });
    ruleFilter(lookup, 'domainroute-decisions-rule');
    return lookup;
  },

  facts(hosts) {
    return new Lookup({
      id: 'domainroute-facts',
      method: 'rdns',
      member: 'facts',
      caption: _('Answers learnt'),
      empty: _('No answers yet: they are learnt when a device asks for a name.'),
      columns: [
        {
          title: _('Name'),
          text: ({ name }) => words.orDash(name),
        },
        {
          title: _('Address'),
          text: ({ address }) => String(address),
          link: ({ address, client }) => explainUrl(address, client),
        },
        {
          title: _('Told to'),
          text: ({ client }) => (client === null ? _('everyone') : hosts.label(client)),
        },
        { title: _('Expires in'), text: ({ expires_in: left }) => words.duration(left) },
        { title: _('Last used'), text: ({ last_seen: ago }) => words.duration(ago) },
        { title: _('Learnt from'), text: ({ source }) => words.orDash(source) },
      ],
    });
  },

  routes() {
    return new Lookup({
      id: 'domainroute-routes',
      method: 'routes',
      member: 'routes',
      amountTitle: _('At most'),
      caption: _('Announced routes'),
      empty: _('No routes yet: they come from answers for rules that announce.'),
      columns: [
        { title: _('Prefix'), text: ({ prefix }) => String(prefix) },
        { title: _('Name'), text: ({ name }) => words.orDash(name) },
        { title: _('Rule'), text: ({ rule }) => words.orDash(rule) },
        { title: _('Communities'), text: ({ communities }) => words.list(communities) },
        { title: _('Expires in'), text: ({ expires_in: left }) => words.duration(left) },
      ],
    });
  },
});
