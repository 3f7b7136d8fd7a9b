/**
 * Network layer reachability information: prefixes back to back, each a length in bits and as many bytes as
 * these fill (RFC 4271 §4.3). A field of them stays bytes as long as nobody asks for the prefixes.
 */
import type { Prefix } from '../model/prefix.ts';
import type { Family } from './constants.ts';

/** Bits before an IPv4 address in the 16 bytes of `model/`. */
const MAPPED_BITS = 96;

/** Longest prefix of one: its length and 16 bytes. */
export const MAX_NLRI_LENGTH = 17;

/** Is the field whole prefixes, none of them longer than an address? RFC 7606 §5.3. */
export function isNlri(field: Uint8Array, family: Family): boolean {
  const most = family === 4 ? 32 : 128;
  let offset = 0;
  while (offset < field.length) {
    const length = field[offset] ?? 0;
    if (length > most) return false;
    offset += 1 + ((length + 7) >> 3);
  }
  return offset === field.length;
}

/** The prefixes of a field that {@link isNlri}; bits behind the length count for nothing. */
export function decodeNlri(field: Uint8Array, family: Family): readonly Prefix[] {
  const prefixes: Prefix[] = [];
  for (let offset = 0; offset < field.length;) {
    const bits = field[offset] ?? 0;
    const size = (bits + 7) >> 3;
    const address = new Uint8Array(16);
    if (family === 4) address[10] = address[11] = 0xff;
    const start = family === 4 ? 12 : 0;
    address.set(field.subarray(offset + 1, offset + 1 + size), start);
    if (bits % 8 !== 0) {
      const last = start + size - 1;
      address[last] = (address[last] ?? 0) & (0xff00 >> (bits % 8));
    }
    prefixes.push({ address, length: bits + (family === 4 ? MAPPED_BITS : 0) });
    offset += 1 + size;
  }
  return prefixes;
}

/** Writes a prefix at `offset` and returns where it ends. `length` is that of `model/`: IPv4 from 96 on. */
export function writeNlri(
  to: Uint8Array,
  offset: number,
  family: Family,
  address: Uint8Array,
  length: number,
): number {
  const bits = family === 4 ? length - MAPPED_BITS : length;
  const start = family === 4 ? 12 : 0;
  const size = (bits + 7) >> 3;
  to[offset] = bits;
  for (let i = 0; i < size; i++) to[offset + 1 + i] = address[start + i] ?? 0;
  return offset + 1 + size;
}
