/** Runs in a guest: loads every program of every object that is an argument; one line of JSON. */
import { release } from 'node:os';
import { basename } from 'node:path';
import { BpfObject, loadAddon } from '#libbpf-ts';

/** What the verifier made of one object. */
export interface LoadReport {
  readonly object: string;
  /** Of loading all its programs. */
  readonly seconds: number;
  readonly programs: readonly {
    readonly name: string;
    readonly verifiedInsns: number | undefined;
    readonly jitedSize: number | undefined;
  }[];
  /** The error, and the end of the verifier's log. */
  readonly error: string | undefined;
}

const LOG_TAIL = 2000;

function load(path: string): LoadReport {
  const started = performance.now();
  const report = { object: basename(path), programs: [], error: undefined };
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const object = BpfObject.load(path);
    const programs = object.programNames.map((name) => {
      const { verifiedInsns, jitedSize } = object.program(name).info;
      return { name, verifiedInsns, jitedSize };
    });
    object.close();
    return { ...report, seconds: seconds(), programs };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const log = 'log' in error && typeof error.log === 'string' ? error.log.slice(-LOG_TAIL) : '';
    return { ...report, seconds: seconds(), error: `${error.message}\n${log}` };
  }
}

loadAddon('/guest/libbpf.node');
const reports = process.argv.slice(2).map(load);
process.stdout.write(`${JSON.stringify({ release: release(), reports })}\n`);
