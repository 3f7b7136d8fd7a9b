/** Packet marks: unsigned 32 bit integers, of which a mask says whose bits are meant. */
import type { Mark } from './rule.ts';
import { ValueError } from './value.ts';

const ALL_BITS = 0xffffffff;

/**
 * `0x23/0xff`, `0x23` or `35`: value and mask as netifd's `option mark`, the mask all bits if there is none.
 * Throws ValueError, also when the value has bits outside the mask or the mask has none.
 */
export function parseMark(text: string): Mark {
  const slash = text.indexOf('/');
  const value = parseUnsigned(text, slash === -1 ? text : text.slice(0, slash));
  const mask = slash === -1 ? ALL_BITS : parseUnsigned(text, text.slice(slash + 1));
  if (mask === 0) throw invalid(text, 'mask has no bits');
  if ((value & ~mask) !== 0) throw invalid(text, 'value has bits outside the mask');
  return { value, mask };
}

/** `0x3f000000`: bits that lie side by side, at least one. Throws ValueError. */
export function parseMask(text: string): number {
  const mask = parseUnsigned(text, text);
  if (mask === 0) throw invalid(text, 'has no bits');
  const ones = maxIndex(mask);
  if ((ones & (ones + 1)) !== 0) throw invalid(text, 'has bits that do not lie side by side');
  return mask;
}

/** A mark or mask as `0x23`. */
export function formatMark(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** The mark of index `n` in the bits of a mask that {@link parseMask} took. Throws RangeError beyond them. */
export function markOfIndex(mask: number, n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > maxIndex(mask)) {
    throw new RangeError(
      `Cannot make mark ${n}: mask ${formatMark(mask)} ends at ${maxIndex(mask)}`,
    );
  }
  return (n << lowestBit(mask)) >>> 0;
}

/** The largest index that {@link markOfIndex} takes: all bits of the mask. */
export function maxIndex(mask: number): number {
  return mask >>> lowestBit(mask);
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function parseUnsigned(text: string, digits: string): number {
  if (!/^(?:0x[0-9a-f]{1,8}|0|[1-9]\d{0,9})$/i.test(digits)) {
    throw invalid(text, 'must be numbers such as 35, 0x23 or 0x23/0xff');
  }
  const value = Number(digits);
  if (value > ALL_BITS) throw invalid(text, 'is more than 32 bits');
  return value;
}

function invalid(text: string, reason: string): ValueError {
  return new ValueError('mark', text, reason);
}
