/** One connection of a resolver: from its first byte until it is closed. */
import type { Socket } from 'node:net';
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

export interface SenderLimits {
  /** Until START. */
  readonly handshakeMs: number;
  /** Between bytes. */
  readonly idleMs: number;
}

export interface SenderEvents {
  /** While a promise is pending, nothing more is read of this sender. */
  readonly message: (message: DnstapMessage, sender: DnstapSender) => void | Promise<void>;
  /** A frame is no message for the consumer; `malformed`: nor for anyone. */
  readonly dropped: (sender: DnstapSender, malformed: DnstapError | undefined) => void;
  readonly bytes: (count: number) => void;
}

export class Sender implements DnstapSender {
  readonly number: number;
  readonly peer: string;
  frames = 0;
  malformed = 0;
  readonly #socket: Socket;
  readonly #stream = new FrameStream();
  readonly #events: SenderEvents;
  readonly #limits: SenderLimits;
  /** The consumer has not finished: the silence is ours. */
  #waiting = false;

  constructor(number: number, socket: Socket, events: SenderEvents, limits: SenderLimits) {
    const { remoteAddress, remotePort } = socket;
    this.number = number;
    this.peer = remoteAddress === undefined ? 'unix' : `${remoteAddress} port ${remotePort ?? 0}`;
    this.#socket = socket;
    this.#events = events;
    this.#limits = limits;
  }

  get state(): StreamState {
    return this.#stream.state;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Reads until the sender ends or is closed; what went wrong, if something did. */
  async serve(): Promise<DnstapError | undefined> {
    const socket = this.#socket;
    const { handshakeMs, idleMs } = this.#limits;
    const handshake = setTimeout(() => {
      if (!this.#hasStarted) this.#giveUp(`no START in ${handshakeMs} ms`);
    }, handshakeMs);
    socket.setTimeout(idleMs, () => {
      if (!this.#waiting) this.#giveUp(`no byte in ${idleMs} ms`);
    });
    // a peer that is gone without a word
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        await this.#receive(chunk as Buffer);
        if (this.state === 'stopped') break;
      }
      this.#stream.end();
      // sends FINISH first
      socket.destroySoon();
      return undefined;
    } catch (error) {
      socket.destroy();
      return error instanceof DnstapError ? error : socketError(error);
    } finally {
      clearTimeout(handshake);
    }
  }

  get #hasStarted(): boolean {
    return this.state === 'started' || this.state === 'stopped';
  }

  async #receive(chunk: Buffer): Promise<void> {
    this.#events.bytes(chunk.length);
    for (const event of this.#stream.push(chunk)) {
      if (event.kind === 'reply') {
        this.#socket.write(event.bytes);
        continue;
      }
      const pending = this.#take(event.payload);
      if (pending !== undefined) await this.#wait(pending);
      if (this.#socket.destroyed) return;
    }
  }

  #take(payload: Buffer): void | Promise<void> {
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
      return this.#events.message(message, this);
    } catch (error) {
      throw consumerError(error);
    }
  }

  /** Until the consumer has finished, or the sender is closed. */
  async #wait(pending: Promise<void>): Promise<void> {
    let onClose = (): void => undefined;
    const closed = new Promise<void>((resolve) => (onClose = resolve));
    this.#socket.once('close', onClose);
    this.#waiting = true;
    try {
      await Promise.race([pending, closed]);
    } catch (error) {
      throw consumerError(error);
    } finally {
      this.#waiting = false;
      this.#socket.off('close', onClose);
    }
  }

  #giveUp(state: string): void {
    this.#socket.destroy(new DnstapError('timeout', `Cannot wait for sender: ${state}`));
  }
}

const KEEP_ALIVE_MS = 60_000;

function socketError(cause: unknown): DnstapError {
  return new DnstapError('socket', `Cannot read from sender: ${messageOf(cause)}`, { cause });
}

function consumerError(cause: unknown): DnstapError {
  return new DnstapError('consumer', `Cannot use dnstap message: ${messageOf(cause)}`, { cause });
}
