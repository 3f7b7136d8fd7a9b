/** One connection of a resolver: from its first byte until it is closed. */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import { DnstapError } from './dnstap-error.ts';
import { decodeDnstap, type DnstapMessage } from './dnstap-message.ts';
import { FrameStream, type StreamState } from './frame-stream.ts';

/** Who sends, for the log and the status. */
export interface DnstapSender {
  /** Of this server, from 1 on. */
  readonly number: number;
  /** 'unix', or address and port. */
  readonly peer: string;
  readonly state: StreamState;
  /** Data frames read. */
  readonly frames: number;
  /** Of them, those that are no dnstap message. */
  readonly malformed: number;
}

export interface SenderEvents {
  readonly message: (message: DnstapMessage, sender: DnstapSender) => void;
  /** A frame is no message for the consumer; `malformed`: nor for anyone. */
  readonly dropped: (sender: DnstapSender, malformed: DnstapError | undefined) => void;
  readonly bytes: (count: number) => void;
}

/**
 * Taken before everything else has its turn: a chunk of 64 KiB has up to 13,107 frames, and to find one malformed
 * takes 8 µs. What a sender has sent by then waits in the socket, and then with the sender.
 */
const FRAMES_A_TURN = 512;

/** Bytes that Node reads at a time; it reads again, before all else, as long as there are so many. */
const CHUNK = 65_536;

/** Silence until a TCP peer is asked if it is still there. */
const KEEP_ALIVE_MS = 60_000;

export class Sender implements DnstapSender {
  readonly number: number;
  readonly peer: string;
  frames = 0;
  malformed = 0;
  readonly #socket: Socket;
  readonly #stream = new FrameStream();
  readonly #events: SenderEvents;
  readonly #handshakeMs: number;
  /** The chunk that came last. */
  #receiving: Promise<void> = Promise.resolve();

  /** `socket` allows half-open: what it brought is taken behind its end, too. `handshakeMs`: until START. */
  constructor(number: number, socket: Socket, events: SenderEvents, handshakeMs: number) {
    const { remoteAddress, remotePort } = socket;
    this.number = number;
    this.peer = remoteAddress === undefined ? 'unix' : `${remoteAddress} port ${remotePort ?? 0}`;
    this.#socket = socket;
    this.#events = events;
    this.#handshakeMs = handshakeMs;
  }

  get state(): StreamState {
    return this.#stream.state;
  }

  close(): void {
    this.#socket.destroy();
  }

  /**
   * Reads until the sender ends or is closed; what went wrong, if something did. One that has started may be silent
   * for ever: most notice that they were closed only when they write again, and what they write then is lost.
   */
  async serve(): Promise<DnstapError | undefined> {
    const socket = this.#socket;
    const handshake = setTimeout(() => {
      if (!this.#hasStarted) socket.destroy(notStarted(this.#handshakeMs));
    }, this.#handshakeMs);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    let fault: Error | undefined;
    socket.on('error', (error) => (fault = error));
    // an iterator over the socket would take a third as long again for an answer that comes alone
    socket.on('data', (chunk) => {
      this.#receiving = this.#receive(chunk).catch((error: unknown) => {
        socket.destroy(error as DnstapError);
      });
    });
    socket.on('end', () => void this.#receiving.then(() => this.#end()));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    clearTimeout(handshake);
    return fault === undefined || fault instanceof DnstapError ? fault : socketError(fault);
  }

  get #hasStarted(): boolean {
    return this.state === 'started' || this.state === 'stopped';
  }

  async #receive(chunk: Buffer): Promise<void> {
    const socket = this.#socket;
    this.#events.bytes(chunk.length);
    let left = FRAMES_A_TURN;
    for (const event of this.#stream.push(chunk)) {
      if (event.kind === 'reply') socket.write(event.bytes);
      else this.#take(event.payload);
      if (--left === 0) {
        socket.pause();
        await nextTurn();
        left = FRAMES_A_TURN;
      }
      if (socket.destroyed) return;
    }
    if (this.state === 'stopped') this.#end();
    // there may be more, which would come at once
    if (chunk.length >= CHUNK) {
      socket.pause();
      await nextTurn();
    }
    if (socket.isPaused()) socket.resume();
  }

  /** What was written, FINISH at the last, is sent first. */
  #end(): void {
    try {
      this.#stream.end();
      this.#socket.destroySoon();
    } catch (error) {
      this.#socket.destroy(error as DnstapError);
    }
  }

  #take(payload: Buffer): void {
    this.frames++;
    let message: DnstapMessage | undefined;
    try {
      message = decodeDnstap(payload);
    } catch (error) {
      if (!(error instanceof DnstapError)) throw error;
      this.malformed++;
      this.#events.dropped(this, error);
      return;
    }
    if (message === undefined) {
      this.#events.dropped(this, undefined);
      return;
    }
    try {
      this.#events.message(message, this);
    } catch (error) {
      throw consumerError(error);
    }
  }
}

function notStarted(handshakeMs: number): DnstapError {
  return new DnstapError('timeout', `Cannot wait for sender: no START in ${handshakeMs} ms`);
}

function socketError(cause: unknown): DnstapError {
  return new DnstapError('socket', `Cannot read from sender: ${messageOf(cause)}`, { cause });
}

function consumerError(cause: unknown): DnstapError {
  return new DnstapError('consumer', `Cannot use dnstap message: ${messageOf(cause)}`, { cause });
}
