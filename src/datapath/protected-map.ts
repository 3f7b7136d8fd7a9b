/** Brings the map `protected` to what it has to hold, in two steps around a change of rules. */
import { PROTECTED_KEY } from './layouts.ts';
import type { Maps } from './maps.ts';
import type { ProtectedEntries } from './protected.ts';
import { key32 } from './config-map.ts';

export interface ProtectedUpdate {
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
  return {
    add() {
      for (const [key, value] of wanted) {
        if (present.get(key) !== value) map.update(Buffer.from(key, 'hex'), key32(value));
      }
    },
    removeOld() {
      for (const key of present.keys()) {
        if (!wanted.has(key)) map.delete(Buffer.from(key, 'hex'));
      }
    },
  };
}
