/** A byte stream to messages. */
import { UbusError, UbusStatus } from './error.ts';
import { MAX_ROOT, PREFIX, type Message } from './message.ts';
import { WORD } from './blob.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Takes chunks as they come and hands out whole messages. Each byte is copied at most once, and not at all when its
 * message lies in one chunk.
 */
export class FrameDecoder {
  readonly #prefix = Buffer.alloc(PREFIX);
  #prefixLength = 0;
  /** Of the message that has begun, once its length is known. */
  #body = EMPTY;
  #bodyLength = 0;

  /**
   * The messages that end in `chunk`, one by one. Throws UbusError PARSE_ERROR for a root blob that is shorter than
   * its word or longer than MAX_ROOT: there is no way to go on after it.
   */
  *push(chunk: Buffer): Generator<Message> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#prefixLength < PREFIX) {
        const copied = chunk.copy(
          this.#prefix,
          this.#prefixLength,
          offset,
          offset + PREFIX - this.#prefixLength,
        );
        this.#prefixLength += copied;
        offset += copied;
        if (this.#prefixLength < PREFIX) return;
        const length = this.#lengthOfBody();
        if (chunk.length - offset >= length) {
          yield this.#message(chunk.subarray(offset, offset + length));
          offset += length;
          continue;
        }
        this.#body = Buffer.allocUnsafe(length);
        this.#bodyLength = 0;
      }
      const body = this.#body;
      const copied = chunk.copy(body, this.#bodyLength, offset);
      this.#bodyLength += copied;
      offset += copied;
      if (this.#bodyLength === body.length) yield this.#message(body);
    }
  }

  #lengthOfBody(): number {
    const root = this.#prefix.readUInt32BE(PREFIX - WORD) & 0xff_ffff;
    if (root < WORD || root > MAX_ROOT) {
      throw new UbusError(UbusStatus.PARSE_ERROR, `Cannot read a message: ${root} bytes`);
    }
    return root - WORD;
  }

  #message(body: Buffer): Message {
    const prefix = this.#prefix;
    const [version = 0, type = 0] = prefix;
    this.#prefixLength = 0;
    this.#body = EMPTY;
    return { version, type, seq: prefix.readUInt16BE(2), peer: prefix.readUInt32BE(4), body };
  }
}
