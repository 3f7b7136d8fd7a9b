/** Names of list files: bytes of a line to wire form, a million of them without making an object. */
import { parseDomainName } from '../model/domain-name.ts';
import { ValueError } from '../model/value.ts';

const LABEL_MAX = 63;
/** 255 bytes without the root's (RFC 1035 §2.3.4). */
export const WIRE_MAX = 254;
const DOT = 0x2e;

/** The lower-cased byte for what names consist of, else 0; 1 for a dot. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code === DOT) return 1;
  const character = String.fromCharCode(code).toLowerCase();
  return /[a-z0-9_-]/.test(character) ? character.charCodeAt(0) : 0;
});

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/**
 * Writes the wire form, without the root, of the ASCII name `line[start..end)` into `out`, which has at least
 * 512 bytes. The number of bytes, or -1 for all that is not plain: {@link parseName} knows then.
 */
export function encodeName(line: Uint8Array, start: number, end: number, out: Uint8Array): number {
  const last = line[end - 1] === DOT ? end - 1 : end;
  // ends in a digit: could be an IPv4 address
  if (last <= start || last - start >= WIRE_MAX || isDigit(line[last - 1] ?? 0)) return -1;
  let label = 0;
  let at = 1;
  for (let i = start; i < last; i++) {
    const byte = FOLDED[line[i] ?? 0] ?? 0;
    if (byte > 1) {
      out[at++] = byte;
      continue;
    }
    const length = at - label - 1;
    if (byte === 0 || length === 0 || length > LABEL_MAX) return -1;
    out[label] = length;
    label = at++;
  }
  const length = at - label - 1;
  if (length === 0 || length > LABEL_MAX) return -1;
  out[label] = length;
  return at;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The same for any name: the number of bytes, or what is wrong with it. */
export function parseName(
  line: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number | string {
  let text: string;
  try {
    text = UTF8.decode(line.subarray(start, end));
  } catch {
    return 'is not UTF-8';
  }
  try {
    const name = parseDomainName(text);
    out.set(name);
    return name.length;
  } catch (error) {
    if (error instanceof ValueError) return error.reason;
    throw error;
  }
}
