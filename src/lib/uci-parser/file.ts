/** Packages as files of a directory, `/etc/config` on a router. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { formatUci } from './format.ts';
import type { UciPackage } from './package.ts';
import { parseUci } from './parse.ts';

/** Of a file that was not there before. libuci makes it 0600, too. */
const NEW_FILE_MODE = 0o600;

/** The path of a package. Throws RangeError if the name could lead elsewhere. */
export function packagePath(directory: string, name: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(name))
    throw new RangeError(`Cannot name package '${name}': invalid character`);
  return join(directory, name);
}

/** Throws UciSyntaxError, or the system's error (ENOENT …; EINVAL for what is no regular file). */
export function readPackage(directory: string, name: string): UciPackage {
  const path = packagePath(directory, name);
  // a named pipe must not keep us waiting
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) {
      throw Object.assign(new Error(`EINVAL: not a regular file, read '${path}'`), {
        code: 'EINVAL',
      });
    }
    return parseUci(readFileSync(file));
  } finally {
    closeSync(file);
  }
}

/**
 * Replaces the file as a whole or not at all: a new file beside it is written, synced and renamed, and the
 * directory synced. Mode and owner stay; a symbolic link is followed, as libuci does.
 */
export function writePackage(directory: string, name: string, content: UciPackage): void {
  const path = packagePath(directory, name);
  const old = statSync(path, { throwIfNoEntry: false });
  const target = old === undefined ? path : realpathSync(path);
  // libuci's pattern; `uci` does not take a name with a dot for a package
  const temporary = join(
    dirname(target),
    `.${basename(target)}.uci-${randomBytes(6).toString('hex')}`,
  );
  writeNew(temporary, Buffer.from(formatUci(content), content.encoding), old);
  try {
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncDirectory(dirname(target));
}

function writeNew(path: string, bytes: Uint8Array, old: Stats | undefined): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, NEW_FILE_MODE);
  try {
    if (old !== undefined) {
      const own = fstatSync(file);
      if (own.uid !== old.uid || own.gid !== old.gid) fchownSync(file, old.uid, old.gid);
      fchmodSync(file, old.mode & 0o7777);
    }
    writeFileSync(file, bytes);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
