/**
 * Addresses, clients and names as text: what model/ writes, but for ten thousand facts at once, as bytes of
 * one buffer. A test compares both.
 */
import { formatClient } from '../model/client.ts';
import { formatDomainName } from '../model/domain-name.ts';

const DOT = 0x2e;
const COLON = 0x3a;
/** 1 for the bytes of labels that need no escape and are no dot: the others are formatDomainName's. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[a-z0-9_-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
/** The longest text: a name of which every byte is escaped takes four characters a byte. */
const TEXT_MAX = 4 * 256;

export class FactTexts {
  private readonly out = Buffer.alloc(TEXT_MAX);
  /** Clients are few, so each is made once: by a hash, with the 16 bytes it is for. */
  private readonly clients: ({ bytes: Uint8Array; text: string | null } | undefined)[] =
    new Array<undefined>(256);

  /** A MAC address, an address, or null for any client; 16 bytes from `offset`. */
  client(bytes: Buffer, offset: number): string | null {
    const slot = (bytes[offset + 15] ?? 0) ^ (bytes[offset + 14] ?? 0);
    const known = this.clients[slot];
    if (known !== undefined && isSame(known.bytes, bytes, offset)) return known.text;
    const client = bytes.subarray(offset, offset + 16);
    const text = formatClient(client);
    this.clients[slot] = { bytes: client, text };
    return text;
  }

  /** The address in the 16 bytes from `offset`. */
  address(bytes: Buffer, offset: number): string {
    return this.out.toString('latin1', 0, writeAddress(this.out, 0, bytes, offset));
  }

  /** The name `bytes[start..end)`, in wire form without the root. */
  name(bytes: Buffer, start: number, end: number): string {
    const length = writeName(this.out, 0, bytes, start, end);
    if (length === -1) return formatDomainName(bytes.subarray(start, end));
    return this.out.toString('latin1', 0, length);
  }
}

/**
 * Writes the name `bytes[start..end)`, in wire form without the root, at `at`. Returns where it ends, or -1
 * for the root and for what needs escapes: formatDomainName knows then.
 */
export function writeName(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (start === end) return -1;
  // the first length byte has no dot
  let boundary = start + (bytes[start] ?? 0) + 1;
  const shift = at - start - 1;
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (i === boundary) {
      boundary = i + byte + 1;
      out[i + shift] = DOT;
    } else if (PLAIN[byte] === 1) {
      out[i + shift] = byte;
    } else {
      return -1;
    }
  }
  return end + shift;
}

function isSame(client: Uint8Array, bytes: Uint8Array, offset: number): boolean {
  // most differ in the last bytes
  for (let i = 15; i >= 0; i--) if (client[i] !== bytes[offset + i]) return false;
  return true;
}

/** Writes the 16 bytes from `offset` as RFC 5952 does, IPv4 without ::ffff:. Returns where it ends. */
export function writeAddress(
  out: Uint8Array,
  start: number,
  bytes: Uint8Array,
  offset: number,
): number {
  let at = start;
  // RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals
  let gap = -1;
  let longest = 1;
  let run = 0;
  for (let i = 0; i < 8; i++) {
    run = bytes[offset + 2 * i] === 0 && bytes[offset + 2 * i + 1] === 0 ? run + 1 : 0;
    if (run > longest) {
      longest = run;
      gap = i + 1 - run;
    }
  }
  if (gap === 0 && longest === 5 && bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff) {
    for (let i = 12; i < 16; i++) {
      if (i > 12) out[at++] = DOT;
      at = writeDecimal(out, at, bytes[offset + i] ?? 0);
    }
    return at;
  }
  for (let i = 0; i < 8; i++) {
    if (i === gap) {
      out[at++] = COLON;
      i += longest - 1;
      if (i === 7) out[at++] = COLON;
      continue;
    }
    if (i > 0) out[at++] = COLON;
    at = writeGroup(
      out,
      at,
      ((bytes[offset + 2 * i] ?? 0) << 8) | (bytes[offset + 2 * i + 1] ?? 0),
    );
  }
  return at;
}

/** Writes a text. Returns where it ends. */
export function append(out: Uint8Array, at: number, text: Uint8Array): number {
  out.set(text, at);
  return at + text.length;
}

/** Writes a whole number from 0 to 2^31 - 1. Returns where it ends. */
export function writeDecimal(out: Uint8Array, start: number, value: number): number {
  let length = 1;
  for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) length++;
  let rest = value;
  for (let at = start + length - 1; at >= start; at--) {
    const tens = (rest / 10) | 0;
    out[at] = 0x30 + rest - tens * 10;
    rest = tens;
  }
  return start + length;
}

function writeGroup(out: Uint8Array, start: number, group: number): number {
  let at = start;
  let shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;
  for (; shift >= 0; shift -= 4) {
    const digit = (group >> shift) & 0xf;
    out[at++] = digit + (digit < 10 ? 0x30 : 0x57);
  }
  return at;
}
