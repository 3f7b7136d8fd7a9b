/** Brings the map `protected` to what it has to hold, in two steps around a change of rules. */
import { PROTECTED_KEY } from './layouts.ts';
import type { Maps } from './maps.ts';
import type { ProtectedEntries } from './protected.ts';
import { key32 } from './config-map.ts';

export interface ProtectedUpdate {
  /** Is there anything to do? */
  readonly changes: boolean;
  /** Adds and changes entries. */
  add(): void;
  /** Removes those that are not wanted any more. */
  removeOld(): void;
}

/** What has to be done; reads the map now. */
export function planProtected(maps: Maps, wanted: ProtectedEntries): ProtectedUpdate {
  const map = maps.get('protected');
  const { count, keys, values } = map.entries();
  const view = new DataView(values.buffer, values.byteOffset);
  const present = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = keys.subarray(i * PROTECTED_KEY.size, (i + 1) * PROTECTED_KEY.size);
    present.set(Buffer.from(key).toString('hex'), view.getUint32(i * 4, true));
  }
  const added = [...wanted].filter(([key, value]) => present.get(key) !== value);
  const removed = [...present.keys()].filter((key) => !wanted.has(key));
  return {
    changes: added.length + removed.length > 0,
    add() {
      for (const [key, value] of added) map.update(Buffer.from(key, 'hex'), key32(value));
    },
    removeOld() {
      for (const key of removed) map.delete(Buffer.from(key, 'hex'));
    },
  };
}
