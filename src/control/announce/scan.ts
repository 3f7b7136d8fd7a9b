/** All facts that stand, offered as routes: after a start, a change of rules, and for what the kernel has refreshed. */
import { setImmediate as turn } from 'node:timers/promises';
import {
  FACT_LAYOUT,
  factParts,
  monotonicNow,
  takeFacts,
  type Maps,
} from '../../datapath/index.ts';
import { factAt, validUntil } from '../../facts/fact.ts';
import type { Offer } from './route-table.ts';
import type { RuleFinder } from './rule-finder.ts';

/** Facts between two looks at the rest of the program: some milliseconds. */
const CHUNK = 256;

/**
 * Offers every fact whose rule announces, without keeping others waiting, and forgets those that have aged out: the
 * next answer is an event then. `hold`: ns. False if it is not the whole truth: rules have changed meanwhile, or a fact
 * was told again just when it was to be forgotten.
 */
export async function scanFacts(
  maps: Maps,
  rules: RuleFinder,
  hold: number,
  offer: (offer: Offer) => void,
): Promise<boolean> {
  const { generation } = rules;
  for (const matched of [true, false]) {
    for (const part of factParts(maps, matched, CHUNK)) {
      const aged: number[] = [];
      for (let i = 0; i < part.count; i++) {
        const { address, client, name, told, ...times } = factAt(part, i, FACT_LAYOUT, matched);
        const until = validUntil(times, { hold });
        if (monotonicNow() >= until) {
          aged.push(i);
          continue;
        }
        const { section, announce } = rules.find(name, address, client);
        if (announce && section !== undefined) offer({ address, name, section, until, told });
      }
      const stands = (values: Uint8Array): boolean =>
        monotonicNow() < validUntil(factAt({ ...part, values }, 0, FACT_LAYOUT, matched), { hold });
      if (takeFacts(maps, matched, part.keys, aged, stands) < aged.length) return false;
      await turn();
      if (rules.generation !== generation) return false;
    }
  }
  return true;
}
