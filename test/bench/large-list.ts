/** A list of a million names: loading it, and matching against it. */
import { readFileSync, writeFileSync } from 'node:fs';

import { wireName } from '../bpf/frames/dns.ts';
import { until } from '../lab/until.ts';
import { domainroute, MAIN, timed, type Bench } from './bench.ts';
import { DataPath, undisturbed, runTime } from './data-path.ts';
import { listNames } from './list-names.ts';
import { inTurns, median } from './statistics.ts';

const NAMES = 1_000_000;
const MEBIBYTE = 2 ** 20;

const SMALL = `${MAIN}config rule 'all'
	list domain 'example.com'
	option mark '0x23/0xff'
`;

function largeList(file: string): string {
  return `${MAIN}config rule 'all'
	list list 'big'
	option mark '0x23/0xff'

config list 'big'
	option file '${file}'
	option format 'plain'
`;
}

/** Leaves domainroute stopped. */
export async function measureLargeList(bench: Bench): Promise<void> {
  const { lab } = bench;
  const names = listNames(NAMES);
  const file = `${lab.directories.config}/big.txt`;
  writeFileSync(file, `${names.join('\n')}\n`);
  lab.configure(SMALL);
  await domainroute(lab, 'start');
  try {
    await measureLoading(bench, file);
    await undisturbed(() => measureMatching(bench, names));
  } finally {
    await domainroute(lab, 'stop');
  }
}

/** Whole reloads, as a user waits for them, in turns with one of a single rule; leaves the list in force. */
async function measureLoading(bench: Bench, file: string): Promise<void> {
  const { lab } = bench;
  const runs: { seconds: number; resident: number; slab: number; vmalloc: number }[] = [];
  const single: number[] = [];
  const reload = async (configuration: string): Promise<readonly [number, number]> => {
    lab.configure(configuration);
    const [run] = await timed(bench, 1, lab.cliArgv('reload'));
    return [run?.seconds ?? NaN, run?.residentBytes ?? NaN];
  };
  for (let turn = 0; turn < (bench.quick ? 1 : 5); turn++) {
    single.push((await reload(SMALL))[0]);
    const before = await settledMemory();
    const [seconds, resident] = await reload(largeList(file));
    const after = await settledMemory();
    runs.push({
      seconds,
      resident: resident / MEBIBYTE,
      slab: (after.slab - before.slab) / MEBIBYTE,
      vmalloc: (after.vmalloc - before.vmalloc) / MEBIBYTE,
    });
  }
  const of = (key: keyof (typeof runs)[number]): number => median(runs.map((run) => run[key]));
  bench.record('rules.load_1m_s', of('seconds'));
  bench.record('rules.load_1m_kernel_mb', median(runs.map(({ slab, vmalloc }) => slab + vmalloc)));
  bench.record('rules.load_1m_rss_mb', of('resident'));
  bench.note(
    `rules: 1,000,000 names: SUnreclaim ${of('slab').toFixed(1)} MiB, VmallocUsed ${of('vmalloc').toFixed(1)} MiB; ` +
      `a reload with one rule takes ${median(single).toFixed(2)} s`,
  );
}

interface KernelMemory {
  /** Bytes. */
  readonly slab: number;
  readonly vmalloc: number;
}

function kernelMemory(): KernelMemory {
  const text = readFileSync('/proc/meminfo', 'latin1');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
  return { slab: of('SUnreclaim'), vmalloc: of('VmallocUsed') };
}

/** What was freed is given back some time later: asks until two answers are alike. */
async function settledMemory(): Promise<KernelMemory> {
  const history: KernelMemory[] = [];
  return until('kernel memory is stable', () => {
    const memory = kernelMemory();
    history.push(memory);
    // 20 questions, 5 ms apart
    const old = history.at(-20);
    const total = ({ slab, vmalloc }: KernelMemory): number => slab + vmalloc;
    const stable = old !== undefined && Math.abs(total(memory) - total(old)) < MEBIBYTE / 4;
    return stable ? memory : undefined;
  });
}

/** As in match.bpf.c. */
const SUBJECTS = 512;
const SUBJECT_SIZE = 264;
const SUBJECT_NAME = 8;

/** Names of four labels: of the list, or below a name of the list. */
function subjects(names: readonly string[]): readonly string[] {
  const step = Math.floor(names.length / SUBJECTS);
  return Array.from({ length: SUBJECTS }, (_, i) => {
    const labels = (names[i * step] ?? '').split('.');
    return ['www', 'static', ...labels].slice(labels.length - 2).join('.');
  });
}

function measureMatching(bench: Bench, names: readonly string[]): void {
  const path = new DataPath(bench.lab);
  try {
    const programs = ['bench_match', 'bench_no_match'];
    // those that deciding reads
    const shared = ['config', 'rules', 'actions', 'aliases', 'stray_aliases', 'clients'] as const;
    const object = path.load(bench.tools.matchObject, programs, shared);
    subjects(names).forEach((name, index) => {
      const wire = wireName(name);
      const subject = new Uint8Array(SUBJECT_SIZE);
      subject[0] = wire.length;
      subject.set(wire, SUBJECT_NAME);
      object.map('subjects').update(new Uint8Array(Uint32Array.of(index).buffer), subject);
    });
    const packet = new Uint8Array(64);
    const repeat = SUBJECTS * 20;
    const turns = bench.quick ? 15 : 101;
    const times = inTurns(turns, {
      match: () => runTime(object.program('bench_match'), packet, repeat),
      nothing: () => runTime(object.program('bench_no_match'), packet, repeat),
    });
    const result = object.map('matchings').lookup(new Uint8Array(4)) ?? new Uint8Array(16);
    const matched = new DataView(result.buffer, result.byteOffset).getUint32(8, true);
    if (matched !== turns * repeat) {
      throw new Error(`Cannot time matching: ${matched} of ${turns * repeat} names matched`);
    }
    bench.record('datapath.match_1m_ns', times.match - times.nothing);
  } finally {
    path.close();
  }
}
