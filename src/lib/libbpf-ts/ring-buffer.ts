import { native, type RingHandle } from './addon.ts';
import type { BpfMap } from './map.ts';

/** Bytes before each record of a batch: its length and padding (native/ring.c). */
const HEADER = 8;

/**
 * Reads a ring buffer on the event loop; keeps the process running unless unref() is called. What
 * `onRecord` throws is an uncaughtException, and the next record is delivered all the same.
 */
export class RingBuffer {
  readonly #onRecord: (record: Uint8Array) => void;
  readonly #ring: RingHandle;
  #closed = false;

  /** Throws EINVAL if `map` is no RINGBUF. Records are views of memory that nothing else uses. */
  constructor(map: BpfMap, onRecord: (record: Uint8Array) => void) {
    this.#onRecord = onRecord;
    this.#ring = native().ringOpen(map.handle, (batch) => this.#deliver(batch));
  }

  /** Delivers what is there now, without waiting for the event loop, and returns how much it was. */
  consume(): number {
    let count = 0;
    for (;;) {
      const batch = native().ringConsume(this.#ring);
      if (batch === undefined) return count;
      count += this.#deliver(batch);
      if (this.#closed) return count;
    }
  }

  /** Keeps the process running, as at first. */
  ref(): this {
    native().sourceReference(this.#ring, true);
    return this;
  }

  /** Lets the process end. */
  unref(): this {
    native().sourceReference(this.#ring, false);
    return this;
  }

  /** No record is delivered any more, not even one that was read already. */
  close(): void {
    this.#closed = true;
    native().sourceClose(this.#ring);
  }

  #deliver(batch: Uint8Array): number {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    let count = 0;
    for (let offset = 0; offset < batch.length && !this.#closed; count++) {
      const length = view.getUint32(offset, true);
      const start = offset + HEADER;
      offset = start + Math.ceil(length / 8) * 8;
      try {
        this.#onRecord(batch.subarray(start, start + length));
      } catch (error) {
        native().raise(error);
      }
    }
    return count;
  }
}
