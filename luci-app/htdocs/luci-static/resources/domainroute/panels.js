'use strict';
'require baseclass';
'require domainroute.chart as chart';
'require domainroute.text as words';

// The parts of the status page that are drawn anew with each answer: functions from answers to nodes.

function factsList(pairs) {
  return E('dl', { class: 'domainroute-facts' }, [
    ...pairs.flatMap(([term, value]) => [E('dt', {}, [term]), E('dd', {}, [value])]),
  ]);
}

function table(caption, titles, rows, empty) {
  const head = titles.map((title) => E('th', { class: 'th', scope: 'col' }, [title]));
  const line = (cells) =>
    E('tr', { class: 'tr' }, [
      ...cells.map((cell, i) =>
        E('td', { class: 'td', 'data-title': titles[i] }, [...[].concat(cell)]),
      ),
    ]);
  const none = E('tr', { class: 'tr placeholder' }, [
    E('td', { class: 'td', colspan: titles.length }, [E('em', {}, [empty])]),
  ]);
  return E('table', { class: 'table' }, [
    E('caption', { class: 'domainroute-hidden' }, [caption]),
    E('thead', {}, [E('tr', { class: 'tr table-titles' }, [...head])]),
    E('tbody', {}, [...(rows.length > 0 ? rows.map(line) : [none])]),
  ]);
}

/** `used` of `limit`, as a bar and in numbers. */
function fill(title, used, limit) {
  const share = limit > 0 ? (100 * used) / limit : 0;
  const meter = E('meter', {
    min: 0,
    max: Math.max(1, limit),
    high: 0.9 * limit,
    value: used,
    'aria-label': title,
  });
  const numbers = _('%s of %s (%d%%)').format(words.count(used), words.count(limit), share);
  return [E('span', {}, [title]), meter, E('span', {}, [numbers])];
}

function upOrDown(network) {
  if (network === undefined) return _('unknown');
  return network.up ? _('up') : _('down');
}

/** Devices with programs, and interfaces that rules route to: [interface, device, role, state, programs]. */
function interfaceRows(devices, networks, targets) {
  const byDevice = new Map();
  const byName = new Map();
  for (const network of networks) {
    byName.set(network.interface, network);
    const device = network.l3_device ?? network.device;
    if (device !== undefined) byDevice.set(device, network);
  }
  const attached = devices.map(({ name, ifindex, role, programs }) => {
    const network = byDevice.get(name);
    return [
      words.orDash(network?.interface),
      name ?? _('gone (number %d)').format(ifindex),
      role,
      upOrDown(network),
      programs.join(', '),
    ];
  });
  const routed = targets.map((name) => {
    const network = byName.get(name) ?? byDevice.get(name);
    const device = network?.l3_device ?? network?.device;
    return [name, words.orDash(device), _('destination of rules'), upOrDown(network), '–'];
  });
  return attached.concat(routed);
}

function neighborCells(neighbor) {
  const { section, address, asn, state, uptime, families, announced, pending } = neighbor;
  return [
    section,
    address,
    String(asn),
    state,
    uptime === null ? '–' : words.duration(uptime),
    words.list(families.map((family) => 'IPv%s'.format(family))),
    words.count(announced),
    words.count(pending),
    words.orDash(neighbor.last_error),
  ];
}

/** Whom routes are announced to, and how many. */
function speaker({ asn, router_id: id, routes, refused, neighbors }) {
  return [
    factsList([
      [_('Router'), _('AS %s, identifier %s').format(asn, id)],
      [_('Routes'), words.count(routes)],
      [_('Refused for want of room'), words.count(refused)],
    ]),
    table(
      _('Neighbours'),
      [
        _('Neighbour'),
        _('Address'),
        _('AS'),
        _('State'),
        _('Up for'),
        _('Families'),
        _('Told'),
        _('Waiting'),
        _('Last error'),
      ],
      neighbors.map(neighborCells),
      _('No neighbours yet: add them under BGP and dnstap.'),
    ),
  ];
}

function dnstapTable(sources) {
  return table(
    _('Sources of answers'),
    [_('dnstap source'), _('Senders'), _('Messages'), _('Malformed')],
    sources.map(({ section, senders, messages, malformed }) => [
      section,
      words.count(senders),
      words.count(messages),
      words.count(malformed),
    ]),
    '',
  );
}

return baseclass.extend({
  bgp(status) {
    return E('div', { class: 'domainroute-bgp' }, [
      ...(status.enabled ? speaker(status) : []),
      status.dnstap.length > 0 ? dnstapTable(status.dnstap) : '',
    ]);
  },

  service({ running, generation, daemon, local, rules }) {
    const pairs = [
      [
        _('Service'),
        daemon === null
          ? _('does not run')
          : _('has run for %s, process %d').format(words.duration(daemon.uptime), daemon.pid),
      ],
      [
        _('Data path'),
        running
          ? _('in force: %d rules, generation %d').format(rules.count, generation)
          : _('not in force'),
      ],
      [_("Router's own connections"), local.length > 0 ? _('steered') : _('not steered')],
    ];
    return E('div', {}, [
      factsList(pairs),
      daemon?.problem
        ? E('div', { class: 'alert-message warning', role: 'alert' }, [
            E('h4', {}, [_('The last attempt has failed')]),
            E('p', {}, [daemon.problem]),
          ])
        : '',
    ]);
  },

  interfaces({ devices }, networks, targets) {
    return table(
      _('Interfaces'),
      [_('Interface'), _('Device'), _('Role'), _('State'), _('Programs')],
      interfaceRows(devices, networks, targets),
      _('No interfaces yet: name them in the settings.'),
    );
  },

  fill({ facts, verdicts }) {
    const others = facts.used - facts.matched;
    return E('div', {}, [
      E('div', { class: 'domainroute-fill' }, [
        ...fill(_('Answers that rules use'), facts.matched, facts.limit),
        ...fill(_('Decisions'), verdicts.used, verdicts.limit),
      ]),
      E('p', {}, [_('Other answers that were learnt: %s').format(words.count(others))]),
    ]);
  },

  /** `rates`: bytes a second by section; `lines`: index of the chart's line by section. */
  traffic({ rules, others }, rates, lines) {
    const row = ({ section, packets, bytes }) => [
      [chart.sample(lines.get(section)), section],
      _('%s a second').format(words.bytes(rates.get(section) ?? 0)),
      words.count(packets),
      words.bytes(bytes),
    ];
    const rest = [_('no rule'), '–', words.count(others.packets), words.bytes(others.bytes)];
    return table(
      _('Traffic by rule'),
      [_('Rule'), _('Now'), _('Packets'), _('Bytes')],
      rules.map(row).concat([rest]),
      '',
    );
  },

  reasons(reasons) {
    const rows = Object.entries(reasons)
      .filter(([, count]) => count > 0)
      .sort((a, b) => b[1] - a[1])
      .map(([name, count]) => [name.replaceAll('_', ' '), words.count(count)]);
    return table(
      _('What the programs did'),
      [_('What'), _('Packets')],
      rows,
      _('Nothing was counted yet.'),
    );
  },
});
