/** The key of TCP MD5 of a neighbour, from a file that root alone may read: whoever may read UCI has not seen it. */
import { lstatSync, readFileSync } from 'node:fs';
import { DomainrouteError, errnoOf } from '../../base/errors.ts';
import type { NeighborConfig } from '../../bgp/index.ts';
import type { Neighbor } from '../../model/bgp.ts';
import { printable } from '../../model/value.ts';

/** TCP_MD5SIG_MAXKEYLEN, linux/tcp.h. */
const KEY_MAX = 80;

/** S_IRWXG and S_IRWXO. */
const FOR_OTHERS = 0o077;

export type KeyedNeighbor = Neighbor & NeighborConfig;

/** Throws DomainrouteError 'config' where there is no key in the file, or others may read it: it is no secret then. */
export function withKey(neighbor: Neighbor): KeyedNeighbor {
  const { passwordFile } = neighbor;
  return passwordFile === undefined ? neighbor : { ...neighbor, md5Key: readKey(passwordFile) };
}

/** The text of the file; a line end behind it is no part of the key. */
function readKey(path: string): Uint8Array {
  const error = (state: string, cause?: unknown): DomainrouteError =>
    new DomainrouteError('config', `Cannot read key '${printable(path, 255)}': ${state}`, {
      cause,
    });
  let text: string;
  try {
    const { mode } = lstatSync(path);
    if ((mode & FOR_OTHERS) !== 0) throw error('others may read it (run chmod 600)');
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof DomainrouteError) throw cause;
    throw error(errnoOf(cause) ?? 'unknown', cause);
  }
  const key = new TextEncoder().encode(text.replace(/\r?\n$/, ''));
  if (key.length >= 1 && key.length <= KEY_MAX) return key;
  throw error(`must be 1 to ${KEY_MAX} bytes, and is ${key.length}`);
}
