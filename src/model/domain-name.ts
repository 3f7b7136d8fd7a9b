/**
 * Domain names in wire form (RFC 1035 §3.1): labels, each behind its length byte, lower-cased, without the
 * root's byte; the root itself is empty.
 */
import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { DomainPattern } from './rule.ts';
import { ValueError } from './value.ts';

/** RFC 1035 §2.3.4. */
const LABEL_MAX = 63;
/** Characters without a trailing dot: 255 bytes, less the first length byte and the root's (RFC 1035 §2.3.4). */
const TEXT_MAX = 253;

/** Lower-cased letters, digits, hyphen and underscore by character code; 0 for what no name of ours has. */
const FOLDED = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code).toLowerCase();
  return /[a-z0-9_-]/.test(character) ? character.charCodeAt(0) : 0;
});

/**
 * The wire form of `Example.com`, `example.com.` or `bücher.example` (as punycode, RFC 5891); `.` is the root.
 * Labels have letters, digits, hyphens and underscores; escapes (`\DDD`) are not read. Throws ValueError.
 */
export function parseDomainName(text: string): Uint8Array {
  if (text === '.') return new Uint8Array(0);
  return encode(text, isAscii(text) ? text : toAscii(text));
}

/**
 * One domain of a rule: `example.com` is the name and all below it, `=example.com` the name alone, `.` every
 * name. Throws ValueError.
 */
export function parseDomainPattern(text: string): DomainPattern {
  const exact = text.startsWith('=');
  const name = exact ? text.slice(1) : text;
  if (exact && name === '.')
    throw invalid(text, "the root alone is no destination: '.' is the default rule");
  for (const prefix of ['*.', '.']) {
    if (!exact && name !== '.' && name.startsWith(prefix)) {
      throw invalid(text, `leading '${prefix}' is not needed: a name stands for all below it, too`);
    }
  }
  return { name: parseDomainName(name), exact };
}

/** The inverse of {@link parseDomainPattern}; an IDN stays punycode. */
export function formatDomainPattern({ name, exact }: DomainPattern): string {
  return (exact ? '=' : '') + formatDomainName(name);
}

/**
 * A name as text without a trailing dot, the root as `.`. A dot or backslash inside a label becomes `\.` or
 * `\\`, other bytes outside of 0x21 to 0x7e `\DDD` (RFC 1035 §5.1, RFC 4343 §2.1).
 */
export function formatDomainName(wire: Uint8Array): string {
  const labels = labelsOf(wire);
  return labels.length === 0 ? '.' : labels.map(formatLabel).join('.');
}

function formatLabel(label: Uint8Array): string {
  let text = '';
  for (const byte of label) {
    const character = String.fromCharCode(byte);
    if (character === '.' || character === '\\') text += `\\${character}`;
    else if (byte > 0x20 && byte < 0x7f) text += character;
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

/** The labels from left to right, without their length bytes, as views. Throws RangeError as {@link countLabels}. */
export function labelsOf(wire: Uint8Array): Uint8Array[] {
  const labels: Uint8Array[] = [];
  eachLabel(wire, (start, end) => labels.push(wire.subarray(start, end)));
  return labels;
}

/** How many labels. Throws RangeError where the bytes are no name, see {@link isDomainName}. */
export function countLabels(wire: Uint8Array): number {
  let count = 0;
  eachLabel(wire, () => count++);
  return count;
}

/** Are these bytes a name in wire form, of any case, with or without the root's byte? */
export function isDomainName(wire: Uint8Array): boolean {
  return endOfName(wire, () => undefined) !== undefined;
}

function eachLabel(wire: Uint8Array, visit: (start: number, end: number) => void): void {
  if (endOfName(wire, visit) === undefined)
    throw new RangeError('Cannot read name: not in wire form');
}

/** Where the labels end, or undefined. What a root's byte ends must end there. */
function endOfName(
  wire: Uint8Array,
  visit: (start: number, end: number) => void,
): number | undefined {
  let offset = 0;
  while (offset < wire.length) {
    const length = wire[offset] ?? 0;
    if (length === 0) break;
    const end = offset + 1 + length;
    if (length > LABEL_MAX || end > wire.length) return undefined;
    visit(offset + 1, end);
    offset = end;
  }
  return wire.length - offset <= 1 && offset <= TEXT_MAX + 1 ? offset : undefined;
}

/** `text` is what the user wrote, `absolute` the same with punycode, and maybe with the root's dot. */
function encode(text: string, absolute: string): Uint8Array {
  if (absolute === '') throw invalid(text, 'is empty');
  const ascii = absolute.endsWith('.') ? absolute.slice(0, -1) : absolute;
  if (isIPv4(ascii)) throw invalid(text, 'is an address, not a name');
  const { length } = ascii;
  if (length > TEXT_MAX) throw invalid(text, `is longer than ${TEXT_MAX} characters`);
  const wire = new Uint8Array(length + 1);
  let start = 0;
  for (let i = 0; i <= length; i++) {
    if (i < length && ascii[i] !== '.') {
      const byte = FOLDED[ascii.charCodeAt(i)] ?? 0;
      if (byte === 0) throw invalid(text, `has ${describe(ascii, i)}`);
      wire[i + 1] = byte;
      continue;
    }
    if (i === start) throw invalid(text, 'has an empty label');
    if (i - start > LABEL_MAX)
      throw invalid(text, `has a label longer than ${LABEL_MAX} characters`);
    wire[start] = i - start;
    start = i + 1;
  }
  return wire;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** RFC 3490 §3.1: what divides labels besides U+002E. */
const DOTS = /[\u3002\uff0e\uff61]/g;

/**
 * Labels that are not ASCII as punycode. Others are not shown to domainToASCII: it decodes %41, turns numbers
 * into addresses and has its own mind about hyphens; the label behind keeps it from seeing a number at the end.
 */
function toAscii(text: string): string {
  if (text.length > 4 * TEXT_MAX) throw invalid(text, `is longer than ${TEXT_MAX} characters`);
  const labels = text.replace(DOTS, '.').split('.');
  const ascii = labels.map((label) => {
    if (isAscii(label)) return label;
    for (let i = 0; i < label.length; i++) {
      if (FOLDED[label.charCodeAt(i)] === 0) throw invalid(text, `has ${describe(label, i)}`);
    }
    const [converted = '', behind, ...more] = domainToASCII(`${label}.x`).split('.');
    if (converted === '' || behind !== 'x' || more.length > 0) {
      throw invalid(text, 'has characters that no internationalized name may have');
    }
    return converted;
  });
  return ascii.join('.');
}

function describe(text: string, index: number): string {
  switch (text.charAt(index)) {
    case ' ':
      return 'a space';
    case '\\':
      return 'a backslash: escapes are not read';
    case '*':
      return "a '*': a name stands for all below it already";
    default: {
      const code = text.charCodeAt(index);
      return code < 0x20 || code === 0x7f
        ? 'a control character'
        : `the character '${text.charAt(index)}'`;
    }
  }
}

function invalid(text: string, reason: string): ValueError {
  return new ValueError('domain name', text, reason);
}
