/** A byte stream to frames (fstrm/control.h): a length of 32 bits and as many bytes; length 0 escapes to a control frame. */
import { CONTROL_MAX } from './control-frame.ts';
import { DnstapError } from './dnstap-error.ts';

/** A dnstap payload has a DNS message of at most 64 KiB or two, and some fields. */
export const DATA_MAX = 1 << 20;
/** What is allocated for a frame before its bytes come; a sender can promise much. */
const FIRST_ALLOCATION = 1 << 16;

const EMPTY = Buffer.alloc(0);

export interface Frame {
  readonly control: boolean;
  /** Without the length. */
  readonly payload: Buffer;
}

/** Takes chunks as they come and hands out whole frames: views, where a frame lies in one chunk. */
export class FrameDecoder {
  /** Of the length that is being read. */
  #header = 0;
  #headerBytes = 0;
  /** The escape was read. */
  #control = false;
  /** Of the frame that has begun; 0: none has. */
  #length = 0;
  #body = EMPTY;
  #bodyLength = 0;

  /** Has a frame begun that has not ended? */
  get isWithin(): boolean {
    return this.#headerBytes > 0 || this.#control || this.#length > 0;
  }

  /** The frames that end in `chunk`, one by one. Throws DnstapError `frame`: there is no way to go on after it. */
  *push(chunk: Buffer): Generator<Frame> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#length === 0) {
        this.#header = ((this.#header << 8) | (chunk[offset++] ?? 0)) >>> 0;
        if (++this.#headerBytes < 4) continue;
        this.#headerBytes = 0;
        if (!this.#begin(this.#header)) continue;
      }
      const length = this.#length;
      if (this.#bodyLength === 0 && chunk.length - offset >= length) {
        offset += length;
        yield this.#end(chunk.subarray(offset - length, offset));
        continue;
      }
      offset += this.#collect(chunk, offset);
      if (this.#bodyLength === length) yield this.#end(this.#body.subarray(0, length));
    }
  }

  /** False for an escape: another length follows. */
  #begin(length: number): boolean {
    if (!this.#control) {
      if (length === 0) {
        this.#control = true;
        return false;
      }
      if (length > DATA_MAX) throw bad(`data frame of ${length} bytes, over ${DATA_MAX}`);
    } else if (length === 0 || length > CONTROL_MAX) {
      throw bad(`control frame of ${length} bytes, not 1 to ${CONTROL_MAX}`);
    }
    this.#length = length;
    return true;
  }

  /** Copies what there is of the frame; how many bytes that is. */
  #collect(chunk: Buffer, offset: number): number {
    const wanted = this.#length - this.#bodyLength;
    const count = Math.min(wanted, chunk.length - offset);
    const needed = this.#bodyLength + count;
    if (needed > this.#body.length) {
      const size = Math.max(needed, 2 * this.#body.length, FIRST_ALLOCATION);
      const grown = Buffer.allocUnsafeSlow(Math.min(size, this.#length));
      this.#body.copy(grown, 0, 0, this.#bodyLength);
      this.#body = grown;
    }
    chunk.copy(this.#body, this.#bodyLength, offset, offset + count);
    this.#bodyLength = needed;
    return count;
  }

  #end(payload: Buffer): Frame {
    const control = this.#control;
    this.#control = false;
    this.#length = 0;
    this.#body = EMPTY;
    this.#bodyLength = 0;
    return { control, payload };
  }
}

function bad(state: string): DnstapError {
  return new DnstapError('frame', `Cannot read frame stream: ${state}`);
}
