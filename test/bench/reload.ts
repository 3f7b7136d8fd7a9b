/** Reloads of 4,000 domains while packets of two names go to two uplinks: how long, and whether one goes wrong. */
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import { domainroute, MAIN, timed, type Bench } from './bench.ts';
import { median } from './statistics.ts';
import { discardAt, learn, readCounters, stream } from './traffic.ts';

const DOMAINS = 4_000;
const RULES = 40;
/** Packets a second: enough to see a gap of a fraction of a millisecond, and no more. */
const RATE = 20_000;

/** One is routed to each uplink; known to the lab's zone. */
const FIRST = 'www.example.com';
const SECOND = 'video.example.com';

const PINNED = `config rule 'first'
	list domain '${FIRST}'
	option interface 'wan1'

config rule 'second'
	list domain '${SECOND}'
	option interface 'wan2'

`;

/** `edition`: nothing but the two rules is the same in two editions, and their cells are others. */
function configuration(edition: number): string {
  const rules = Array.from({ length: RULES }, (_, rule) => {
    const domains = Array.from(
      { length: DOMAINS / RULES },
      (_, i) => `\tlist domain 'name${i}.edition${edition}.rule${rule}.example.net'\n`,
    );
    return `config rule 'rule${rule}'\n${domains.join('')}\toption mark '0x${(rule + 1).toString(16)}/0xff'\n\n`;
  });
  // the two stand first, or last
  return MAIN + (edition % 2 === 0 ? PINNED + rules.join('') : rules.join('') + PINNED);
}

interface Watched {
  readonly address: string;
  readonly mark: string;
}

/** Counts, before anything corrects them, packets whose mark under our mask is not what it should be. */
function markCounters(watched: readonly Watched[]): string {
  const rules = watched.map(
    ({ address, mark }) =>
      `iifname "br-lan" ip daddr ${address} meta mark & 0x3f000000 != ${mark} counter`,
  );
  return `table inet bench
delete table inet bench
table inet bench {
  chain prerouting {
    type filter hook prerouting priority -300;
    ${rules.join('\n    ')}
  }
}
`;
}

/** Leaves domainroute stopped. */
export async function measureReload(bench: Bench): Promise<void> {
  const { lab } = bench;
  lab.configure(configuration(0));
  await domainroute(lab, 'start');
  try {
    const [first = '', second = ''] = await learn(lab, [FIRST, SECOND]);
    const watched = await Promise.all(
      [first, second].map(async (address) => ({ address, mark: await markFor(lab, address) })),
    );
    await lab.router.output(['nft', '-f', '-'], markCounters(watched));
    await discardAt(lab.uplink1, [first, second]);
    await discardAt(lab.uplink2, [first, second]);

    const traffic = stream(
      lab,
      bench.tools,
      { addresses: [first, second], flows: 64, port: 20_000 },
      RATE,
    );
    const at1 = (): Promise<ReadonlyMap<string, number>> =>
      readCounters(lab.uplink1, 'netdev bench');
    const at2 = (): Promise<ReadonlyMap<string, number>> =>
      readCounters(lab.uplink2, 'netdev bench');
    let sent: number;
    const seconds: number[] = [];
    try {
      await until('packets arrive', async () => ((await at2()).get(second) ?? 0) > 1_000);
      for (let edition = 1; edition <= (bench.quick ? 3 : 11); edition++) {
        lab.configure(configuration(edition));
        const [run] = await timed(bench, 1, lab.cliArgv('reload'));
        seconds.push(run?.seconds ?? NaN);
      }
    } finally {
      sent = await traffic.stop();
    }
    const total = async (): Promise<number> =>
      ((await at1()).get('all') ?? 0) + ((await at2()).get('all') ?? 0);
    await until('all packets have arrived', async () => (await total()) >= sent);

    const marks = await readCounters(lab.router, 'inet bench');
    const wrongMarks = [...marks.values()].reduce((sum, packets) => sum + packets, 0);
    const wrongUplink = ((await at1()).get(second) ?? 0) + ((await at2()).get(first) ?? 0);
    bench.record('rules.reload_4k_s', median(seconds));
    bench.record('rules.reload_4k_wrong', wrongMarks + wrongUplink);
    bench.note(
      `rules: ${seconds.length} reloads of ${DOMAINS} domains among ${sent} packets: ` +
        `${wrongMarks} wrong marks, ${wrongUplink} at a wrong uplink; the slowest ${Math.max(...seconds).toFixed(2)} s`,
    );
  } finally {
    await lab.router.run(['nft', 'delete', 'table', 'inet', 'bench']);
    await domainroute(lab, 'stop');
  }
}

/** The mark that packets of the client to this address get. */
async function markFor(lab: Lab, address: string): Promise<string> {
  return until(`a packet to ${address} is marked`, async () => {
    await lab.client.ask(address, { protocol: 'udp' });
    const { stdout } = await domainroute(lab, 'decisions', '--json');
    const decisions = JSON.parse(stdout) as readonly { address: string; mark: string | null }[];
    const found = decisions.find((decision) => decision.address === address);
    return found?.mark ?? undefined;
  });
}
