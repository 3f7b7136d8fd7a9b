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
  | 'port'; // 1 to 65535

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
    { name: 'file', type: 'path', doc: 'or the file that has it' },
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

export const SECTIONS: readonly SectionSpec[] = [MAIN, RULE, LIST];
