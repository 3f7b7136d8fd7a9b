/** The maps of the kernel programs, as src/decide reads them. */
import { monotonicNow, type Action, type Config, type DecisionMaps } from '../datapath/index.ts';
import type { RuleSource } from '../decide/source.ts';
import { NameHasher } from '../dns/name-hash.ts';

/** `config` is of the time when `lookups` were opened. */
export function ruleSource(
  { hold, seed, max_labels: maxLabels }: Config,
  lookups: DecisionMaps,
  identify: RuleSource['identify'],
): RuleSource {
  const cells = new Map<number, Action | undefined>();
  const cellAt = (index: number): Action | undefined => {
    const cell = cells.get(index) ?? lookups.cell(index);
    cells.set(index, cell);
    return cell;
  };
  return {
    now: monotonicNow(),
    hold: Number(hold),
    hasher: new NameHasher(seed),
    maxLabels,
    identify,
    protectedClass: (address) => lookups.protectedClass(address),
    fact(matched, client, address) {
      const fact = lookups.fact(matched, client, address);
      return fact && { ...fact, client, address, lastSeen: fact.last_seen };
    },
    alias: (low, high) => lookups.alias(low, high),
    rule: (low, high) => lookups.rule(low, high),
    // few, and asked for again and again
    cell: cellAt,
    clientMatches: (cell, clients) => lookups.clientMatches(cell, clients),
  };
}
