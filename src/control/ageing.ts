/** Forgetting what stands no longer, so that what stands has the room and `status` counts only that. */
import { factMaps, monotonicNow, takeFacts } from '../datapath/index.ts';
import { factAt, validUntil } from '../facts/fact.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

/**
 * Removes the facts that have expired and returns how many there were. Aliases have no time of their own: the kernel
 * drops the least recently used. Throws DomainrouteError 'not-running'.
 */
export function forgetExpired(settings: Settings): number {
  return withMaps(settings, (maps, { hold }) => {
    const store = factMaps(maps);
    const clock = { now: monotonicNow(), hold: Number(hold) };
    let forgotten = 0;
    for (const matched of [true, false]) {
      const { count, keys, values } = store.entries(matched);
      const stands = (from: Uint8Array, index: number): boolean =>
        clock.now < validUntil(factAt({ keys, values: from }, index, store.layout, matched), clock);
      const expired = Array.from({ length: count }, (_, i) => i).filter((i) => !stands(values, i));
      forgotten += takeFacts(maps, matched, keys, expired, (value) => stands(value, 0));
    }
    return forgotten;
  });
}
