/** Requests that wait for their STATUS, found by seq and peer. */
import { statusText, UbusError, UbusStatus } from './error.ts';
import type { Attributes, Message } from './message.ts';

export interface Request {
  /** What is done, for errors: "call 'status' of 'network'". */
  readonly action: string;
  /** The peer that the answers bear. */
  readonly peer: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** For each DATA, in order; called before `done`. */
  data?(attributes: Attributes): void;
  /**
   * Once. Called while the STATUS is read, before the next message is; `answer` is that STATUS. If it has no object's id,
   * it was ubusd that refused, not the object's owner.
   */
  done(error: Error | undefined, answer: Attributes): void;
}

/** 16 bits. Zero is left to what needs no answer. */
const MAX_SEQ = 0xffff;

interface Waiting {
  readonly request: Request;
  readonly end: () => void;
}

export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #seq = 0;

  /** Returns the seq to send it with. */
  add(request: Request): number {
    const seq = this.#nextSeq(request);
    const { action, timeoutMs, signal } = request;
    // the socket keeps the process alive, and its end ends the request
    const timer = setTimeout(() => {
      const waited = `Cannot ${action}: no answer in ${timeoutMs} ms`;
      this.#finish(seq, new UbusError(UbusStatus.TIMEOUT, waited));
    }, timeoutMs).unref();
    const abort = (): void => this.#finish(seq, aborted(action, signal));
    signal?.addEventListener('abort', abort, { once: true });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    this.#waiting.set(seq, { request, end });
    return seq;
  }

  data(message: Message, attributes: Attributes): void {
    this.#find(message)?.data?.(attributes);
  }

  status(message: Message, answer: Attributes): void {
    const request = this.#find(message);
    if (request === undefined) return;
    const { status = UbusStatus.UNKNOWN_ERROR } = answer;
    const error =
      status === UbusStatus.OK
        ? undefined
        : new UbusError(status, `Cannot ${request.action}: ${statusText(status)}`);
    this.#finish(message.seq, error, answer);
  }

  failAll(reason: string): void {
    for (const [seq, { request }] of this.#waiting) {
      const text = `Cannot ${request.action}: ${reason}`;
      this.#finish(seq, new UbusError(UbusStatus.CONNECTION_FAILED, text));
    }
  }

  #find({ seq, peer }: Message): Request | undefined {
    const request = this.#waiting.get(seq)?.request;
    return request?.peer === peer ? request : undefined;
  }

  #finish(seq: number, error: Error | undefined, answer: Attributes = {}): void {
    const waiting = this.#waiting.get(seq);
    if (waiting === undefined) return;
    this.#waiting.delete(seq);
    waiting.end();
    waiting.request.done(error, answer);
  }

  #nextSeq({ action }: Request): number {
    if (this.#waiting.size >= MAX_SEQ) {
      throw new UbusError(
        UbusStatus.NO_MEMORY,
        `Cannot ${action}: ${MAX_SEQ} requests wait already`,
      );
    }
    do this.#seq = (this.#seq % MAX_SEQ) + 1;
    while (this.#waiting.has(this.#seq));
    return this.#seq;
  }
}

function aborted(action: string, signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new Error(`Cannot ${action}: aborted`, { cause: reason });
}
