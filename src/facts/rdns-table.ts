/** The rows of `rdns` as a table, from the bytes of the maps to one string, as rdns-json.ts does it. */
import { formatDomainName } from '../model/domain-name.ts';
import { FACT_SOURCES, factSource, type FactClock, type FactStore } from './fact.ts';
import type { FactFilter } from './filter.ts';
import { eachStanding, type EntryBuffers } from './read.ts';
import { append, FactTexts, writeAddress, writeName } from './text.ts';

export interface TableWords {
  /** Titles of address, name, client, expiry, last use and source. */
  readonly header: readonly [string, string, string, string, string, string];
  /** What any client is called. */
  readonly any: string;
  readonly duration: (seconds: number) => string;
}

/** One row a line under a header, columns as wide as their widest cell, two spaces between them. */
export function rdnsTable(
  store: FactStore,
  filter: FactFilter,
  clock: FactClock,
  { header, any, duration }: TableWords,
): string {
  const cells = new Cells(any, duration);
  const { layout } = store;
  header.forEach((title) => cells.text(title));
  eachStanding(store, filter, clock, (entries, key, value, nameEnd, expiresIn, lastSeen) => {
    cells.address(entries, key + layout.address);
    cells.name(entries, value + layout.name, nameEnd);
    cells.client(entries, key + layout.client);
    cells.seconds(expiresIn);
    cells.seconds(lastSeen);
    cells.source(entries.values[value + layout.source] ?? 0);
  });
  return cells.join();
}

const COLUMNS = 6;
const SPACE = 0x20;

/** A cell at its longest: a name of 255 bytes as \DDD. */
const CELL_MAX = 1024;
const GAP = 2;
const LINE_FEED = 0x0a;

/** Cells of a table, row by row, in one buffer. */
class Cells {
  private bytes = Buffer.allocUnsafe(1 << 16);
  /** Where each cell ends. */
  private ends = new Int32Array(1 << 10);
  private count = 0;
  private at = 0;
  private readonly any: string;
  private readonly duration: (seconds: number) => string;
  private readonly texts = new FactTexts();
  /** Each text is made once: many facts are as old as others. */
  private readonly durations = new Map<number, Uint8Array>();
  private readonly clients = new Map<string | null, Uint8Array>();
  private readonly sources = FACT_SOURCES.map((source) => Buffer.from(source));

  constructor(any: string, duration: (seconds: number) => string) {
    this.any = any;
    this.duration = duration;
  }

  address({ keys }: EntryBuffers, offset: number): void {
    this.reserve();
    this.end(writeAddress(this.bytes, this.at, keys, offset));
  }

  name({ values }: EntryBuffers, start: number, end: number): void {
    this.reserve();
    const at = writeName(this.bytes, this.at, values, start, end);
    if (at === -1) this.text(formatDomainName(values.subarray(start, end)));
    else this.end(at);
  }

  client({ keys }: EntryBuffers, offset: number): void {
    const client = this.texts.client(keys, offset);
    let text = this.clients.get(client);
    if (text === undefined) {
      text = Buffer.from(client ?? this.any, 'latin1');
      this.clients.set(client, text);
    }
    this.copy(text);
  }

  seconds(seconds: number): void {
    let text = this.durations.get(seconds);
    if (text === undefined) {
      text = Buffer.from(this.duration(seconds), 'latin1');
      this.durations.set(seconds, text);
    }
    this.copy(text);
  }

  source(number: number): void {
    const text = this.sources[number];
    if (text === undefined) this.text(factSource(number));
    else this.copy(text);
  }

  text(text: string): void {
    this.reserve();
    this.end(this.at + this.bytes.write(text, this.at, 'latin1'));
  }

  /** All rows, their cells as wide as their columns; nothing follows the last one. */
  join(): string {
    const widths = this.widths();
    const lineMax = widths.reduce((sum, width) => sum + width + GAP, 0);
    const out = Buffer.allocUnsafe((this.count / COLUMNS) * lineMax);
    let at = 0;
    let start = 0;
    for (let i = 0; i < this.count; i++) {
      const end = this.ends[i] ?? 0;
      const column = i % COLUMNS;
      const next = at + (widths[column] ?? 0) + GAP;
      while (start < end) out[at++] = this.bytes[start++] ?? 0;
      if (column === COLUMNS - 1) out[at++] = LINE_FEED;
      else while (at < next) out[at++] = SPACE;
    }
    return out.toString('latin1', 0, at);
  }

  private widths(): readonly number[] {
    const widths = new Array<number>(COLUMNS).fill(0);
    let start = 0;
    for (let i = 0; i < this.count; i++) {
      const end = this.ends[i] ?? 0;
      const column = i % COLUMNS;
      if (end - start > (widths[column] ?? 0)) widths[column] = end - start;
      start = end;
    }
    return widths;
  }

  private copy(text: Uint8Array): void {
    this.reserve();
    this.end(append(this.bytes, this.at, text));
  }

  private end(at: number): void {
    this.at = at;
    this.ends[this.count++] = at;
  }

  private reserve(): void {
    if (this.at + CELL_MAX > this.bytes.length) {
      const bytes = Buffer.allocUnsafe(this.bytes.length * 2);
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    if (this.count === this.ends.length) {
      const ends = new Int32Array(this.ends.length * 2);
      ends.set(this.ends);
      this.ends = ends;
    }
  }
}
