/**
 * The network of the lab, in words for `ip -batch`:
 *
 *     client  eth0 ── lan1 ┐                        ┌ wan1 ── eth0  uplink1 (upstream resolver)
 *                          ├ br-lan    router ──────┤
 *     client2 eth0 ── lan2 ┘                        └ wan2 ── eth0  uplink2
 *
 * Both uplinks have every server address there is, and say who they are: the answer shows the path.
 */

export const HOSTS = ['router', 'client', 'client2', 'uplink1', 'uplink2'] as const;
export type HostName = (typeof HOSTS)[number];

/** Where the servers are; not connected to the router, not private. The whole of it answers. */
export const SERVERS = { inet: '203.0.0.0/16', inet6: '2001:db8:113::/48' } as const;

export const ADDRESSES = {
  router: { inet: '192.168.77.1', inet6: '2001:db8:77::1', mac: '02:00:00:00:77:01' },
  client: { inet: '192.168.77.10', inet6: '2001:db8:77::10', mac: '02:00:00:00:77:10' },
  client2: { inet: '192.168.77.11', inet6: '2001:db8:77::11', mac: '02:00:00:00:77:11' },
  uplink1: { inet: '198.51.100.1', inet6: '2001:db8:1::1', mac: '02:00:00:00:01:01' },
  uplink2: { inet: '198.51.101.1', inet6: '2001:db8:2::1', mac: '02:00:00:00:02:01' },
} as const satisfies Readonly<Record<HostName, { inet: string; inet6: string; mac: string }>>;

/** The router's addresses on its WAN devices. */
export const WAN = {
  wan1: { inet: '198.51.100.2', inet6: '2001:db8:1::2', uplink: 'uplink1', metric: 10 },
  wan2: { inet: '198.51.101.2', inet6: '2001:db8:2::2', uplink: 'uplink2', metric: 20 },
} as const;

/** No duplicate address detection: addresses can be used at once. */
export const SYSCTL: Readonly<Record<string, string>> = {
  'net/ipv6/conf/all/accept_dad': '0',
  'net/ipv6/conf/default/accept_dad': '0',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/ip_unprivileged_port_start': '0',
};

export const FORWARDING: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '1',
  'net/ipv6/conf/all/forwarding': '1',
  // as OpenWrt sets them: else packets of br-lan pass nft before tcx sees them
  'net/bridge/bridge-nf-call-iptables': '0',
  'net/bridge/bridge-nf-call-ip6tables': '0',
  // the tests count on each error: unreachable, prohibited
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv6/icmp/ratelimit': '0',
};

/** All devices of the lab, from the router's end. `namespace` gives a host's network namespace. */
export function links(namespace: (host: HostName) => string): readonly string[] {
  const pair = (device: string, host: HostName, mac: string): string =>
    `link add ${device} type veth peer name eth0 address ${mac} netns ${namespace(host)}`;
  return [
    'link set lo up',
    `link add br-lan address ${ADDRESSES.router.mac} type bridge forward_delay 0 mcast_snooping 0`,
    pair('lan1', 'client', ADDRESSES.client.mac),
    pair('lan2', 'client2', ADDRESSES.client2.mac),
    pair('wan1', 'uplink1', ADDRESSES.uplink1.mac),
    pair('wan2', 'uplink2', ADDRESSES.uplink2.mac),
    'link set lan1 master br-lan up',
    'link set lan2 master br-lan up',
    'link set br-lan up',
    'link set wan1 up',
    'link set wan2 up',
  ];
}

/** Addresses and routes of a host, whose devices are there. */
export function addressing(host: HostName): readonly string[] {
  switch (host) {
    case 'router':
      return [
        ...addresses('br-lan', ADDRESSES.router),
        ...Object.entries(WAN).flatMap(([device, wan]) => [
          ...addresses(device, wan),
          ...defaults(device, ADDRESSES[wan.uplink], `metric ${wan.metric}`),
        ]),
      ];
    case 'client':
    case 'client2':
      return [...up(ADDRESSES[host]), ...defaults('eth0', ADDRESSES.router)];
    case 'uplink1':
      return [...up(ADDRESSES.uplink1), ...defaults('eth0', WAN.wan1), ...servers()];
    case 'uplink2':
      return [...up(ADDRESSES.uplink2), ...defaults('eth0', WAN.wan2), ...servers()];
  }
}

interface Both {
  readonly inet: string;
  readonly inet6: string;
}

function up(both: Both): readonly string[] {
  return ['link set lo up', 'link set eth0 up', ...addresses('eth0', both)];
}

function addresses(device: string, { inet, inet6 }: Both): readonly string[] {
  return [`address add ${inet}/24 dev ${device}`, `address add ${inet6}/64 dev ${device} nodad`];
}

function defaults(device: string, { inet, inet6 }: Both, more = ''): readonly string[] {
  return [
    `route add 0.0.0.0/0 via ${inet} dev ${device} ${more}`,
    `route add ::/0 via ${inet6} dev ${device} ${more}`,
  ];
}

/** Every address of a prefix becomes the host's own. */
function servers(): readonly string[] {
  return [`route add local ${SERVERS.inet} dev lo`, `route add local ${SERVERS.inet6} dev lo`];
}

/** For an uplink: a UDP socket bound to no address would answer from another one than was asked. */
export const UPLINK_NFT = `table inet lab {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "eth0" udp dport 7000 redirect
  }
}
`;

/** For a router that hides the LAN behind its WAN addresses. */
export const MASQUERADE_NFT = `table inet lab {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname { "wan1", "wan2" } masquerade
  }
}
`;
