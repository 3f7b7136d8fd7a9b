'use strict';
'require baseclass';

// Names of the devices at home: the router knows clients by MAC address.

function put(names, key, name) {
  if (typeof key === 'string' && typeof name === 'string' && name !== '' && name !== '*')
    names.set(key.toLowerCase(), name);
}

/** { key: value } of an answer, whatever it is. */
function entriesOf(table) {
  return L.isObject(table) ? Object.entries(table) : [];
}

const Hosts = baseclass.extend({
  /** The answers of luci-rpc: getDHCPLeases, getHostHints. */
  __init__(leases, hints) {
    this.names = new Map();
    this.macs = new Map();
    for (const [mac, hint] of entriesOf(hints)) {
      const addresses = L.toArray(hint.ipaddrs).concat(L.toArray(hint.ip6addrs));
      [mac, ...addresses].forEach((key) => put(this.names, key, hint.name));
      this.macs.set(mac.toLowerCase(), hint.name ?? addresses[0] ?? '');
    }
    for (const { macaddr, ipaddr, hostname } of L.toArray(leases.dhcp_leases)) {
      [macaddr, ipaddr].forEach((key) => put(this.names, key, hostname));
      if (typeof macaddr === 'string') this.macs.set(macaddr.toLowerCase(), hostname ?? ipaddr);
    }
  },

  /** `laptop (aa:bb:…)`; null is the router itself. */
  label(client) {
    if (client == null) return _('the router');
    const name = this.names.get(String(client).toLowerCase());
    return name === undefined ? String(client) : _('%s (%s)').format(name, client);
  },

  /** <option>s for a <datalist> of clients. */
  suggestions() {
    return [...this.macs].map(([mac, name]) => E('option', { value: mac }, [name ?? '']));
  },
});

return baseclass.extend({
  of([leases, hints]) {
    return new Hosts(L.isObject(leases) ? leases : {}, hints);
  },
});
