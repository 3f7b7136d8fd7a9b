/** Reading one list file: lines out of chunks, the limits of D1, and what was wrong where. */
import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import type { DomainList } from '../model/rule.ts';
import { printable } from '../model/value.ts';
import {
  isBlank,
  LINE_DECODERS,
  type LineDecoder,
  type ListFormat,
  type NameSink,
} from './list-formats.ts';
import { encodeName, parseName } from './wire-name.ts';

/** Bytes of a file (D1). */
export const FILE_MAX = 64 * 1024 * 1024;
/** Bytes of a line, without its end (D1). */
export const LINE_MAX = 512;
/** Bad lines that are told one by one. */
const SAMPLES_MAX = 5;

/** The bytes of a file in pieces of any size; a piece need not last until after the next. */
export interface ListContent extends Iterable<Uint8Array> {
  /** About how many there are, if that is known. */
  readonly bytes?: number;
}

/** A list that can be read: it has a file, and a format that is known. */
export interface ListFile {
  readonly section: string;
  readonly file: string;
  readonly format: ListFormat;
  readonly allowTld: boolean;
}

export interface BadLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What was read, and what is wrong with it; printable. */
  readonly reason: string;
}

export interface ListReport {
  readonly section: string;
  readonly file: string;
  /** Names that were taken, twice if they are there twice. */
  readonly names: number;
  /** Lines of the format that name no domain. */
  readonly skipped: number;
  /** Lines that are not of the format, or with a name that no rule may have. */
  readonly bad: number;
  /** The first bad lines. */
  readonly samples: readonly BadLine[];
}

/** Takes a name, `wire[0..length)`, without the root; the bytes change after the call. Undefined, or why not. */
export type TakeName = (wire: Uint8Array, length: number, exact: boolean) => string | undefined;

/** A list, if it can be read; else the option that says no, and why. */
export function listFile(
  list: DomainList,
): ListFile | { readonly option: string; readonly reason: string } {
  const { section, file, format, allowTld } = list;
  if (format === 'geosite') {
    return { option: 'format', reason: 'cannot be read yet: use plain, hosts, dnsmasq or adblock' };
  }
  if (file !== undefined) return { section, file, format, allowTld };
  return list.url === undefined
    ? { option: 'file', reason: 'is missing' }
    : { option: 'url', reason: "is fetched by the daemon; set option 'file'" };
}

/**
 * Reads a list and hands each name to `take`. Throws DomainrouteError 'config' if the file cannot be read or
 * has a line over {@link LINE_MAX}, 'full' if it is over {@link FILE_MAX}.
 */
export function readNames(
  list: ListFile,
  chunks: (file: string) => Iterable<Uint8Array>,
  take: TakeName,
): ListReport {
  const names = new NameReader(list, take);
  try {
    eachLine(chunks(list.file), names);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const state = errnoOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
    throw new DomainrouteError('config', `${cannotRead(list)}: ${state}`, { cause: error });
  }
  return names.report();
}

function cannotRead({ section, file }: ListFile): string {
  return `Cannot read list '${section}' from '${printable(file)}'`;
}

/** Decodes lines and keeps the account of them. */
class NameReader implements NameSink {
  line = 0;
  private readonly list: ListFile;
  private readonly take: TakeName;
  private readonly decode: LineDecoder;
  private readonly wire = new Uint8Array(LINE_MAX + 1);
  private names = 0;
  private skipped = 0;
  private badLines = 0;
  private lastBad = 0;
  private readonly samples: BadLine[] = [];

  constructor(list: ListFile, take: TakeName) {
    this.list = list;
    this.take = take;
    this.decode = LINE_DECODERS[list.format];
  }

  /** One line, without its end. */
  read(bytes: Uint8Array, from: number, to: number): void {
    this.line++;
    let start = this.line === 1 && isMarked(bytes, from) ? from + 3 : from;
    let end = bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    const tooLong = end - start > LINE_MAX;
    while (start < end && isBlank(bytes[start] ?? 0)) start++;
    while (start < end && isBlank(bytes[end - 1] ?? 0)) end--;
    if (tooLong) this.tooLong(bytes[start] ?? 0);
    else if (start < end) this.decode(bytes, start, end, this);
  }

  name(line: Uint8Array, start: number, end: number, exact: boolean): void {
    let length: number | string = encodeName(line, start, end, this.wire);
    if (length === -1) length = parseName(line, start, end, this.wire);
    const reason = typeof length === 'string' ? length : this.take(this.wire, length, exact);
    if (reason === undefined) this.names++;
    else this.bad(`'${printable(Buffer.from(line.subarray(start, end)).toString())}' ${reason}`);
  }

  skip(): void {
    this.skipped++;
  }

  bad(reason: string): void {
    if (this.lastBad === this.line) return;
    this.lastBad = this.line;
    this.badLines++;
    if (this.samples.length < SAMPLES_MAX) {
      this.samples.push({ file: this.list.file, line: this.line, reason });
    }
  }

  /** The file has reached {@link FILE_MAX}. */
  tooLarge(): never {
    throw new DomainrouteError('full', `${cannotRead(this.list)}: more than 64 MiB`);
  }

  report(): ListReport {
    const { section, file } = this.list;
    const { names, skipped, samples } = this;
    return { section, file, names, skipped, bad: this.badLines, samples };
  }

  /** Comments may be long, and so may be what an adblock list has besides names. */
  private tooLong(first: number): void {
    if (first === 0x23) return;
    if (this.list.format === 'adblock') {
      this.skip();
      return;
    }
    throw new DomainrouteError(
      'config',
      `${cannotRead(this.list)}: line ${this.line} has more than ${LINE_MAX} bytes`,
    );
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts chunks into lines. A line that lies in two chunks is put together in `rest`. */
function eachLine(chunks: Iterable<Uint8Array>, names: NameReader): void {
  // what is over LINE_MAX need not be kept, only noticed; 4 bytes for the mark and a carriage return
  const rest = new Uint8Array(LINE_MAX + 5);
  let kept = 0;
  let open = false;
  let total = 0;
  for (const chunk of chunks) {
    let start = 0;
    total += chunk.length;
    if (total > FILE_MAX) names.tooLarge();
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (open || end === -1) {
        const part = chunk.subarray(start, end === -1 ? chunk.length : end);
        const fits = part.subarray(0, rest.length - kept);
        rest.set(fits, kept);
        kept += fits.length;
        open = open || part.length > 0;
      }
      if (end === -1) break;
      if (open) names.read(rest, 0, kept);
      else names.read(chunk, start, end);
      open = false;
      kept = 0;
      start = end + 1;
    }
  }
  if (open) names.read(rest, 0, kept);
}

/** UTF-8's byte order mark, which editors put before the first line. */
function isMarked(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
}
