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

const SPEAKER = ['enabled', 'asn', 'router_id'];
const NEIGHBOR = ['enabled', 'address', 'asn', 'password_file', 'next_hop', 'next_hop6'];

function given(section_id, option) {
  return words.orDash(uci.get('domainroute', section_id, option));
}

function addSpeaker(map) {
  const section = map.section(
    form.NamedSection,
    'bgp',
    'bgp',
    _('This router (BGP)'),
    _('Neighbours are told the addresses of rules that announce. Nothing is accepted from them.'),
  );
  Object.assign(section, { addremove: true, addbtntitle: _('Set up BGP') });
  section.delbtntitle = _('Remove BGP');
  fields.addTabs(section, SPEAKER);
  main.guard(map, section, 'bgp');
}

function nameIsTaken() {
  return words.hint(
    _('BGP cannot be set up yet'),
    _(
      "Something else has the name 'bgp', which the section of this router needs: clone it under Rules, and delete the one with that name.",
    ),
  );
}

/** How the session is, what was told, and what went wrong last. */
function session({ state, uptime, announced, pending, last_error: problem }) {
  const since = uptime == null ? state : '%s, %s'.format(state, words.duration(uptime));
  const told = _('%s routes told, %s waiting').format(words.count(announced), words.count(pending));
  const lines = [since, told].map((line) => E('div', {}, [line]));
  return problem == null
    ? lines
    : lines.concat(E('div', { class: 'domainroute-detail' }, [String(problem)]));
}

function addNeighbors(map, state) {
  const section = grid.add(map, 'neighbor', {
    title: _('Neighbours (BGP)'),
    description: _('Other routers that are told which addresses the names of rules are at.'),
    dialogTitle: _('Neighbour'),
    placeholder: _('No neighbours yet: type a name for the first one below and press Add.'),
    general: NEIGHBOR,
  });
  grid.column(section, '_address', _('Address'), (id) => [
    E('div', {}, [given(id, 'address')]),
    state.problemCell('neighbor', id),
  ]);
  grid.column(section, '_asn', _('AS'), (id) => [given(id, 'asn')]);
  grid.column(section, '_session', _('State'), (id) => [state.rowCell('neighbor', id, session)]);
}

function place(section_id) {
  const [socket, address, port] = ['socket', 'listen', 'port'].map((option) =>
    uci.get('domainroute', section_id, option),
  );
  if (address == null) return words.orDash(socket);
  return port == null ? address : _('%s, port %s').format(address, port);
}

function addSources(map, state) {
  const section = grid.add(map, 'dnstap', {
    title: _('Resolvers (dnstap)'),
    description: _(
      'Resolvers that tell their answers: what devices ask them need not pass this router. Whoever can connect can teach any name any address.',
    ),
    dialogTitle: _('Resolver'),
    placeholder: _('No resolvers yet: answers that pass this router are learnt without them.'),
  });
  grid.column(section, '_place', _('Listens at'), (id) => [
    E('div', {}, [place(id)]),
    state.problemCell('dnstap', id),
  ]);
  grid.column(section, '_messages', _('State'), (id) => [
    state.rowCell('dnstap', id, ({ senders, messages, malformed }) => [
      _('%s connected, %s messages, %s malformed').format(
        ...[senders, messages, malformed].map((n) => words.count(n)),
      ),
    ]),
  ]);
}

return view.extend({
  load() {
    return main.load();
  },

  async render(problem) {
    if (problem !== null) return words.notice(problem);
    const map = new form.Map(
      'domainroute',
      _('BGP and dnstap'),
      _(
        'For networks in which the resolver, or the way out, is another machine than this router. Without such machines nothing is needed here.',
      ),
    );
    const state = live.make({ types: ['bgp', 'neighbor', 'dnstap'] });
    const speaker = uci.get('domainroute', 'bgp');
    const isFree = speaker == null || speaker['.type'] === 'bgp';
    if (isFree) addSpeaker(map);
    addNeighbors(map, state);
    addSources(map, state);
    const form_node = await map.render();

    void state.check();
    refresh.every(5, () => this.look(state));
    return E('div', {}, [words.stylesheet(), state.node, isFree ? '' : nameIsTaken(), form_node]);
  },

  /** Never rejects: `check` tells why. */
  async look(state) {
    const { neighbors, dnstap } = await L.resolveDefault(backend.ask('bgp'), {});
    state.setRows('neighbor', neighbors ?? []);
    state.setRows('dnstap', dnstap ?? []);
  },
});
