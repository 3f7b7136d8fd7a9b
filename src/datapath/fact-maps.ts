/** The maps `facts` and `strays`, laid out as src/facts reads them. */
import { FACT, PAIR } from './layouts.ts';
import type { Maps } from './maps.ts';

/** Where things lie in keys and values, in bytes. */
export const FACT_LAYOUT = {
  keySize: PAIR.size,
  client: PAIR.fields.client[1],
  address: PAIR.fields.address[1],
  valueSize: FACT.size,
  told: FACT.fields.told[1],
  expires: FACT.fields.expires[1],
  lastSeen: FACT.fields.last_seen[1],
  nameLength: FACT.fields.name_length[1],
  source: FACT.fields.source[1],
  name: FACT.fields.name[1],
} as const;

/** A copy of a map. */
export interface Entries {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

export interface FactMaps {
  readonly layout: typeof FACT_LAYOUT;
  entries(matched: boolean): Entries;
}

/** Each map is read when it is asked for, and once. */
export function factMaps(maps: Maps): FactMaps {
  const read = new Map<boolean, Entries>();
  return {
    layout: FACT_LAYOUT,
    entries(matched) {
      let entries = read.get(matched);
      if (entries === undefined) {
        entries = maps.get(matched ? 'facts' : 'strays').entries();
        read.set(matched, entries);
      }
      return entries;
    },
  };
}

/** CLOCK_MONOTONIC in nanoseconds, which the kernel's times are of. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint());
}
