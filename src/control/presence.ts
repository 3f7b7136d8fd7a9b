/** Is there a daemon? It keeps a file in the run directory locked, which says who it is and how it does. */
import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DomainrouteError } from '../base/errors.ts';
import { openLibbpf, tryLock } from '../datapath/index.ts';
import { lockFile } from './lock.ts';
import type { Settings } from './settings.ts';

/** The JSON shape in `status`. */
export interface DaemonStatus {
  readonly pid: number;
  /** Whole seconds. */
  readonly uptime: number;
  /** What did not work the last time it was tried; null: all did. */
  readonly problem: string | null;
}

export interface Presence {
  /** Sets `problem`. */
  report(problem: string | null): void;
  /** Ends it, and removes the file. */
  close(): void;
}

function fileOf({ run }: Settings): string {
  return join(run, 'daemon');
}

/** Uptime of the machine in seconds (CLOCK_MONOTONIC): the wall clock may jump (S3). */
function monotonicSeconds(): number {
  return Number(process.hrtime.bigint() / 1_000_000_000n);
}

/** The file is always as long, so that one write replaces what it says. */
const SIZE = 4096;

/** Whoever looks holds the lock for an instant. */
const WAIT_MS = 200;

/** Throws DomainrouteError 'busy' if there is a daemon already. */
export async function claimPresence(settings: Settings): Promise<Presence> {
  openLibbpf(settings.assets);
  const path = fileOf(settings);
  const fd = await lockFile(settings.run, path, WAIT_MS);
  if (fd === undefined) {
    throw new DomainrouteError(
      'busy',
      `Cannot start the daemon: another one has '${path}' (stop it first)`,
    );
  }
  const started = monotonicSeconds();
  const report = (problem: string | null): void => {
    const bytes = Buffer.alloc(SIZE, ' ');
    bytes.write(JSON.stringify({ pid: process.pid, started, problem: problem?.slice(0, 500) }));
    writeSync(fd, bytes, 0, SIZE, 0);
  };
  report(null);
  return {
    report,
    close: () => {
      rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}

/** The daemon of this run directory, or null. {@link openLibbpf} comes first. */
export function readPresence(settings: Settings): DaemonStatus | null {
  let fd: number;
  try {
    fd = openSync(fileOf(settings), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return null; // no daemon, or not ours to see
  }
  try {
    // one that died has left the file, and nobody holds it
    if (tryLock(fd)) return null;
    return parsePresence(readFileSync(fd, 'utf8'));
  } finally {
    closeSync(fd);
  }
}

/** Null for what is being written at the moment. */
function parsePresence(text: string): DaemonStatus | null {
  try {
    const { pid, started, problem } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof pid !== 'number' || typeof started !== 'number') return null;
    const uptime = Math.max(0, monotonicSeconds() - started);
    return { pid, uptime, problem: typeof problem === 'string' ? problem : null };
  } catch {
    return null;
  }
}
