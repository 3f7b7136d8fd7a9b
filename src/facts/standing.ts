/** Which facts stand: picked from the bytes of the maps, without an object for each of ten thousand. */
import type { FactClock, FactEntries, FactLayout, FactStore } from './fact.ts';
import type { FactFilter } from './filter.ts';

const SECOND = 1e9;

/** Numbers of a row: the index of the entry, seconds until the fact stops to stand, seconds since its last use. */
export const ROW_NUMBERS = 3;

export interface StandingRows extends FactEntries {
  readonly matched: boolean;
  /** {@link ROW_NUMBERS} a fact. */
  readonly rows: Uint32Array;
}

/** The facts that stand and are asked for: of `facts` first, then of `strays`. */
export function standingRows(
  store: FactStore,
  filter: FactFilter,
  clock: FactClock,
): readonly StandingRows[] {
  let limit = filter.limit ?? Infinity;
  return [true, false].map((matched) => {
    const entries = store.entries(matched);
    const rows = pickRows(entries, store.layout, filter, clock, limit);
    limit -= rows.length / ROW_NUMBERS;
    return { ...entries, matched, rows };
  });
}

function pickRows(
  entries: FactEntries,
  layout: FactLayout,
  filter: FactFilter,
  { now, hold }: FactClock,
  limit: number,
): Uint32Array {
  const all =
    filter.name === undefined && filter.address === undefined && filter.client === undefined;
  const rows = new Uint32Array(ROW_NUMBERS * Math.min(entries.count, limit));
  const words = asWords(entries.values);
  let end = 0;
  for (let i = 0; i < entries.count && end < rows.length; i++) {
    const value = i * layout.valueSize;
    const lastSeen = readTime(words, (value + layout.lastSeen) >> 2);
    const until = Math.max(readTime(words, (value + layout.expires) >> 2), lastSeen + hold);
    if (now >= until || (!all && !isWanted(entries, i, layout, filter))) continue;
    rows[end++] = i;
    rows[end++] = wholeSeconds(until - now);
    rows[end++] = wholeSeconds(now - lastSeen);
  }
  return rows.subarray(0, end);
}

/** From 0 to 68 years. */
function wholeSeconds(nanoseconds: number): number {
  return Math.max(0, Math.min(nanoseconds / SECOND, 0x7fffffff)) | 0;
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

/** Does `bytes[offset..]` begin with all of `part`? */
function hasBytes(bytes: Uint8Array, offset: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[offset + i] !== part[i]) return false;
  return true;
}

/** Is the name `bytes[start..end)`, in wire form without the root, the one asked for, or below it? */
function hasName(
  bytes: Uint8Array,
  start: number,
  end: number,
  { wire, below }: NonNullable<FactFilter['name']>,
): boolean {
  const rest = end - wire.length;
  if (below ? rest < start : rest !== start) return false;
  // what lies before must end with a label's end, or www\7example would be found below "example"
  let label = start;
  while (label < rest) label += (bytes[label] ?? 0) + 1;
  return label === rest && hasBytes(bytes, rest, wire);
}
