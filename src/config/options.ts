/** The options of /etc/config/domainroute: the one table that the reader, `--help` and LuCI walk. */

export type OptionType =
  | 'boolean' // 0 1 off on no yes false true disabled enabled
  | 'integer' // decimal, min to max
  | 'enum' // one of choices
  | 'interface' // netifd interface or device
  | 'mask' // 0x3f000000: bits that lie side by side
  | 'mark' // 35, 0x23 or 0x23/0xff
  | 'domain' // example.com, =www.example.com or .
  | 'client' // prefix, MAC address or @interface
  | 'list' // name of a list section
  | 'path' // absolute
  | 'url' // http or https
  | 'port' // 1 to 65535
  | 'address' // of IPv4 or IPv6, or of one family
  | 'community' // 65000:100, 65000:1:2, or the name of a well-known one
  | 'name'; // of a group of users or a network namespace

export interface OptionSpec {
  readonly name: string;
  readonly type: OptionType;
  /** Given as `list`, any number of times. */
  readonly list?: true;
  /** As the file would have it; without one the value is undefined, or no items. */
  readonly default?: string;
  /** Of an integer; both ends belong to it. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Of an address: the only one. */
  readonly family?: 4 | 6;
  /** One line: what it does, with its unit. */
  readonly doc: string;
}

export interface SectionSpec {
  /** What stands behind `config`. */
  readonly type: string;
  /** The one section of this type. */
  readonly name?: string;
  readonly doc: string;
  readonly options: readonly OptionSpec[];
}

export const MAIN = {
  type: 'domainroute',
  name: 'main',
  doc: 'where clients and resolvers are, and what of the system is ours',
  options: [
    { name: 'enabled', type: 'boolean', default: '0', doc: 'start at all' },
    { name: 'lan', type: 'interface', list: true, doc: 'interfaces whose clients are steered' },
    { name: 'wan', type: 'interface', list: true, doc: "where the router's own resolver asks" },
    { name: 'local', type: 'boolean', default: '1', doc: "steer the router's own sockets, too" },
    {
      name: 'mark_mask',
      type: 'mask',
      default: '0x3f000000',
      doc: 'bits of the packet mark that are ours',
    },
    {
      name: 'table',
      type: 'integer',
      default: '24000',
      min: 1,
      // a rule's table is its priority, too: 32700 + 63 stays before the main table's rule at 32766
      max: 32700,
      doc: 'first routing table; ip rule priorities start here, too',
    },
    {
      name: 'facts',
      type: 'integer',
      default: '16384',
      min: 64,
      max: 1048576,
      doc: 'how many facts are kept',
    },
    {
      name: 'hold',
      type: 'integer',
      default: '86400',
      min: 0,
      max: 31536000, // a year
      doc: 'seconds a fact outlives its last use',
    },
  ],
} as const satisfies SectionSpec;

export const RULE = {
  type: 'rule',
  doc: 'names and where they go',
  options: [
    { name: 'enabled', type: 'boolean', default: '1', doc: 'use this rule' },
    {
      name: 'domain',
      type: 'domain',
      list: true,
      doc: "it and all below it; '=name' is exact, '.' the default rule",
    },
    { name: 'list', type: 'list', list: true, doc: "names of 'config list' sections" },
    {
      name: 'client',
      type: 'client',
      list: true,
      doc: "only for these: prefix, MAC address or '@interface'",
    },
    { name: 'interface', type: 'interface', doc: 'netifd interface that connections leave by' },
    {
      name: 'mark',
      type: 'mark',
      doc: "instead of an interface: a mark for the user's own ip rules, value/mask",
    },
    {
      name: 'action',
      type: 'enum',
      choices: ['route', 'block', 'proxy'],
      default: 'route',
      doc: 'what happens to connections',
    },
    {
      name: 'local',
      type: 'enum',
      choices: ['mark', 'bind', 'off'],
      default: 'mark',
      doc: "how the router's own sockets are steered",
    },
    {
      name: 'fallback',
      type: 'enum',
      choices: ['block', 'main'],
      default: 'block',
      doc: 'when the interface is down: unreachable, or the main table',
    },
    {
      name: 'address',
      type: 'enum',
      choices: ['real', 'fake'],
      default: 'real',
      doc: 'tell names on one address apart by fake addresses',
    },
    { name: 'announce', type: 'boolean', default: '0', doc: 'announce the addresses over BGP' },
    {
      name: 'community',
      type: 'community',
      list: true,
      doc: 'communities of what is announced: 65000:100, 65000:1:2, or a name such as no_export',
    },
    {
      name: 'on_change',
      type: 'enum',
      choices: ['keep', 'drop'],
      default: 'keep',
      doc: 'live connections when the rule changes',
    },
    { name: 'private', type: 'boolean', default: '0', doc: 'private destination addresses, too' },
  ],
} as const satisfies SectionSpec;

export const LIST = {
  type: 'list',
  doc: 'domains of a file or a web server',
  options: [
    { name: 'url', type: 'url', doc: 'where it is fetched from' },
    { name: 'file', type: 'path', doc: 'the file that has it' },
    {
      name: 'format',
      type: 'enum',
      choices: ['plain', 'hosts', 'dnsmasq', 'adblock', 'geosite'],
      default: 'plain',
      doc: 'how the list is written',
    },
    {
      name: 'interval',
      type: 'integer',
      default: '86400',
      min: 300,
      max: 31536000, // a year
      doc: 'seconds between two fetches',
    },
    {
      name: 'allow_tld',
      type: 'boolean',
      default: '0',
      doc: 'the list may name whole top-level domains',
    },
  ],
} as const satisfies SectionSpec;

export const DNSTAP = {
  type: 'dnstap',
  doc: 'a resolver elsewhere that tells its answers',
  options: [
    { name: 'enabled', type: 'boolean', default: '1', doc: 'listen for this resolver' },
    { name: 'socket', type: 'path', doc: 'unix socket that it connects to' },
    { name: 'listen', type: 'address', doc: 'or the address that it connects to, by TCP' },
    { name: 'port', type: 'port', default: '6000', doc: 'TCP port' },
    { name: 'group', type: 'name', doc: 'group whose members may connect to the socket' },
    {
      name: 'message',
      type: 'enum',
      list: true,
      choices: [
        'client_response',
        'resolver_response',
        'forwarder_response',
        'auth_response',
        'stub_response',
        'tool_response',
      ],
      doc: 'types of messages that teach; if there is none: client_response',
    },
    {
      name: 'client',
      type: 'boolean',
      default: '0',
      doc: 'what is learnt holds for the client that asked; otherwise for all',
    },
  ],
} as const satisfies SectionSpec;

/** The upper bounds are those of the fields on the wire. */
const U32_MAX = 4294967295;

export const BGP = {
  type: 'bgp',
  name: 'bgp',
  doc: 'this router as a BGP speaker',
  options: [
    { name: 'enabled', type: 'boolean', default: '1', doc: 'speak at all' },
    { name: 'asn', type: 'integer', min: 1, max: U32_MAX, doc: 'our AS number' },
    { name: 'router_id', type: 'address', family: 4, doc: 'our BGP identifier' },
    {
      name: 'listen',
      type: 'address',
      list: true,
      doc: 'addresses that neighbours may connect to; without one we connect to them',
    },
    { name: 'port', type: 'port', default: '179', doc: 'TCP port that neighbours connect to' },
    {
      name: 'hold_time',
      type: 'integer',
      default: '90',
      min: 0,
      max: 65535,
      doc: 'seconds without a message after which a session is over; 0: never',
    },
    {
      name: 'graceful_restart',
      type: 'integer',
      default: '120',
      min: 0,
      max: 4095, // 12 bits, RFC 4724 §3
      doc: 'seconds that neighbours keep our routes while this service restarts; 0: off',
    },
    {
      name: 'max_routes',
      type: 'integer',
      default: '100000',
      min: 1,
      max: 1048576, // of src/bgp/rib.ts
      doc: 'how many addresses are announced at most',
    },
  ],
} as const satisfies SectionSpec;

export const NEIGHBOR = {
  type: 'neighbor',
  doc: 'a BGP neighbour, which is told the addresses of rules that announce',
  options: [
    { name: 'enabled', type: 'boolean', default: '1', doc: 'speak with it' },
    { name: 'address', type: 'address', doc: 'where it is' },
    { name: 'asn', type: 'integer', min: 1, max: U32_MAX, doc: 'its AS number' },
    { name: 'port', type: 'port', default: '179', doc: 'its TCP port' },
    { name: 'local_address', type: 'address', doc: 'source of our connections' },
    {
      name: 'password_file',
      type: 'path',
      doc: 'file of the key of TCP MD5 (RFC 2385), 1 to 80 bytes; for root alone',
    },
    {
      name: 'ttl_security',
      type: 'integer',
      default: '0',
      min: 0,
      max: 254,
      doc: 'hops to it: packets from farther are dropped (RFC 5082); 0: off',
    },
    {
      name: 'multihop',
      type: 'integer',
      default: '1',
      min: 1,
      max: 255,
      doc: 'hops to a neighbour of another AS, at most',
    },
    { name: 'passive', type: 'boolean', default: '0', doc: 'wait for its connections' },
    { name: 'netns', type: 'name', doc: 'network namespace in which it is reached' },
    { name: 'next_hop', type: 'address', family: 4, doc: 'next hop of IPv4 routes' },
    { name: 'next_hop6', type: 'address', family: 6, doc: 'next hop of IPv6 routes' },
    { name: 'med', type: 'integer', min: 0, max: U32_MAX, doc: 'MULTI_EXIT_DISC of our routes' },
    {
      name: 'local_pref',
      type: 'integer',
      min: 0,
      max: U32_MAX,
      doc: 'LOCAL_PREF of our routes, to a neighbour of our AS; without one 100',
    },
    {
      name: 'hold_time',
      type: 'integer',
      min: 0,
      max: 65535,
      doc: "as that of section 'bgp', for this neighbour",
    },
  ],
} as const satisfies SectionSpec;

export const SECTIONS: readonly SectionSpec[] = [MAIN, RULE, LIST, DNSTAP, BGP, NEIGHBOR];
