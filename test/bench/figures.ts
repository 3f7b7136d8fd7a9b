/** What is measured, and what it should be. Names are an interface: they stay. */

/** `max`: the value should be at most the goal; `min`: at least. */
export type Direction = 'max' | 'min';

export interface FigureSpec {
  readonly unit: 'ratio' | 'ns' | 'µs' | 's' | 'MB' | 'packets' | '1/s';
  /** Null: for information. */
  readonly goal: number | null;
  readonly direction: Direction;
  readonly meaning: string;
}

export const FIGURES = {
  'datapath.hit_ratio': {
    unit: 'ratio',
    goal: 2.2,
    direction: 'max',
    meaning: 'lan_ingress, a verdict stands, against an empty program',
  },
  'datapath.miss_ratio': {
    unit: 'ratio',
    goal: 2.2,
    direction: 'max',
    meaning: 'lan_ingress, nothing known of the destination, against an empty program',
  },
  'datapath.learn_a_ns': {
    unit: 'ns',
    goal: 600,
    direction: 'max',
    meaning: 'lan_egress, an answer with a new A record, facts full',
  },
  'datapath.learn_refresh_ns': {
    unit: 'ns',
    goal: 600,
    direction: 'max',
    meaning: 'lan_egress, the same answer again',
  },
  'datapath.match_1m_ns': {
    unit: 'ns',
    goal: 300,
    direction: 'max',
    meaning: 'a name of four labels against 1,000,000 rules',
  },
  'forward.mark_ratio': {
    unit: 'ratio',
    goal: 0.93,
    direction: 'min',
    meaning: 'packets a second, all marked by a rule, against no domainroute',
  },
  'forward.nft_hash_ratio': {
    unit: 'ratio',
    goal: 1,
    direction: 'min',
    meaning: 'the same against an nft set of 10,000 addresses that marks',
  },
  'forward.groups_50_ratio': {
    unit: 'ratio',
    goal: 0.95,
    direction: 'min',
    meaning: 'packets a second with 50 rules against one rule',
  },
  'forward.interface_ratio': {
    unit: 'ratio',
    goal: null,
    direction: 'min',
    meaning: 'packets a second routed and kept on an interface, against no domainroute',
  },
  'rules.load_1m_s': {
    unit: 's',
    goal: 2,
    direction: 'max',
    meaning: 'domainroute reload with a list of 1,000,000 names',
  },
  'rules.load_1m_kernel_mb': {
    unit: 'MB',
    goal: 100,
    direction: 'max',
    meaning: 'SUnreclaim and VmallocUsed that it adds',
  },
  'rules.load_1m_rss_mb': {
    unit: 'MB',
    goal: 192,
    direction: 'max',
    meaning: 'its largest resident set',
  },
  'rules.reload_4k_s': {
    unit: 's',
    goal: 0.3,
    direction: 'max',
    meaning: 'domainroute reload with 4,000 domains in UCI, under traffic',
  },
  'rules.reload_4k_wrong': {
    unit: 'packets',
    goal: 0,
    direction: 'max',
    meaning: 'packets with a wrong mark, or by a wrong uplink, meanwhile',
  },
  'cli.rdns_10k_ratio': {
    unit: 'ratio',
    goal: 1.5,
    direction: 'max',
    meaning: 'domainroute rdns with 10,000 facts, against node -e 0',
  },
  'daemon.rss_mb': {
    unit: 'MB',
    goal: 48,
    direction: 'max',
    meaning: 'resident set of the daemon at rest, 10,000 domains in force',
  },
  'daemon.reload_s': {
    unit: 's',
    goal: null,
    direction: 'max',
    meaning: 'from ubus reload with 10,000 domains in UCI to the new verdicts',
  },
  'ubus.decisions_10k_s': {
    unit: 's',
    goal: null,
    direction: 'max',
    meaning: 'ubus decisions with 10,000 verdicts, until the answer is read',
  },
  'daemon.events_per_s': {
    unit: '1/s',
    goal: null,
    direction: 'min',
    meaning: 'events a second from the ring of the kernel to a ubus subscriber',
  },
  'dnstap.update_median_us': {
    unit: 'µs',
    goal: 150,
    direction: 'max',
    meaning: 'from a dnstap frame with a new name to its UPDATE on the wire, median',
  },
  'dnstap.update_p99_us': {
    unit: 'µs',
    goal: 1000,
    direction: 'max',
    meaning: 'the same, 99 of 100',
  },
  'bgp.announce_100k_s': {
    unit: 's',
    goal: 3,
    direction: 'max',
    meaning: '100,000 routes to a neighbour, from its connection to the last UPDATE',
  },
  'bgp.announce_100k_rss_mb': {
    unit: 'MB',
    goal: 120,
    direction: 'max',
    meaning: 'largest resident set of the daemon meanwhile, 100,000 addresses learnt by dnstap',
  },
  'bgp.keepalive_gap_s': {
    unit: 's',
    goal: 3,
    direction: 'max',
    meaning: 'longest silence to a neighbour with hold time 3 s, reloads of 1,000,000 names',
  },
} as const satisfies Readonly<Record<string, FigureSpec>>;

export type FigureName = keyof typeof FIGURES;

export type Values = ReadonlyMap<FigureName, number>;

/** An element of `figures` in dist/bench.json. */
export interface Figure {
  readonly name: FigureName;
  readonly value: number;
  readonly unit: FigureSpec['unit'];
  readonly goal: number | null;
  readonly direction: Direction;
}

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

export function figureOf(name: FigureName, value: number): Figure {
  const { unit, goal, direction } = FIGURES[name];
  return { name, value: Number(value.toPrecision(6)), unit, goal, direction };
}

/** Undefined: there is no goal. */
export function isMet({ value, goal, direction }: Figure): boolean | undefined {
  if (goal === null) return undefined;
  return direction === 'max' ? value <= goal : value >= goal;
}
