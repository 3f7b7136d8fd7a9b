/** How long a user waits for `domainroute rdns`. */
import { domainroute, MAIN, timed, type Bench } from './bench.ts';
import { monotonicNow } from '../../src/datapath/index.ts';
import { FACT, PAIR } from '../../src/datapath/layouts.ts';
import { parseAddress } from '../../src/model/address.ts';
import { wireName } from '../bpf/frames/dns.ts';
import { DataPath } from './data-path.ts';
import { listNames } from './list-names.ts';
import { median } from './statistics.ts';

const FACTS = 10_000;
const SECOND = 1e9;

const RULES = `config rule 'all'
	list domain 'example.com'
	option mark '0x23/0xff'
`;

/** Leaves domainroute stopped. */
export async function measureCommandLine(bench: Bench): Promise<void> {
  const { lab } = bench;
  lab.configure(MAIN + RULES);
  await domainroute(lab, 'start');
  try {
    fillFacts(bench);
    const { stdout } = await domainroute(lab, 'rdns');
    const lines = stdout.trimEnd().split('\n').length - 1;
    if (lines < FACTS) throw new Error(`Cannot time rdns: it printed ${lines} of ${FACTS} facts`);

    const turns = bench.quick ? 7 : 25;
    const node = [process.execPath, '-e', '0'];
    const runs = await timed(bench, turns, lab.cliArgv('rdns'), node);
    const seconds = (program: number): number =>
      median(runs.filter((run) => run.program === program).map((run) => run.seconds));
    bench.record('cli.rdns_10k_ratio', seconds(0) / seconds(1));
    bench.note(`cli: rdns ${ms(seconds(0))}, node -e 0 ${ms(seconds(1))}`);
  } finally {
    await domainroute(lab, 'stop');
  }
}

/** Half of them IPv6, a handful of clients; told within the last hour. */
function fillFacts({ lab }: Bench): void {
  const path = new DataPath(lab);
  try {
    const now = monotonicNow();
    const facts = path.maps.get('facts');
    listNames(FACTS).forEach((name, i) => {
      const told = now - (i % 60) * SECOND;
      const wire = wireName(name);
      const text = i % 2 === 0 ? `5.0.${i >> 8}.${i & 255}` : `2a00:1450::${i.toString(16)}`;
      const client = parseAddress(`100::200:0:${(i % 8).toString(16)}`);
      const address = parseAddress(text);
      if (client === undefined || address === undefined) throw new Error(`bad address ${text}`);
      facts.update(
        PAIR.encode({ client, address }),
        FACT.encode({
          told,
          expires: told + 300 * SECOND,
          last_seen: told,
          hash: BigInt(i),
          name_length: wire.length,
          source: 0,
          name: wire,
        }),
      );
    });
  } finally {
    path.close();
  }
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
