/** What was counted since the start: packets by rule, and what the programs did with them. */
import {
  readCounters,
  readLiveRules,
  readReasons,
  type Count,
  type Maps,
} from '../datapath/index.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

export interface RuleCount extends Count {
  /** UCI section. */
  readonly section: string;
}

/** The JSON shape of ubus. */
export interface Counters {
  /** Rules in force, in their order. */
  readonly rules: readonly RuleCount[];
  /** What no rule took. */
  readonly others: Count;
  readonly reasons: Readonly<Record<string, number>>;
}

const NOTHING: Count = { packets: 0, bytes: 0 };

/** Throws DomainrouteError 'not-running'. */
export function counters(settings: Settings): Counters {
  return withMaps(settings, (maps) => ({ ...readCounts(maps), reasons: readReasons(maps) }));
}

/** The same without the reasons. */
export function readCounts(maps: Maps): Omit<Counters, 'reasons'> {
  const counts = readCounters(maps);
  const rules = [...readLiveRules(maps).numbers].map(([section, number]) => ({
    section,
    ...(counts[number] ?? NOTHING),
  }));
  return { rules, others: counts[0] ?? NOTHING };
}
