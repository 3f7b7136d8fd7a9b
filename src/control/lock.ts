/** One command at a time changes the data path: flock(2) on a file in the run directory. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainrouteError, errnoOf } from '../base/errors.ts';
import { tryLock } from '../datapath/index.ts';

/** The verifier takes a router's first start this long, and several may come at once. */
const WAIT_MS = 60_000;
const RETRY_MS = 20;

function openLock(directory: string, path: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown';
    // a stop removed the directory in between
    if (errno === 'ENOENT') return undefined;
    const privilege = errno === 'EACCES' || errno === 'EPERM';
    throw new DomainrouteError(
      privilege ? 'privilege' : 'platform',
      `Cannot lock '${path}': ${privilege ? 'not permitted (run it as root)' : errno}`,
      { cause: error },
    );
  }
}

/** A stop may have removed the file between open and flock; then others lock another file. */
function isStill(fd: number, path: string): boolean {
  try {
    return fstatSync(fd).ino === statSync(path).ino;
  } catch {
    return false;
  }
}

/**
 * Opens `path` below `directory`, which is made if it is missing, and locks it for as long as it is open. Undefined:
 * another process had it for `waitMs`. Throws DomainrouteError: 'privilege', 'platform'.
 */
export async function lockFile(
  directory: string,
  path: string,
  waitMs: number,
): Promise<number | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const fd = openLock(directory, path);
    if (fd !== undefined) {
      if (tryLock(fd) && isStill(fd, path)) return fd;
      closeSync(fd);
    }
    if (performance.now() > deadline) return undefined;
    await sleep(RETRY_MS);
  }
}

/**
 * Runs `task` while nobody else does, waiting for at most a minute (DomainrouteError 'busy'). The file is removed
 * behind a task when `isNeeded` says no, and the directory with it if it is empty (S5).
 */
export async function withLock<T>(
  directory: string,
  isNeeded: () => boolean,
  task: () => Promise<T>,
  waitMs = WAIT_MS,
): Promise<T> {
  const path = join(directory, 'lock');
  const fd = await lockFile(directory, path, waitMs);
  if (fd === undefined) {
    throw new DomainrouteError(
      'busy',
      `Cannot lock '${path}': another command holds it (try again when it has ended)`,
    );
  }
  try {
    return await task();
  } finally {
    try {
      if (!isNeeded()) remove(directory, path);
    } finally {
      closeSync(fd);
    }
  }
}

function remove(directory: string, path: string): void {
  unlinkSync(path);
  try {
    rmdirSync(directory);
  } catch {
    // somebody else's files are in it, or it is a mount point
  }
}
