/** Files of ours that other programs read. */
import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { DomainrouteError, errnoOf } from '../base/errors.ts';

/**
 * Writes a file in a directory of ours, for root alone. Whoever reads it meanwhile has all of the old text, or of the
 * new (U3). Throws DomainrouteError.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = temporaryOf(path);
  try {
    rmSync(temporary, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    const errno = errnoOf(cause) ?? 'unknown';
    throw new DomainrouteError('platform', `Cannot write '${path}': ${errno}`, { cause });
  }
}

/** Removes such a file, and what a {@link replaceFile} that was killed has left. */
export function removeFile(path: string): void {
  for (const each of [path, temporaryOf(path)]) rmSync(each, { force: true });
}

function temporaryOf(path: string): string {
  return `${path}.new`;
}
