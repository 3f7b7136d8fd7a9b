/** Rule numbers, that is indexes of `counters`: a section keeps its number as long as it is in force. */
import { RULES } from './constants.ts';

/**
 * Numbers for sections. Those in `live` stay; others get numbers that nobody has, at best none that `recent`
 * had: counters and verdicts of the old owner may still be looked at. Throws RangeError where 1,023 do not do.
 */
export function assignNumbers(
  sections: readonly string[],
  live: ReadonlyMap<string, number>,
  recent: ReadonlySet<number> = new Set(),
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  for (const section of sections) {
    const number = live.get(section);
    if (number === undefined) continue;
    numbers.set(section, number);
    taken.add(number);
  }
  const old = new Set([...live.values(), ...recent]);
  const all = Array.from({ length: RULES - 1 }, (_, i) => i + 1);
  const free = [
    ...all.filter((number) => !taken.has(number) && !old.has(number)),
    ...all.filter((number) => !taken.has(number) && old.has(number)),
  ];
  let next = 0;
  for (const section of sections) {
    if (numbers.has(section)) continue;
    const number = free[next++];
    if (number === undefined) throw new RangeError(`Cannot number rule '${section}': none is left`);
    numbers.set(section, number);
  }
  return numbers;
}
