/** The formats of list files: what names a line has. Lines come trimmed, neither empty nor too long. */
import type { DomainList } from '../model/rule.ts';

/** Where a decoder puts what it finds. */
export interface NameSink {
  /** The text of a name, `line[start..end)`. */
  name(line: Uint8Array, start: number, end: number, exact: boolean): void;
  /** The line is of the format, but says nothing that a rule could. */
  skip(): void;
  /** The line is not of the format. */
  bad(reason: string): void;
}

export type LineDecoder = (line: Uint8Array, start: number, end: number, sink: NameSink) => void;

export type ListFormat = Exclude<DomainList['format'], 'geosite'>;

const HASH = 0x23;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const DOT = 0x2e;
const PIPE = 0x7c;
const CARET = 0x5e;

/** Space, tab and the other controls that end a line somewhere; not NUL. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function wordEnd(line: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && !isBlank(line[i] ?? 0)) i++;
  return i;
}

function wordStart(line: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && isBlank(line[i] ?? 0)) i++;
  return i;
}

/** `example.com`, `=www.example.org`; what follows a name must be a comment. */
function plain(line: Uint8Array, start: number, end: number, sink: NameSink): void {
  if (line[start] === HASH) return;
  const exact = line[start] === EQUALS;
  const stop = wordEnd(line, start, end);
  if (stop < end && line[wordStart(line, stop, end)] !== HASH) {
    sink.bad('has more than one word');
    return;
  }
  sink.name(line, exact ? start + 1 : start, stop, exact);
}

/** hosts(5): an address, then names. A name without a dot is the machine's own. */
function hosts(line: Uint8Array, start: number, end: number, sink: NameSink): void {
  if (line[start] === HASH) return;
  let stop = wordEnd(line, start, end);
  if (!isAddress(line, start, stop)) {
    sink.bad('does not begin with an address');
    return;
  }
  let found = false;
  for (let word = wordStart(line, stop, end); word < end; word = wordStart(line, stop, end)) {
    if (line[word] === HASH) break;
    stop = wordEnd(line, word, end);
    const dot = line.indexOf(DOT, word);
    if (dot === -1 || dot >= stop) continue;
    found = true;
    sink.name(line, word, stop, false);
  }
  if (!found) sink.skip();
}

/** Of the characters of an IPv4 or IPv6 address, and with one that no hexadecimal number has. */
function isAddress(line: Uint8Array, start: number, end: number): boolean {
  let divided = false;
  for (let i = start; i < end; i++) {
    const byte = line[i] ?? 0;
    if (byte === DOT || byte === 0x3a) divided = true;
    else if (byte === 0x25)
      return divided; // zone id
    else if (!/[0-9a-f]/i.test(String.fromCharCode(byte))) return false;
  }
  return divided;
}

const DNSMASQ_OPTIONS: readonly Uint8Array[] = [
  'server=/',
  'address=/',
  'ipset=/',
  'nftset=/',
  'local=/',
].map((option) => Buffer.from(option));

/** dnsmasq(8): `server=/name/name/what`, and the other options that take names so. */
function dnsmasq(line: Uint8Array, start: number, end: number, sink: NameSink): void {
  if (line[start] === HASH) return;
  const option = DNSMASQ_OPTIONS.find((text) => startsWith(line, start, end, text));
  if (option === undefined) {
    sink.skip();
    return;
  }
  let name = start + option.length;
  let found = false;
  for (let i = name; i < end; i++) {
    if (line[i] !== SLASH) continue;
    // "//" stands for names without a dot; a leading dot changes nothing
    if (i > name) {
      found = true;
      sink.name(line, line[name] === DOT ? name + 1 : name, i, false);
    }
    name = i + 1;
  }
  if (!found) sink.skip();
}

function startsWith(line: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (line[start + i] !== text[i]) return false;
  return true;
}

/** `||example.com^` and nothing else: filters of URLs, exceptions and conditions are not about names. */
function adblock(line: Uint8Array, start: number, end: number, sink: NameSink): void {
  const first = line[start];
  if (first === 0x21 || first === 0x5b || first === HASH) return; // '!', '[', '#'
  if (first !== PIPE || line[start + 1] !== PIPE || line[end - 1] !== CARET) {
    sink.skip();
    return;
  }
  for (let i = start + 2; i < end - 1; i++) {
    const byte = line[i];
    // '/', '*', '^', '$', ':': more than a name
    if (byte === SLASH || byte === 0x2a || byte === CARET || byte === 0x24 || byte === 0x3a) {
      sink.skip();
      return;
    }
  }
  sink.name(line, start + 2, end - 1, false);
}

export const LINE_DECODERS: Readonly<Record<ListFormat, LineDecoder>> = {
  plain,
  hosts,
  dnsmasq,
  adblock,
};
