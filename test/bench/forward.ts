/** Packets a second through the router: with domainroute, without, and with what one would use in its place. */
import type { Lab } from '../lab/lab.ts';
import type { Hosts } from '../lab/zone.ts';
import { domainroute, MAIN, type Bench } from './bench.ts';
import { median, quartiles } from './statistics.ts';
import { discardAt, flood, learn, readCounters, type Traffic } from './traffic.ts';

const GROUPS = 50;
const HOSTS_PER_GROUP = 2;
const FLOWS = 8;
const SET_SIZE = 10_000;

/** Groups of names below one domain. */
const NAMES = Array.from({ length: GROUPS * HOSTS_PER_GROUP }, (_, i) => ({
  name: `host${i}.group${i % GROUPS}.bench.example.com`,
  address: `203.0.10.${i + 1}`,
}));
const ADDRESSES = NAMES.map(({ address }) => address);

/** What the resolver of the lab must know. */
export function benchHosts(): Hosts {
  return Object.fromEntries(NAMES.map(({ name, address }) => [name, [address]]));
}

const ONE_RULE = `config rule 'all'
	list domain 'bench.example.com'
	option mark '0x23/0xff'
`;

const FIFTY_RULES = Array.from(
  { length: GROUPS },
  (_, i) => `config rule 'group${i}'
	list domain 'group${i}.bench.example.com'
	list domain 'group${i}.bench.example.org'
	option mark '0x${(i + 1).toString(16)}/0xff'
`,
).join('\n');

const BY_INTERFACE = `config rule 'all'
	list domain 'bench.example.com'
	option interface 'wan1'
`;

/** As dnsmasq and a firewall would do it: addresses in a set, a mark for what goes there. */
function nftSet(): string {
  const others = Array.from(
    { length: SET_SIZE - NAMES.length },
    (_, i) => `203.0.${64 + (i >> 8)}.${i & 255}`,
  );
  const elements = [...ADDRESSES, ...others].join(', ');
  return `table inet bench {
  set targets {
    type ipv4_addr
    elements = { ${elements} }
  }
  chain prerouting {
    type filter hook prerouting priority mangle;
    ip daddr @targets meta mark set 0x23
  }
}
`;
}

/** In this order, and back: what is compared most stands side by side. `rules`: domainroute runs with these. */
const MODES = [
  { name: 'nft' },
  { name: 'bare' },
  { name: 'one', rules: ONE_RULE },
  { name: 'fifty', rules: FIFTY_RULES },
  { name: 'interface', rules: BY_INTERFACE },
] as const satisfies readonly { readonly name: string; readonly rules?: string }[];

type Mode = (typeof MODES)[number];
type ModeName = Mode['name'];

/** Leaves domainroute stopped. */
export async function measureForwarding(bench: Bench): Promise<void> {
  await discardAt(bench.lab.uplink1);
  const router = new Router(bench.lab);
  const rounds: ReadonlyMap<ModeName, number>[] = [];
  try {
    await checkSet(bench, router);
    for (let round = 0; round < (bench.quick ? 2 : 12); round++) {
      const rates = new Map<ModeName, number>();
      for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
        rates.set(mode.name, await rateOf(bench, router, mode));
      }
      rounds.push(rates);
    }
  } finally {
    await router.become({ name: 'bare' });
  }
  const rates = (name: ModeName): number[] => rounds.map((round) => round.get(name) ?? NaN);
  // of one round each: machines are faster at one time than at another
  const ratio = (one: ModeName, other: ModeName): number =>
    median(rounds.map((round) => (round.get(one) ?? NaN) / (round.get(other) ?? NaN)));
  bench.record('forward.mark_ratio', ratio('one', 'bare'));
  bench.record('forward.nft_hash_ratio', ratio('one', 'nft'));
  bench.record('forward.groups_50_ratio', ratio('fifty', 'one'));
  bench.record('forward.interface_ratio', ratio('interface', 'bare'));
  for (const { name } of MODES) bench.note(`forward: ${name}: ${spread(rates(name))}`);
}

/** The lab's router, which goes from mode to mode the shortest way. */
class Router {
  private readonly lab: Lab;
  private running = false;
  private marksBySet = false;

  constructor(lab: Lab) {
    this.lab = lab;
  }

  async become(mode: Mode): Promise<void> {
    const { lab } = this;
    const marksBySet = mode.name === 'nft';
    if (this.marksBySet && !marksBySet) {
      await lab.router.output(['nft', 'delete', 'table', 'inet', 'bench']);
    }
    if (!('rules' in mode)) {
      if (this.running) await domainroute(lab, 'stop');
    } else {
      lab.configure(MAIN + mode.rules);
      await domainroute(lab, this.running ? 'reload' : 'start');
      if (!this.running)
        await learn(
          lab,
          NAMES.map(({ name }) => name),
        );
    }
    if (!this.marksBySet && marksBySet) await lab.router.output(['nft', '-f', '-'], nftSet());
    this.running = 'rules' in mode;
    this.marksBySet = marksBySet;
  }

  /** Packets that came out of the router. */
  async forwarded(): Promise<number> {
    return (await readCounters(this.lab.uplink1, 'netdev bench')).get('all') ?? 0;
  }

  /** Packets that rules have taken; undefined where there are no rules. */
  async marked(): Promise<number | undefined> {
    if (!this.running) return undefined;
    const { stdout } = await domainroute(this.lab, 'status', '--json');
    const { rules } = JSON.parse(stdout) as {
      rules: { sections: readonly { packets: number }[] };
    };
    return rules.sections.reduce((sum, { packets }) => sum + packets, 0);
  }
}

/** Packets a second, the median of some windows of time. */
async function rateOf({ lab, tools }: Bench, router: Router, mode: Mode): Promise<number> {
  await router.become(mode);
  const forwarded = await router.forwarded();
  const marked = await router.marked();
  const { sent, rates } = await flood(lab, tools, trafficOf(mode), 15);
  const lost = sent - ((await router.forwarded()) - forwarded);
  if (lost > 0) throw new Error(`Cannot compare: ${lost} of ${sent} packets were lost`);
  const unmarked = marked === undefined ? 0 : sent - (((await router.marked()) ?? 0) - marked);
  if (unmarked > 0)
    throw new Error(`Cannot compare: ${unmarked} of ${sent} packets were not marked`);
  return median(rates);
}

/** Each mode has connections of its own, as connections keep what they began with. */
function trafficOf(mode: Mode): Traffic {
  const index = MODES.findIndex(({ name }) => name === mode.name);
  return { addresses: ADDRESSES, flows: FLOWS, port: 20_000 + index * FLOWS };
}

/** The nft set does mark what is sent. */
async function checkSet({ lab, tools }: Bench, router: Router): Promise<void> {
  const seen = `table inet seen {
  chain forward {
    type filter hook forward priority 0;
    meta mark 0x23 counter comment "marked"
  }
}
`;
  await router.become({ name: 'nft' });
  await lab.router.output(['nft', '-f', '-'], seen);
  const { sent } = await flood(lab, tools, trafficOf({ name: 'nft' }), 1);
  const marked = (await readCounters(lab.router, 'inet seen')).get('marked') ?? 0;
  await lab.router.output(['nft', 'delete', 'table', 'inet', 'seen']);
  if (marked < sent) throw new Error(`Cannot compare: nft marked ${marked} of ${sent} packets`);
}

function spread(rates: readonly number[]): string {
  const [low, high] = quartiles(rates).map((rate) => Math.round(rate / 1000));
  return `${Math.round(median(rates) / 1000)} thousand packets a second (half of the time ${low} to ${high})`;
}
