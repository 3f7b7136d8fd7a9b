/** Addresses as 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
import { isIPv4, isIPv6 } from 'node:net';

/** The 16 bytes of an IPv4 or IPv6 address in text, or undefined. Zone ids are refused. */
export function parseAddress(text: string): Uint8Array | undefined {
  const address = new Uint8Array(16);
  if (isIPv4(text)) {
    address[10] = address[11] = 0xff;
    address.set(text.split('.').map(Number), 12);
    return address;
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const dotted = text.lastIndexOf('.') === -1 ? undefined : text.slice(text.lastIndexOf(':') + 1);
  const [head = '', tail] = text
    .slice(0, dotted === undefined ? undefined : text.length - dotted.length)
    .split('::');
  const groups = (part: string): number[] =>
    part.split(':').flatMap((group) => {
      if (group === '') return [];
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
  const end = [
    ...groups(tail ?? ''),
    ...(dotted === undefined ? [] : dotted.split('.').map(Number)),
  ];
  if (tail === undefined) {
    address.set([...groups(head), ...end]);
  } else {
    address.set(groups(head));
    address.set(end, 16 - end.length);
  }
  return address;
}

/** Is this IPv4, that is ::ffff:0:0/96? */
export function isMapped(address: Uint8Array): boolean {
  return address[10] === 0xff && address[11] === 0xff && isZero(address, 0, 10);
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The address as RFC 5952 writes it; IPv4 without the ::ffff: prefix. */
export function formatAddress(address: Uint8Array): string {
  if (isMapped(address)) {
    return `${String(address[12])}.${String(address[13])}.${String(address[14])}.${String(address[15])}`;
  }
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((address[i] ?? 0) << 8) | (address[i + 1] ?? 0));
  // RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
  }
  const hex = groups.map((group) => group.toString(16));
  if (start === -1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
