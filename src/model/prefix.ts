/** Address prefixes, on the 16 bytes of an address. */
import { formatAddress, isMapped, parseAddress } from './address.ts';

export interface Prefix {
  /** 16 bytes; bits behind `length` are zero. */
  readonly address: Uint8Array;
  /** 0 to 128; an IPv4 prefix of n bits has 96 + n. */
  readonly length: number;
}

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone; undefined if it is none of them. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash === -1) return { address, length: 128 };
  const bits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits)) return undefined;
  const length = Number(bits) + (text.includes(':') ? 0 : 96);
  return length > 128 ? undefined : prefixOf(address, length);
}

/** The prefix that an address is in. */
export function prefixOf(address: Uint8Array, length: number): Prefix {
  const mask = (i: number): number => 0xff00 >> Math.min(8, Math.max(0, length - 8 * i));
  return { address: address.map((byte, i) => byte & mask(i)), length };
}

/** The inverse of {@link parsePrefix}; a whole address without its length. */
export function formatPrefix({ address, length }: Prefix): string {
  if (length === 128) return formatAddress(address);
  return `${formatAddress(address)}/${isMapped(address) ? length - 96 : length}`;
}
