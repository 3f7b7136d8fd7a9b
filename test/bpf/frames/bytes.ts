/** Bytes on the wire: big-endian integers, text, the Internet checksum. */
import { isIPv4, isIPv6 } from 'node:net';

export type Bytes = Uint8Array;

export function concat(...parts: readonly Bytes[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u8(...values: readonly number[]): Uint8Array {
  return new Uint8Array(values);
}

export function u16(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  let at = 0;
  for (const value of values) {
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
  }
  return bytes;
}

export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const value of values) {
    view.setUint32(at, value);
    at += 4;
  }
  return bytes;
}

/** Hex digits; spaces and line ends between them are skipped. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s+/g, ''), 'hex'));
}

export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes).toString('hex');
}

const ADDRESSES = new Map<string, Uint8Array>();

/** 4 or 16 bytes of an address in text; not to be written to. */
export function address(text: string): Uint8Array {
  let bytes = ADDRESSES.get(text);
  if (bytes === undefined) ADDRESSES.set(text, (bytes = parse(text)));
  return bytes;
}

function parse(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text)) throw new RangeError(`Cannot read the address '${text}': it is none`);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  return u16(...front, ...zeros, ...back);
}

/** `02:00:00:00:00:01` */
export function mac(text: string): Uint8Array {
  return hex(text.replaceAll(':', ''));
}

/** RFC 1071: the one's complement of the one's complement sum of 16-bit words. */
export function checksum(bytes: Bytes): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
