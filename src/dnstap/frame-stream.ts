/**
 * The receiving side of Frame Streams (fstrm/control.h), without the socket.
 *
 *   unidirectional    → START, data …, STOP
 *   bidirectional     → READY   ← ACCEPT   → START, data …, STOP   ← FINISH
 */
import { CONTROL, decodeControlFrame, encodeControlFrame } from './control-frame.ts';
import { DnstapError } from './dnstap-error.ts';
import { FrameDecoder } from './frame-decoder.ts';

const ACCEPT = encodeControlFrame(CONTROL.ACCEPT);
const FINISH = encodeControlFrame(CONTROL.FINISH);

export type StreamState = 'opening' | 'accepted' | 'started' | 'stopped';

/** What a stream brings: something to decode, or to answer. */
export type StreamEvent =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | { readonly kind: 'reply'; readonly bytes: Buffer };

export class FrameStream {
  readonly #frames = new FrameDecoder();
  #state: StreamState = 'opening';
  #bidirectional = false;

  get state(): StreamState {
    return this.#state;
  }

  /**
   * What `chunk` brings, one by one; nothing is read behind STOP. Throws DnstapError `frame`, `control` or
   * `content-type`: then the stream cannot go on.
   */
  *push(chunk: Buffer): Generator<StreamEvent> {
    if (this.#state === 'stopped') return;
    for (const { control, payload } of this.#frames.push(chunk)) {
      if (!control) {
        if (this.#state !== 'started') throw misplaced('data frame', this.#state);
        yield { kind: 'data', payload };
        continue;
      }
      const reply = this.#control(payload);
      if (reply !== undefined) yield { kind: 'reply', bytes: reply };
      if (this.state === 'stopped') return;
    }
  }

  /** To be called at the end of the bytes. Throws DnstapError `frame` if it is within a frame. */
  end(): void {
    if (this.#state !== 'stopped' && this.#frames.isWithin) {
      throw new DnstapError('frame', 'Cannot read frame stream: it ends within a frame');
    }
  }

  /** Returns the reply, if there is one. */
  #control(payload: Buffer): Buffer | undefined {
    const frame = decodeControlFrame(payload);
    // a type of later versions changes nothing of what follows
    if (frame === undefined) return undefined;
    const { type, isDnstap } = frame;
    if (!isDnstap) {
      throw new DnstapError(
        'content-type',
        'Cannot take frame stream: its content type is not dnstap',
      );
    }
    const state = this.#state;
    if (type === CONTROL.READY && state === 'opening') {
      this.#state = 'accepted';
      this.#bidirectional = true;
      return ACCEPT;
    }
    if (type === CONTROL.START && (state === 'opening' || state === 'accepted')) {
      this.#state = 'started';
      return undefined;
    }
    if (type === CONTROL.STOP && state === 'started') {
      this.#state = 'stopped';
      return this.#bidirectional ? FINISH : undefined;
    }
    throw misplaced(`control frame of type ${type}`, state);
  }
}

function misplaced(what: string, state: StreamState): DnstapError {
  return new DnstapError('control', `Cannot read frame stream: ${what} while ${state}`);
}
