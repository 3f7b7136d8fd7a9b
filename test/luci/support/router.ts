/** A router behind the page: what uhttpd-mod-ubus, rpcd, netifd and the daemon answer. */
import type { UciValue } from '#uci-parser';
import { parseConfiguration } from '../../../src/config/parse.ts';
import type { BgpStatus, RouteRow } from '../../../src/control/announce/status.ts';
import type { Counters } from '../../../src/control/counters.ts';
import type { DecisionRow } from '../../../src/control/decisions.ts';
import type { ExplainResult } from '../../../src/control/explain.ts';
import type { Status } from '../../../src/control/status.ts';
import { UciStore } from './uci-store.ts';

type Table = Readonly<Record<string, unknown>>;

/** How a method fails: a status of ubus, with data or without, or an error of JSON-RPC. */
export interface Failure {
  readonly status?: number;
  readonly data?: Table;
  readonly code?: number;
  readonly message?: string;
}

/** JSON-RPC as uhttpd-mod-ubus speaks it. */
interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly [string, string, string, Table];
}

export const OBJECT_NOT_FOUND: Failure = { code: -32000, message: 'Object not found' };
export const ACCESS_DENIED: Failure = { code: -32002, message: 'Access denied' };

export const CONFIG = `
config domainroute 'main'
	option enabled '1'
	list lan 'lan'
	list wan 'wan'

config rule 'video'
	list domain 'example.com'
	list domain '=www.example.org'
	option interface 'wg0'

config rule 'work'
	list domain 'corp.example.net'
	list client '192.168.3.0/24'
	option mark '0x23/0xff'

config rule 'ads'
	list list 'ads_list'
	option action 'block'

config list 'ads_list'
	option file '/etc/domainroute/ads.txt'
	option format 'hosts'
`;

/** The sections of {@link BGP}. */
export const PEERS = `
config bgp 'bgp'
	option asn '4200000001'
	option router_id '192.0.2.1'

config neighbor 'core'
	option address '192.0.2.2'
	option asn '4200000002'
	option next_hop6 '2001:db8::1'

config neighbor 'edge'
	option address '2001:db8::2'
	option asn '65002'

config neighbor 'spare'
	option address '192.0.2.3'
	option asn '65004'

config dnstap 'unbound'
	option socket '/run/domainroute.dnstap'
	option group 'unbound'
`;

const INTERFACES = [
  { interface: 'loopback', up: true, l3_device: 'lo', device: 'lo' },
  { interface: 'lan', up: true, l3_device: 'br-lan', device: 'br-lan' },
  { interface: 'wan', up: true, l3_device: 'eth1', device: 'eth1' },
  { interface: 'wg0', up: false, device: 'wg0' },
];

const HINTS = {
  '02:00:00:00:00:11': { ipaddrs: ['192.168.1.11'], ip6addrs: ['fd00::11'], name: 'laptop' },
  '02:00:00:00:00:12': { ipaddrs: ['192.168.1.12'], ip6addrs: [], name: 'tv' },
};

const LEASES = {
  dhcp_leases: [{ hostname: 'laptop', macaddr: '02:00:00:00:00:11', ipaddr: '192.168.1.11' }],
  dhcp6_leases: [],
};

export const STATUS: Status = {
  running: true,
  generation: 7,
  devices: [
    { name: 'br-lan', ifindex: 5, role: 'lan', programs: ['lan_ingress', 'lan_egress'] },
    { name: 'eth1', ifindex: 3, role: 'wan', programs: ['wan_egress', 'wan_ingress'] },
  ],
  local: ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'],
  rules: { count: 3, sections: [] },
  facts: { used: 1200, limit: 16384, matched: 340 },
  verdicts: { used: 2100, limit: 32768 },
  reasons: { query_noted: 4000, fact_learnt: 900, fragment: 0 },
  daemon: { pid: 4711, uptime: 93784, problem: null },
};

/** `count` decisions, which differ from each other. */
export function decisionRows(count: number): DecisionRow[] {
  return Array.from({ length: count }, (_, i) => {
    const rule = [null, 'video', 'work', 'ads'][i % 4] ?? null;
    return {
      client: i % 3 === 0 ? '02:00:00:00:00:11' : `02:00:00:00:01:${(i % 90) + 10}`,
      address: `198.51.${Math.floor(i / 250) % 100}.${i % 250}`,
      name: i % 7 === 0 ? null : `host${i}.example.com`,
      rule,
      action: rule === null ? null : rule === 'ads' ? 'block' : 'route',
      mark: rule === null ? null : '0x1000000',
      interface: rule === 'video' ? 'wg0' : null,
      packets: i + 1,
      bytes: 1000 * (i + 1),
      age: i,
    };
  });
}

const TRAFFIC = { messages: 12, updates: 8 };

/** A session that stands, one that is refused, one that nobody answers. */
export const BGP: BgpStatus = {
  enabled: true,
  asn: 4200000001,
  router_id: '192.0.2.1',
  routes: 1234,
  refused: 2,
  neighbors: [
    {
      section: 'core',
      address: '192.0.2.2',
      asn: 4200000002,
      state: 'Established',
      uptime: 3725,
      families: [4, 6],
      hold_time: 90,
      announced: 1230,
      pending: 4,
      sent: TRAFFIC,
      received: TRAFFIC,
      last_error: null,
    },
    {
      section: 'edge',
      address: '2001:db8::2',
      asn: 65002,
      state: 'Active',
      uptime: null,
      families: [],
      hold_time: null,
      announced: 0,
      pending: 1234,
      sent: TRAFFIC,
      received: TRAFFIC,
      last_error: 'connect ECONNREFUSED 2001:db8::2:179',
    },
    {
      section: 'spare',
      address: '192.0.2.3',
      asn: 65004,
      state: 'Connect',
      uptime: null,
      families: [],
      hold_time: null,
      announced: 0,
      pending: 1234,
      sent: { messages: 0, updates: 0 },
      received: { messages: 0, updates: 0 },
      last_error: null,
    },
  ],
  dnstap: [{ section: 'unbound', senders: 2, messages: 56789, malformed: 3 }],
};

/** `count` routes, which differ from each other. */
export function routeRows(count: number): RouteRow[] {
  return Array.from({ length: count }, (_, i) => ({
    prefix: `198.51.${Math.floor(i / 250) % 100}.${i % 250}/32`,
    name: `host${i}.example.com`,
    rule: i % 2 === 0 ? 'video' : 'work',
    communities: i % 2 === 0 ? ['65000:100', 'no_export'] : [],
    expires_in: 60 * i,
  }));
}

const EXPLANATION: ExplainResult = {
  query: 'www.example.com',
  client: '02:00:00:00:00:11',
  name: 'www.example.com',
  chain: ['www.example.com', 'cdn.example.net'],
  address: '198.51.100.7',
  rule: 'video',
  action: 'route',
  mark: '0x1000000',
  interface: 'wg0',
  expires_in: 3599,
  competing: [{ name: 'other.example.org', client: null, rule: null }],
  reason: "rule 'video' takes 'www.example.com' by the domain 'example.com'",
  others: [],
};

export class Router {
  config = new UciStore(CONFIG);
  /** What a call of `object.method` gets instead of an answer. */
  readonly failures = new Map<string, Failure | ((args: Table) => Failure | undefined)>();
  /** What a call of `object.method` gets, where it is not the usual. */
  readonly answers = new Map<string, Table>();
  /** Every call, as `object.method`, with its arguments. */
  readonly calls: { readonly name: string; readonly args: Table }[] = [];
  mayWrite = true;
  applied = 0;
  /** Packets of the rule `video`, more with each look. */
  #packets = 1000;

  /** How often `object.method` was called. */
  count(name: string): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  /** The answer to a request of the page: one call, or an array of them. */
  handle(body: unknown): unknown {
    return Array.isArray(body)
      ? body.map((call) => this.#answer(call as Call))
      : this.#answer(body as Call);
  }

  #answer({ id, method, params }: Call): Table {
    if (method !== 'call') return { jsonrpc: '2.0', id, result: {} };
    const [, object, name, args] = params;
    const call = `${object}.${name}`;
    this.calls.push({ name: call, args });
    const set = this.failures.get(call) ?? this.failures.get(`${object}.*`);
    const failure = typeof set === 'function' ? set(args) : set;
    if (failure?.code !== undefined)
      return { jsonrpc: '2.0', id, error: { code: failure.code, message: failure.message } };
    if (failure !== undefined) {
      const data = failure.data === undefined ? [] : [failure.data];
      return { jsonrpc: '2.0', id, result: [failure.status, ...data] };
    }
    const answer = this.answers.get(call) ?? this.#usual(call, args);
    return { jsonrpc: '2.0', id, result: answer === undefined ? [0] : [0, answer] };
  }

  #usual(call: string, args: Table): Table | undefined {
    const [object = ''] = call.split('.');
    if (object === 'uci') return this.#uci(call, args);
    if (object === 'domainroute') return this.#daemon(call, args);
    switch (call) {
      case 'session.access':
        return { access: args['function'] !== 'write' || this.mayWrite };
      case 'network.interface.dump':
        return { interface: INTERFACES };
      case 'luci-rpc.getDHCPLeases':
        return LEASES;
      case 'luci-rpc.getHostHints':
        return HINTS;
      default:
        return {};
    }
  }

  #uci(call: string, args: Table): Table | undefined {
    const section = args['section'] as string;
    const values = args['values'] as Record<string, UciValue>;
    if (args['config'] !== 'domainroute')
      return call === 'uci.changes' ? { changes: {} } : { values: {} };
    switch (call) {
      case 'uci.get':
        return { values: this.config.values() };
      case 'uci.set':
        this.config.set(section, values);
        return undefined;
      case 'uci.add':
        this.config.add(args['name'] as string, args['type'] as string, values);
        return { section: args['name'] };
      case 'uci.delete':
        this.config.delete(section, (args['options'] ?? undefined) as string[]);
        return undefined;
      case 'uci.order':
        this.config.order(args['sections'] as string[]);
        return undefined;
      default:
        return undefined;
    }
  }

  #daemon(call: string, args: Table): Table {
    switch (call) {
      case 'domainroute.status':
        return { ...STATUS };
      case 'domainroute.counters':
        return { ...this.#counters() };
      case 'domainroute.check':
        return this.#check();
      case 'domainroute.decisions':
        return { decisions: decisionRows(Math.min(args['limit'] as number, 240)), more: false };
      case 'domainroute.rdns':
        return { facts: [], more: false };
      case 'domainroute.bgp':
        return { ...BGP };
      case 'domainroute.routes':
        return { routes: routeRows(Math.min(args['limit'] as number, 240)), more: false };
      case 'domainroute.explain':
        return { ...EXPLANATION };
      default:
        return { generation: 8, rules: 3, diagnostics: [] };
    }
  }

  #counters(): Counters {
    this.#packets += 500;
    return {
      rules: [
        { section: 'video', packets: this.#packets, bytes: 1000 * this.#packets },
        { section: 'work', packets: 20, bytes: 3000 },
        { section: 'ads', packets: 0, bytes: 0 },
      ],
      others: { packets: 99, bytes: 12345 },
      reasons: STATUS.reasons,
    };
  }

  /** What the daemon's own reader says of the configuration. */
  #check(): Table {
    const { diagnostics, rules } = parseConfiguration(this.config.toPackage());
    const valid = diagnostics.every(({ severity }) => severity !== 'error');
    return { valid, rules: rules.length, domains: 4, diagnostics };
  }
}
