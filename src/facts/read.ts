/** Reading facts: those that stand, filtered, as objects or as the rows of `domainroute rdns`. */
import {
  factAt,
  factSource,
  validUntil,
  type Fact,
  type FactClock,
  type FactEntries,
  type FactLayout,
  type FactSource,
  type FactStore,
} from './fact.ts';
import { hasBytes, hasName, type FactFilter } from './filter.ts';
import { FactTexts } from './text.ts';

const SECOND = 1e9;

/** A row of `rdns`: the JSON shape of the command line and of ubus. */
export interface RdnsRow {
  readonly address: string;
  readonly name: string;
  /** A MAC address or an address; null for any. */
  readonly client: string | null;
  /** Whole seconds until the fact stops to stand. */
  readonly expires_in: number;
  /** Whole seconds since its last use. */
  readonly last_seen: number;
  readonly source: FactSource;
}

/** The facts that stand, those that rules matched first. */
export function readFacts(store: FactStore, filter: FactFilter, clock: FactClock): Fact[] {
  const facts: Fact[] = [];
  for (const matched of [true, false]) {
    const entries = store.entries(matched);
    for (let i = 0; i < entries.count; i++) {
      if (facts.length === filter.limit) return facts;
      if (!isWanted(entries, i, store.layout, filter)) continue;
      const fact = factAt(entries, i, store.layout, matched);
      if (clock.now < validUntil(fact, clock)) facts.push(fact);
    }
  }
  return facts;
}

/** The same facts as rows. For many of them rdns-json.ts and rdns-table.ts are faster. */
export function readRdns(store: FactStore, filter: FactFilter, clock: FactClock): RdnsRow[] {
  const rows: RdnsRow[] = [];
  const texts = new FactTexts();
  const { layout } = store;
  eachStanding(store, filter, clock, ({ keys, values }, key, value, nameEnd, left, seen) => {
    rows.push({
      address: texts.address(keys, key + layout.address),
      name: texts.name(values, value + layout.name, nameEnd),
      client: texts.client(keys, key + layout.client),
      expires_in: left,
      last_seen: seen,
      source: factSource(values[value + layout.source] ?? 0),
    });
  });
  return rows;
}

/** A map's keys and values as Buffers, which make strings in one call. */
export interface EntryBuffers {
  readonly keys: Buffer;
  readonly values: Buffer;
}

/**
 * Hands over the facts that stand, those that rules matched first: where the key and the value begin, where the
 * name ends, the whole seconds until the fact stops to stand and those since its last use.
 */
export function eachStanding(
  store: FactStore,
  filter: FactFilter,
  { now, hold }: FactClock,
  visit: (
    entries: EntryBuffers,
    key: number,
    value: number,
    nameEnd: number,
    expiresIn: number,
    lastSeen: number,
  ) => void,
): void {
  const { layout } = store;
  const limit = filter.limit ?? Infinity;
  const all =
    filter.name === undefined && filter.address === undefined && filter.client === undefined;
  let count = 0;
  for (const matched of [true, false]) {
    const entries = store.entries(matched);
    const buffers = { keys: asBuffer(entries.keys), values: asBuffer(entries.values) };
    const { values } = entries;
    const words = asWords(values);
    for (let i = 0; i < entries.count && count < limit; i++) {
      if (!all && !isWanted(entries, i, layout, filter)) continue;
      const value = i * layout.valueSize;
      const lastSeen = readTime(words, (value + layout.lastSeen) >> 2);
      const until = Math.max(readTime(words, (value + layout.expires) >> 2), lastSeen + hold);
      if (now >= until) continue;
      count++;
      visit(
        buffers,
        i * layout.keySize,
        value,
        value + layout.name + nameLength(values, value, layout),
        wholeSeconds(until - now),
        wholeSeconds(now - lastSeen),
      );
    }
  }
}

/** From 0 to 68 years: integers of 31 bits need no memory of their own. */
function wholeSeconds(nanoseconds: number): number {
  return Math.max(0, Math.min(nanoseconds / SECOND, 0x7fffffff)) | 0;
}

function isWanted(
  { keys, values }: FactEntries,
  index: number,
  layout: FactLayout,
  { address, client, name }: FactFilter,
): boolean {
  const key = index * layout.keySize;
  if (address !== undefined && !hasBytes(keys, key + layout.address, address)) return false;
  if (client !== undefined && !hasBytes(keys, key + layout.client, client)) return false;
  if (name === undefined) return true;
  const value = index * layout.valueSize;
  const start = value + layout.name;
  return hasName(values, start, start + nameLength(values, value, layout), name);
}

/** Without the root's byte. */
function nameLength(values: Uint8Array, value: number, { nameLength: at }: FactLayout): number {
  return Math.max((values[value + at] ?? 0) + (values[value + at + 1] ?? 0) * 256 - 1, 0);
}

/** Little-endian machines only, as all of the data path. */
function readTime(words: Uint32Array, index: number): number {
  return (words[index] ?? 0) + (words[index + 1] ?? 0) * 0x1_0000_0000;
}

/** The same bytes; a copy, if they do not begin at a multiple of 4. */
function asWords(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, byteLength } =
    bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint32Array(buffer, byteOffset, byteLength >> 2);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
