'use strict';
'require baseclass';
'require domainroute.addresses as addresses';
'require domainroute.options as options';
'require domainroute.values as values';

// What is wrong with a section, before it is saved: src/config is the authority, and a test compares both.

/** As src/config/rule.ts. */
const COMMUNITIES_MAX = 100;
/** As src/config/dnstap.ts. */
const SOCKET_PATH_MAX = 107;
/** As src/config/bgp.ts: RFC 6793 §9. */
const AS_TRANS = '23456';
const { default: DNSTAP_PORT } = options.sections
  .get('dnstap')
  .options.find(({ name }) => name === 'port');
/** RFC 4271 §4.2. */
const SHORT_HOLD_TIMES = ['1', '2'];

function problem(option, value, message) {
  return { option, value, message };
}

/** Of the section as a whole. */
function whole(message) {
  return problem(null, null, message);
}

function ruleProblem({
  domain,
  list,
  interface: device,
  mark,
  action,
  local,
  announce,
  community,
}) {
  if (domain.length === 0 && list.length === 0) return _('needs at least one domain or list');
  const hasDevice = device.length > 0;
  const hasMark = mark.length > 0;
  if (hasDevice && hasMark) return _('has both an interface and a mark: remove one of them');
  const isAnnounced = values.isOn(announce[0], '0');
  if ((action[0] ?? 'route') === 'route' && !hasDevice && !hasMark && !isAnnounced)
    return _('needs an interface or a mark to route to, or to be announced');
  if (action[0] === 'block' && (hasDevice || hasMark))
    return _('blocks, and has a destination: remove the interface or mark');
  if (local[0] === 'bind' && !hasDevice) return _('has no interface to bind to');
  if (community.length > COMMUNITIES_MAX)
    return _('has more than %d communities').format(COMMUNITIES_MAX);
  return null;
}

/** What types do not tell of the values of a speaker or of its neighbour. */
function peerProblems({ asn, hold_time: holdTime }, hosts) {
  const reserved = asn.filter((number) => number === AS_TRANS);
  const short = holdTime.filter((seconds) => SHORT_HOLD_TIMES.includes(seconds));
  return [
    ...reserved.map((number) => problem('asn', number, _('is reserved'))),
    ...short.map((seconds) => problem('hold_time', seconds, _('must be 0, or 3 and more'))),
    ...Object.entries(hosts).flatMap(([option, [address]]) =>
      address === undefined || addresses.isHost(address)
        ? []
        : [problem(option, address, _('must be the address of one host, and no link-local one'))],
    ),
  ];
}

function neighborProblems({ address, local_address, next_hop, next_hop6, ...texts }) {
  const found = peerProblems(texts, { address, local_address, next_hop, next_hop6 });
  const [there] = address;
  const [here] = local_address;
  if (there && here && addresses.familyOf(there) !== addresses.familyOf(here))
    found.push(problem('local_address', here, _('is not of the family of %s').format(there)));
  const [ttlSecurity = '0'] = texts.ttl_security;
  const [multihop = '1'] = texts.multihop;
  if (ttlSecurity !== '0' && multihop !== '1')
    found.push(whole(_('has both TTL security and multihop: remove one of them')));
  if (found.length > 0) return found;
  return there && texts.asn.length > 0 ? [] : [whole(_('needs an address and an AS number'))];
}

function dnstapProblems({ socket, listen }) {
  if (socket.length === listen.length)
    return [whole(_('needs either a socket or an address to listen at'))];
  return new TextEncoder().encode(socket[0] ?? '').length > SOCKET_PATH_MAX
    ? [problem('socket', socket[0], _('is longer than %d bytes').format(SOCKET_PATH_MAX))]
    : [];
}

/** Where a section of UCI is, as a text: of two that are in force at one place, the service leaves one out. */
const PLACES = {
  neighbor: ({ address, netns }) =>
    '%s %s'.format(addresses.canonical(String(address)), netns || ''),
  dnstap: ({ socket, listen, port }) =>
    socket || '%s %s'.format(addresses.canonical(String(listen)), port || DNSTAP_PORT),
};

function twinProblems(type, given, sections) {
  const place = PLACES[type];
  if (!values.isOn(given.enabled, '1')) return [];
  const twin = sections(type).find(
    (other) =>
      other['.name'] !== given['.name'] &&
      values.isOn(other.enabled, '1') &&
      place(other) === place(given),
  );
  return twin === undefined ? [] : [whole(_("is where '%s' is already").format(twin['.name']))];
}

/** The rules between options and between sections, by type of section: what src/config refuses. */
const WHOLE = {
  domainroute: () => [],

  rule(texts, given, sections) {
    const message = ruleProblem(texts);
    if (message !== null) return [whole(message)];
    const lists = sections('list').map((section) => section['.name']);
    const missing = texts.list.filter((name) => !lists.includes(name));
    return missing.map((name) => problem('list', name, _('there is no such domain list')));
  },

  list({ url, file }) {
    if (url.length !== file.length) return [];
    const both = _('has both a URL and a file: remove one of them');
    return [whole(file.length > 0 ? both : _('needs a file'))];
  },

  bgp(texts) {
    const found = peerProblems(texts, { router_id: texts.router_id });
    if (found.length > 0) return found;
    return texts.asn.length > 0 && texts.router_id.length > 0
      ? []
      : [whole(_('needs an AS number and a router ID'))];
  },

  neighbor(texts, given, sections) {
    const found = neighborProblems(texts);
    return found.length > 0 ? found : twinProblems('neighbor', given, sections);
  },

  dnstap(texts, given, sections) {
    const found = dnstapProblems(texts);
    return found.length > 0 ? found : twinProblems('dnstap', given, sections);
  },
};

/** As src/config/section.ts: an option with blanks is a list where one is expected. */
function textsOf(spec, given) {
  if (given == null || given === '') return [];
  if (Array.isArray(given)) return given;
  return spec.list ? L.toArray(given) : [given];
}

return baseclass.extend({
  /**
   * `given`: the values by option, of UCI or of a form, and the '.name'; `sections`: the sections of UCI by type, as
   * uci.sections tells them. The result is empty, or [{ option, value, message }], where option is null for the
   * section as a whole.
   */
  ofSection(type, given, sections) {
    const found = [];
    const texts = {};
    for (const spec of options.sections.get(type).options) {
      texts[spec.name] = textsOf(spec, given[spec.name]);
      if (!spec.list && texts[spec.name].length > 1) {
        found.push(problem(spec.name, null, _('is given more than once')));
        continue;
      }
      for (const value of texts[spec.name]) {
        const message = values.check(spec, value);
        if (message !== null) found.push(problem(spec.name, value, message));
      }
    }
    return found.length > 0 ? found : WHOLE[type](texts, given, sections);
  },
});
