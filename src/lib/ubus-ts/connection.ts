/** One connection to ubusd: from HELLO until the socket closes. */
import { setMaxListeners } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { UbusError, UbusStatus } from './error.ts';
import { FrameDecoder } from './frames.ts';
import {
  encodeMessage,
  MessageType,
  readAttributes,
  type Attributes,
  type Message,
  type NewAttributes,
} from './message.ts';
import { Requests, type Request } from './requests.ts';
import type { UbusTable } from './value.ts';

/** Notifications are dropped while more bytes than this wait for ubusd to read them. */
export const NOTIFY_BACKLOG = 1 << 20;
/** The connection is closed when more bytes than this wait: sixteen of the longest messages. */
export const MAX_BACKLOG = 16 << 20;

/** An INVOKE: a call of a method, a notification, or an event. */
export interface IncomingCall {
  readonly method: string;
  readonly data: Buffer;
  readonly user: string;
  readonly group: string;
  /** Aborted when the connection is lost. */
  readonly signal: AbortSignal;
  /** Sent by ubusd itself: an event. */
  readonly fromDaemon: boolean;
  /** To be called once. Does nothing if no answer is wanted, or the connection is gone. */
  answer(status: number, data?: UbusTable): void;
}

/** What the connection tells an object of ours. Throwing would close the connection. */
export interface LocalObject {
  call(call: IncomingCall): void;
  /** The first subscriber came, or the last went. */
  active?(active: boolean): void;
  /** An object that this one had subscribed to is gone. */
  targetLost?(target: number): void;
}

export interface Registration {
  /** As ADD_OBJECT takes them: none for an anonymous object. */
  readonly attributes: NewAttributes;
  readonly action: string;
  readonly timeoutMs: number;
}

export class Connection {
  /** The reason, once it is closed. */
  readonly closed: Promise<UbusError>;
  /** Aborted then. */
  readonly signal: AbortSignal;
  /** Ids by path, as LOOKUP has told them. */
  readonly ids = new Map<string, number>();
  readonly #socket: Socket;
  readonly #frames = new FrameDecoder();
  readonly #requests = new Requests();
  readonly #objects = new Map<number, LocalObject>();
  #onGreeting: () => void = () => undefined;
  #greeted = false;
  #reason: UbusError | undefined;

  /** Throws UbusError CONNECTION_FAILED if there is no ubusd, or no greeting from it in time. */
  static async open(path: string, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    const connection = new Connection(createConnection({ path }), path);
    const fail = (reason: string): void =>
      connection.close(`Cannot connect to '${path}': ${reason}`);
    const timer = setTimeout(() => fail(`no greeting in ${timeoutMs} ms`), timeoutMs);
    const abort = (): void => fail('aborted');
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const greeting = new Promise<void>((resolve) => (connection.#onGreeting = resolve));
      const reason = await Promise.race([greeting, connection.closed]);
      if (reason !== undefined) throw reason;
      return connection;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    const fail = (cause: string): void => {
      this.close(`Cannot ${this.#greeted ? 'go on with' : 'connect to'} '${path}': ${cause}`);
    };
    const controller = new AbortController();
    this.signal = controller.signal;
    // every call that is being answered may listen
    setMaxListeners(0, this.signal);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        fail('ubusd closed the connection');
        this.#requests.failAll('the connection is closed');
        controller.abort(this.#reason);
        if (this.#reason !== undefined) resolve(this.#reason);
      });
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => socket.destroy());
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  }

  get open(): boolean {
    return this.#reason === undefined;
  }

  /** Requests fail a little later, when the socket is closed. */
  close(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = new UbusError(UbusStatus.CONNECTION_FAILED, reason);
    this.#socket.destroy();
  }

  /** Never throws: what cannot be sent ends the request. */
  request(type: number, attributes: NewAttributes, request: Request): void {
    try {
      if (this.#reason !== undefined) throw this.#reason;
      const bytes = encodeMessage({ type, seq: 0, peer: request.peer }, attributes);
      bytes.writeUInt16BE(this.#requests.add(request), 2);
      this.#write(bytes);
    } catch (error) {
      request.done(error instanceof Error ? error : new Error(String(error)), {});
    }
  }

  /**
   * For what has to be so as long as the connection lasts. Without an answer in time the connection is closed: nobody
   * knows what ubusd has, and a path may be taken for ever.
   */
  establish(type: number, attributes: NewAttributes, request: Request): void {
    this.request(type, attributes, {
      ...request,
      done: (error, answer) => {
        if (error instanceof UbusError && error.status === UbusStatus.TIMEOUT) {
          this.close(error.message);
        }
        request.done(error, answer);
      },
    });
  }

  /** Its calls may come before `done` does. */
  addObject(
    object: LocalObject,
    { attributes, action, timeoutMs }: Registration,
    done: (error: Error | undefined, id: number) => void,
  ): void {
    let id = 0;
    this.establish(MessageType.ADD_OBJECT, attributes, {
      action,
      peer: 0,
      timeoutMs,
      data: ({ objectId }) => {
        if (objectId === undefined) return;
        id = objectId;
        this.#objects.set(id, object);
      },
      done: (error) => {
        if (error !== undefined) this.#objects.delete(id);
        done(error, id);
      },
    });
  }

  /** With its subscriptions and patterns of events; calls that are being answered can still be answered. */
  removeObject(id: number, timeoutMs: number): void {
    this.#objects.delete(id);
    const done = (): void => undefined;
    const request = { action: 'remove an object', peer: 0, timeoutMs, done };
    this.request(MessageType.REMOVE_OBJECT, { objectId: id }, request);
  }

  /** Nobody answers, and nobody is told if it is dropped. Throws UbusError for data over the limit. */
  notify(objectId: number, method: string, data: UbusTable): void {
    if (this.#socket.writableLength > NOTIFY_BACKLOG) return;
    const header = { type: MessageType.NOTIFY, seq: 0, peer: objectId };
    this.#write(encodeMessage(header, { objectId, method, data, noReply: true }));
  }

  #write(bytes: Buffer): void {
    if (this.#reason !== undefined) return;
    if (this.#socket.writableLength > MAX_BACKLOG) {
      this.close(`Cannot send to ubusd: ${MAX_BACKLOG} bytes wait already`);
      return;
    }
    this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    // one write for all that is answered at once
    this.#socket.cork();
    try {
      for (const message of this.#frames.push(chunk)) {
        if (this.#reason !== undefined) return;
        if (message.version === 0) this.#dispatch(message);
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
    } finally {
      this.#socket.uncork();
    }
  }

  #dispatch(message: Message): void {
    const attributes = readAttributes(message.body);
    const object = this.#objects.get(attributes.objectId ?? 0);
    switch (message.type) {
      case MessageType.HELLO:
        this.#greeted = true;
        this.#onGreeting();
        break;
      case MessageType.STATUS:
        this.#requests.status(message, attributes);
        break;
      case MessageType.DATA:
        this.#requests.data(message, attributes);
        break;
      case MessageType.INVOKE:
        this.#invoked(message, attributes, object);
        break;
      case MessageType.NOTIFY:
        if (attributes.active !== undefined) object?.active?.(attributes.active);
        break;
      case MessageType.UNSUBSCRIBE:
        if (attributes.target !== undefined) object?.targetLost?.(attributes.target);
        break;
    }
  }

  #invoked({ seq, peer }: Message, attributes: Attributes, object: LocalObject | undefined): void {
    const { objectId, method, data = EMPTY, user = '', group = '', noReply } = attributes;
    if (objectId === undefined) return;
    const answer = (status: number, reply?: UbusTable): void => {
      if (noReply === true || !this.open) return;
      const { DATA, STATUS } = MessageType;
      if (reply !== undefined) {
        this.#write(encodeMessage({ type: DATA, seq, peer }, { objectId, data: reply }));
      }
      this.#write(encodeMessage({ type: STATUS, seq, peer }, { status, objectId }));
    };
    if (object === undefined) {
      answer(UbusStatus.NOT_FOUND);
    } else if (method === undefined) {
      answer(UbusStatus.INVALID_ARGUMENT);
    } else {
      const fromDaemon = peer === 0;
      object.call({ method, data, user, group, fromDaemon, signal: this.signal, answer });
    }
  }
}

const EMPTY = Buffer.alloc(0);
