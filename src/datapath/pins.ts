/** Where pins lie: `<pin>/v<schema>/maps/<map>`, `<pin>/v<schema>/links/<link>`, and programs (programs.ts). */
import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DomainrouteError, errnoOf } from '../base/errors.ts';
import { SCHEMA } from './constants.ts';

export interface Pins {
  readonly root: string;
  readonly version: string;
  readonly maps: string;
  readonly links: string;
}

/** BPF_FS_MAGIC, linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

/** `pin` as the user gave it. */
export function pinsBelow(pin: string): Pins {
  const root = resolve(pin);
  const version = join(root, `v${SCHEMA}`);
  return { root, version, maps: join(version, 'maps'), links: join(version, 'links') };
}

/** Throws DomainrouteError 'platform' unless `pin` is, or would be, on a BPF file system. */
export function checkBpffs({ root }: Pins): void {
  let parent = root;
  while (!existsSync(parent)) parent = dirname(parent);
  if (statfsSync(parent).type === BPF_FS_MAGIC) return;
  const mountPoint = parent === root ? root : dirname(root);
  throw new DomainrouteError(
    'platform',
    `Cannot pin below '${root}': '${parent}' is not on a bpffs (run mount -t bpf bpf ${mountPoint})`,
  );
}

/** Makes the directories, for root alone (U1). */
export function makePinDirectories({ root, maps, links }: Pins): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const directory of [maps, links]) mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** Names of the pins in a directory; none if there is no such directory. */
export function listPins(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw pinError('read pins', directory, error);
  }
}

/** Is there anything of this schema, complete or not? */
export function hasPins({ maps, links }: Pins): boolean {
  return listPins(maps).length > 0 || listPins(links).length > 0;
}

/** An error of the file system on something pinned. */
export function pinError(action: string, path: string, error: unknown): DomainrouteError {
  const errno = errnoOf(error);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new DomainrouteError(
      'privilege',
      `Cannot ${action} '${path}': not permitted (run it as root)`,
      { cause: error },
    );
  }
  return new DomainrouteError('internal', `Cannot ${action} '${path}': ${errno ?? 'unknown'}`, {
    cause: error,
  });
}

/** Removes a pin; one that is not there is removed. */
export function removePin(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw pinError('remove pin', path, error);
  }
}

/** Unpins the maps and removes the directories (S5); links and programs must be gone. Returns whether anything was there. */
export function removePins({ root, version, maps, links }: Pins): boolean {
  const names = listPins(maps);
  for (const name of names) removePin(join(maps, name));
  let removed = names.length > 0;
  for (const directory of [maps, links, version, root]) {
    try {
      rmdirSync(directory);
      removed = true;
    } catch (error) {
      // ENOTEMPTY: another schema's pins, which are not ours
      const errno = errnoOf(error) ?? '';
      if (errno === 'ENOENT') continue;
      // --pin can be the mount point itself
      if (directory === root && ['EBUSY', 'ENOTEMPTY', 'EPERM'].includes(errno)) continue;
      throw pinError('remove directory', directory, error);
    }
  }
  return removed;
}
