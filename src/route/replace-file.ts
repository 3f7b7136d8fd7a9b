/** Files of ours that other programs read. */
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DomainrouteError, errnoOf } from '../base/errors.ts';

/**
 * Writes a file in a directory of ours, for root alone. Whoever reads it meanwhile has all of the old text, or of the
 * new (U3). Throws DomainrouteError; then the old text stands.
 */
export function replaceFile(path: string, text: string): void {
  stageFile(path, text)();
}

/** The same in two steps: what can fail for want of room has not when this returns the function that does the rest. */
export function stageFile(path: string, text: string): () => void {
  const temporary = temporaryOf(path);
  orThrow(path, () => writeNew(temporary, text));
  return () => orThrow(path, () => renameSync(temporary, path));
}

function writeNew(path: string, text: string): void {
  rmSync(path, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    // all of it, or an error: a file system that is full takes a part
    writeFileSync(fd, text);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function orThrow(path: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    const errno = errnoOf(cause) ?? 'unknown';
    throw new DomainrouteError('platform', `Cannot write '${path}': ${errno}`, { cause });
  }
}

/** Removes such a file, and what one that was not put in place has left. */
export function removeFile(path: string): void {
  for (const each of [path, temporaryOf(path)]) rmSync(each, { force: true });
}

function temporaryOf(path: string): string {
  return `${path}.new`;
}
