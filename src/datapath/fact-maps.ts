/** The maps `facts` and `strays`, laid out as src/facts reads them, and their text. */
import { formatEntries, type Column, type EntryRows } from '#libbpf-ts';
import { SOURCES } from './constants.ts';
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

/** All of `facts` (`matched`) or of `strays`, in parts of about `size`: what changes meanwhile may be missed or come twice. */
export function factParts(maps: Maps, matched: boolean, size: number): Iterable<Entries> {
  return maps.get(matched ? 'facts' : 'strays').parts(size);
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

/** Titles of address, name, client, expiry, last use and source, and what any client is called. */
export interface FactWords {
  readonly titles: readonly [string, string, string, string, string, string];
  readonly any: string;
}

/** Words of the JSON shape, which is that of RdnsRow. */
const JSON_WORDS: FactWords = {
  titles: ['address', 'name', 'client', 'expires_in', 'last_seen', 'source'],
  any: 'null',
};

/** Facts as the text of a JSON array; a row is the index, then seconds until expiry and since the last use. */
export function factsAsJson(parts: readonly EntryRows[]): string {
  return format('json', JSON_WORDS, parts);
}

/** The same as a table. */
export function factsAsTable(parts: readonly EntryRows[], words: FactWords): string {
  return format('table', words, parts);
}

function format(style: 'table' | 'json', words: FactWords, parts: readonly EntryRows[]): string {
  const { keySize, valueSize } = FACT_LAYOUT;
  return formatEntries({ style, keySize, valueSize, columns: columnsOf(words) }, parts);
}

function columnsOf({ titles, any }: FactWords): readonly Column[] {
  const [address, name, client, expires, seen, source] = titles;
  const { nameLength: lengthOffset } = FACT_LAYOUT;
  return [
    { title: address, kind: 'address', keyOffset: FACT_LAYOUT.address },
    { title: name, kind: 'name', valueOffset: FACT_LAYOUT.name, lengthOffset },
    { title: client, kind: 'client', keyOffset: FACT_LAYOUT.client, any },
    { title: expires, kind: 'seconds', of: 'first' },
    { title: seen, kind: 'seconds', of: 'second' },
    { title: source, kind: 'choice', valueOffset: FACT_LAYOUT.source, texts: SOURCES },
  ];
}

/** CLOCK_MONOTONIC in nanoseconds, which the kernel's times are of. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint());
}
