/** Taking facts away that stand no longer. */
import { UpdateFlag } from '#libbpf-ts';
import { PAIR } from './layouts.ts';
import type { Maps } from './maps.ts';

/**
 * Removes the entries of `facts` (`matched`) or `strays` at these indexes of `keys`, unless they stand again:
 * an answer may come between reading and removing, and what was taken wrongly is put back, if there is not a newer
 * one by then. `stands`: of a value, a `struct fact`. Returns how many went.
 */
export function takeFacts(
  maps: Maps,
  matched: boolean,
  keys: Uint8Array,
  indexes: readonly number[],
  stands: (value: Uint8Array) => boolean,
): number {
  const map = maps.get(matched ? 'facts' : 'strays');
  let taken = 0;
  for (const index of indexes) {
    const key = keys.subarray(index * PAIR.size, (index + 1) * PAIR.size);
    const value = map.take(key);
    if (value === undefined) continue;
    if (stands(value)) putBack(map, key, value);
    else taken++;
  }
  return taken;
}

function putBack(map: ReturnType<Maps['get']>, key: Uint8Array, value: Uint8Array): void {
  try {
    map.update(key, value, UpdateFlag.NOEXIST);
  } catch {
    // a newer answer has its place
  }
}
