/** What every group of figures gets: the lab with domainroute in it, the tools, and a place for its results. */
import type { Lab } from '../lab/lab.ts';
import type { RunResult } from '../lab/protocol.ts';
import type { FigureName } from './figures.ts';
import type { Tools } from './tools.ts';

export const MAIN = `config domainroute 'main'
	option enabled '1'
	list lan 'br-lan'
	list wan 'wan1'
	list wan 'wan2'

`;

export interface Bench {
  readonly lab: Lab;
  readonly tools: Tools;
  /** Quick: shorter, and less to be trusted. */
  readonly quick: boolean;
  record(name: FigureName, value: number): void;
  /** A line beside the table: what a figure is made of. */
  note(text: string): void;
}

/** Runs the CLI on the router; throws with what it says if it fails. */
export async function domainroute(lab: Lab, ...args: readonly string[]): Promise<RunResult> {
  const result = await lab.cli(...args);
  if (result.status === 0) return result;
  throw new Error(`domainroute ${args.join(' ')}: ${result.stderr.trim()}`);
}

export interface Timing {
  /** Which of the programs. */
  readonly program: number;
  readonly seconds: number;
  /** Peak resident set, bytes. */
  readonly residentBytes: number;
}

/** Runs programs on the router in turns. Throws if one fails. */
export async function timed(
  { lab, tools }: Bench,
  turns: number,
  ...programs: readonly (readonly string[])[]
): Promise<readonly Timing[]> {
  // with it every node, the bare one too, reads all certificates first: ratios to it would flatter
  const clean = ['env', '-u', 'NODE_EXTRA_CA_CERTS'];
  const argv = [
    ...clean,
    tools.timed,
    String(turns),
    ...programs.flatMap((program) => ['--', ...program]),
  ];
  return (await lab.router.output(argv))
    .trim()
    .split('\n')
    .map((line) => {
      const [program = NaN, nanoseconds = NaN, kibibytes = NaN] = line.split(' ').map(Number);
      return { program, seconds: nanoseconds / 1e9, residentBytes: kibibytes * 1024 };
    });
}
