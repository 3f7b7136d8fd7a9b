/**
 * Blob attributes (libubox blob.h): a big-endian word, then the payload, then zeros up to a multiple of 4.
 *
 *   bit 31     30..24   23..0
 *   extended   id       length of word and payload, without the zeros
 *
 * What encloses an attribute counts its zeros, too.
 */
import { writeUtf8 } from './text.ts';

export const WORD = 4;
/** Of an extended attribute the payload begins with a name (blobmsg). */
export const EXTENDED = 0x80;
const LENGTH_MASK = 0xff_ffff;

export function pad(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Calls `visit` for every attribute of bytes[start..end), with the first byte (id, and EXTENDED) and where its payload
 * is. As in libubox, one that does not fit with its zeros ends the sequence.
 */
export function forEachAttribute(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (tag: number, from: number, to: number) => void,
): void {
  let offset = start;
  while (end - offset >= WORD) {
    const word = bytes.readUInt32BE(offset);
    const length = word & LENGTH_MASK;
    if (length < WORD || pad(length) > end - offset) return;
    visit(word >>> 24, offset + WORD, offset + length);
    offset += pad(length);
  }
}

/** One growing buffer; the length of what encloses is written when it is closed. */
export class BlobWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; the writer is not to be used any more. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins an attribute; what is written until `close` is its payload. */
  open(tag: number): number {
    const start = this.#length;
    this.#reserve(WORD);
    this.#bytes[start] = tag;
    this.#length = start + WORD;
    return start;
  }

  close(start: number): void {
    const length = this.#length - start;
    // ids are below 128, so the word is tag and 24 bits; a length beyond them is refused by the message's limit
    this.#bytes[start + 1] = length >>> 16;
    this.#bytes[start + 2] = length >>> 8;
    this.#bytes[start + 3] = length;
    this.#padding();
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    const at = this.#length;
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    this.#length = at + 4;
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  /** UTF-8 with a NUL behind it. */
  string(text: string): void {
    this.#reserve(3 * text.length + 1);
    this.#length = writeUtf8(this.#bytes, this.#length, text);
    this.#bytes[this.#length++] = 0;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A blobmsg name: its length in UTF-8, the name, a NUL, zeros. */
  name(text: string): void {
    const at = this.#length;
    this.uint16(0);
    this.string(text);
    const length = this.#length - at - 3;
    if (length > 0xffff)
      throw new RangeError(`Cannot encode a name of ${length} bytes: over 65535`);
    this.#bytes[at] = length >>> 8;
    this.#bytes[at + 1] = length;
    this.#padding();
  }

  /** Zeros up to a multiple of 4; every message begins at one. */
  #padding(): void {
    this.#reserve(3);
    while ((this.#length & 3) !== 0) this.#bytes[this.#length++] = 0;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
