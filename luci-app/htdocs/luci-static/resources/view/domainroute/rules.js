'use strict';
'require view';
'require form';
'require uci';
'require domainroute.backend as backend';
'require domainroute.fields as fields';
'require domainroute.grid as grid';
'require domainroute.live as live';
'require domainroute.main as main';
'require domainroute.refresh as refresh';
'require domainroute.text as words';
'require domainroute.values as values';

const GENERAL = ['enabled', 'domain', 'list', 'client', 'interface', 'mark', 'action', 'fallback'];

/** So many domains of a rule are told in its row. */
const SHOWN = 5;

function given(section_id, option) {
  return L.toArray(uci.get('domainroute', section_id, option));
}

function names(all) {
  const more = all.length > SHOWN ? [_('and %d more').format(all.length - SHOWN)] : [];
  return all.slice(0, SHOWN).concat(more).join(', ');
}

function goesTo(section_id) {
  const [action] = given(section_id, 'action');
  if (action === 'block') return _('blocked');
  const targets = given(section_id, 'interface').concat(given(section_id, 'mark')).slice(0, 1);
  const [announce] = given(section_id, 'announce');
  const to = words.list(targets.concat(values.isOn(announce, '0') ? _('announced') : []));
  return action === 'proxy' ? _('proxy, %s').format(to) : to;
}

function addService(map) {
  const section = map.section(form.NamedSection, 'main', 'domainroute', _('Service'));
  const [enabled] = fields.rows('domainroute', { only: ['enabled'] });
  fields.add(section, null, enabled);
}

function addRules(map, state, networks) {
  const section = grid.add(map, 'rule', {
    title: _('Rules'),
    description: _(
      'Names, and where connections to them go. The most specific domain wins; among rules for the same domain, the first one.',
    ),
    dialogTitle: _('Rule'),
    placeholder: _('No rules yet: type a name for the first one below and press Add.'),
    sortable: true,
    general: GENERAL,
    suggestions: { interface: networks, list: main.lists().map((name) => [name, name]) },
  });
  grid.column(section, '_names', _('Domains and lists'), (id) => [
    E('div', {}, [names(given(id, 'domain'))]),
    E('div', {}, [names(given(id, 'list').map((list) => _('list %s').format(list)))]),
    state.problemCell('rule', id),
  ]);
  grid.column(section, '_clients', _('Clients'), (id) => {
    const clients = given(id, 'client');
    return [clients.length === 0 ? _('everyone') : names(clients)];
  });
  grid.column(section, '_to', _('Goes to'), (id) => [goesTo(id)]);
  grid.column(section, '_fallback', _('While it is down'), (id) => [
    given(id, 'interface').length === 0 ? '–' : (given(id, 'fallback')[0] ?? 'block'),
  ]);
  grid.column(section, '_hits', _('Hits'), (id) => [
    state.rowCell('rule', id, ({ packets, bytes }) => [
      _('%s packets, %s').format(words.count(packets), words.bytes(bytes)),
    ]),
  ]);
}

function addLists(map, state) {
  const section = grid.add(map, 'list', {
    title: _('Domain lists'),
    description: _('Files of domains, for rules to name.'),
    dialogTitle: _('Domain list'),
    placeholder: _('No lists yet: rules can do without.'),
  });
  grid.column(section, '_source', _('Source'), (id) => [
    E('div', {}, [words.orDash(given(id, 'file').concat(given(id, 'url'))[0])]),
    state.problemCell('list', id),
  ]);
  grid.column(section, '_format', _('Format'), (id) => [given(id, 'format')[0] ?? 'plain']);
}

/** Rules can be edited all the same, and that is what this page is for. */
function excuse(error) {
  if (error.kind !== 'absent') return words.notice(error);
  return words.hint(
    _('The service does not run'),
    _(
      'Switch it on below, then save and apply. Hits, and what is wrong with a rule, are shown while it runs; if it is on already, the system log says why it does not run.',
    ),
  );
}

return view.extend({
  load() {
    return Promise.all([main.load(), backend.interfaces()]);
  },

  async render([problem, interfaces]) {
    if (problem !== null) return words.notice(problem);
    const map = new form.Map(
      'domainroute',
      _('Domain Routing'),
      _('Domains decide where connections go: by which interface, with which mark, or nowhere.'),
    );
    const state = live.make({ excuse });
    addService(map);
    addRules(map, state, main.networks(interfaces));
    addLists(map, state);
    const form_node = await map.render();

    void state.check();
    refresh.every(5, () => this.count(state));
    return E('div', {}, [words.stylesheet(), state.node, form_node]);
  },

  /** Never rejects: `check` tells why. */
  async count(state) {
    const { rules } = await L.resolveDefault(backend.ask('counters'), {});
    state.setRows('rule', rules ?? []);
  },
});
