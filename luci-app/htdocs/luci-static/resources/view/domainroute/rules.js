'use strict';
'require view';
'require dom';
'require form';
'require uci';
'require domainroute.backend as backend';
'require domainroute.fields as fields';
'require domainroute.grid as grid';
'require domainroute.live as live';
'require domainroute.main as main';
'require domainroute.refresh as refresh';
'require domainroute.text as words';

const GENERAL = ['domain', 'list', 'client', 'interface', 'mark', 'action', 'fallback'];

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
  const [target] = given(section_id, 'interface').concat(given(section_id, 'mark'));
  if (action === 'block') return _('blocked');
  const to = words.orDash(target);
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
  });
  section.tab('general', _('General'));
  section.tab('advanced', _('Advanced'));
  const [enabled] = fields.rows('rule', { only: ['enabled'] });
  fields.add(section, 'general', enabled).editable = true;

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
  grid.column(section, '_hits', _('Hits'), (id) => [state.hitCell(id)]);

  const suggestions = { interface: networks, list: main.lists().map((name) => [name, name]) };
  const add = (tab, spec) => {
    fields.add(section, tab, spec, suggestions[spec.type]).modalonly = true;
  };
  fields.rows('rule', { only: GENERAL }).forEach((spec) => add('general', spec));
  fields.rows('rule', { but: GENERAL.concat('enabled') }).forEach((spec) => add('advanced', spec));
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
  fields.rows('list', { but: [] }).forEach((spec) => {
    fields.add(section, null, spec).modalonly = true;
  });
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
    const state = live.make();
    addService(map);
    addRules(map, state, main.networks(interfaces));
    addLists(map, state);
    const form_node = await map.render();

    const said = E('div', { id: 'domainroute-state' });
    void this.check(state, said);
    refresh.every(5, () => this.count(state));
    return E('div', {}, [words.stylesheet(), said, state.others, form_node]);
  },

  /** What the service says of the saved configuration. Never rejects. */
  async check(state, said) {
    try {
      const { diagnostics } = await backend.ask('check');
      state.setDiagnostics(diagnostics ?? []);
    } catch (error) {
      dom.content(said, [this.excuse(error)]);
    }
  },

  async count(state) {
    try {
      state.setHits((await backend.ask('counters')).rules ?? []);
    } catch {
      // `check` has told why
      state.setHits([]);
    }
  },

  /** Rules can be edited all the same, and that is what this page is for. */
  excuse(error) {
    if (error.kind !== 'absent') return words.notice(error);
    return words.hint(
      _('The service does not run'),
      _(
        'Switch it on below, then save and apply. Hits, and what is wrong with a rule, are shown while it runs; if it is on already, the system log says why it does not run.',
      ),
    );
  },
});
