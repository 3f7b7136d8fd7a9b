/** A cursor over bytes in network order. */
export class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.offset;
  }

  /** These throw a RangeError past the end: callers look at {@link left} first. */
  u8(): number {
    return this.#view.getUint8(this.offset++);
  }

  u16(): number {
    this.offset += 2;
    return this.#view.getUint16(this.offset - 2);
  }

  u32(): number {
    this.offset += 4;
    return this.#view.getUint32(this.offset - 4);
  }

  /** The next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError('Cannot read past the end');
    this.offset += length;
    return this.#bytes.subarray(this.offset - length, this.offset);
  }
}

export function u16Bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]));
}

export function u32Bytes(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
