/** What a new configuration changes in the rules that are in force. */
import { isDeepStrictEqual } from 'node:util';
import type { Rule } from '../model/rule.ts';

/** UCI sections. A rule that is turned on was added, one that is turned off was removed. */
export interface RuleDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** The rules that stayed are in another order. */
  readonly reordered: boolean;
}

/** Rules are told apart by their section. */
export function diffRules(before: readonly Rule[], after: readonly Rule[]): RuleDiff {
  const old = inForce(before);
  const now = inForce(after);
  const stayed = [...now.keys()].filter((section) => old.has(section));
  return {
    added: [...now.keys()].filter((section) => !old.has(section)),
    removed: [...old.keys()].filter((section) => !now.has(section)),
    changed: stayed.filter((section) => !isDeepStrictEqual(old.get(section), now.get(section))),
    reordered: !isDeepStrictEqual(
      stayed,
      [...old.keys()].filter((section) => now.has(section)),
    ),
  };
}

function inForce(rules: readonly Rule[]): ReadonlyMap<string, Rule> {
  return new Map(rules.filter((rule) => rule.enabled).map((rule) => [rule.section, rule]));
}
