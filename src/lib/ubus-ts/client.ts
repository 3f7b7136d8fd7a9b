/** The library's face: calls, objects, subscriptions, events, over connections that may come and go. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readSignature, type UbusSignature } from './arguments.ts';
import { readMembers } from './blobmsg.ts';
import { Connection } from './connection.ts';
import { UbusError, UbusStatus } from './error.ts';
import { EVENT_OBJECT, Listener, type UbusEventHandler } from './event.ts';
import { guard, toError } from './guard.ts';
import type { LastingObject, Owner } from './lasting-object.ts';
import { MessageType, type Attributes, type NewAttributes } from './message.ts';
import { PublishedObject, type UbusObject, type UbusObjectDefinition } from './object.ts';
import {
  Subscription,
  type UbusNotificationHandler,
  type UbusSubscriptionOptions,
} from './subscription.ts';
import { emptyTable, type UbusTable } from './value.ts';

export const DEFAULT_SOCKET = '/var/run/ubus/ubus.sock';

export interface UbusClientOptions {
  /** @default '/var/run/ubus/ubus.sock' */
  readonly path?: string;
  /** Milliseconds until a request fails with TIMEOUT. @default 30000 */
  readonly timeout?: number;
  /** Milliseconds before connecting, or publishing what was refused, is tried again. @default 1000 */
  readonly reconnectDelay?: number;
  /** Connected; objects, subscriptions and listeners are being registered. */
  onConnect?(): void;
  /** Not called by close(). */
  onDisconnect?(reason: Error): void;
  /**
   * What has nobody else to be told: ubusd is not there (once until it is), it refuses an object (once until it has it), a
   * listener or a subscription; a method was called with wrong arguments, threw no UbusError or answered too much; a callback threw.
   */
  onError?(error: Error): void;
}

export interface UbusInvokeOptions {
  /** Milliseconds; the client's by default. */
  readonly timeout?: number;
  /** Its reason rejects the call; the callee is not told. */
  readonly signal?: AbortSignal;
  /** Each table of the answer, as it comes. */
  onData?(data: UbusTable): void;
}

export interface UbusObjectInfo {
  readonly path: string;
  readonly id: number;
  /** Of each method the arguments that it declares. */
  readonly methods: UbusSignature;
}

export interface UbusSubscription {
  readonly subscribed: boolean;
  close(): void;
}

export interface UbusListener {
  close(): void;
}

interface ClientRequest {
  readonly action: string;
  readonly peer: number;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  data?(attributes: Attributes): void;
}

const CLOSED = 'Cannot go on: the client is closed';

export class UbusClient {
  readonly #path: string;
  readonly #options: UbusClientOptions;
  readonly #owner: Owner;
  readonly #objects = new Set<LastingObject>();
  readonly #ending = new AbortController();
  #connection: Connection | undefined;

  /** One connection, which is not made again. Rejects with UbusError CONNECTION_FAILED. */
  static async connect(options: UbusClientOptions = {}): Promise<UbusClient> {
    const client = new UbusClient(options);
    const { timeoutMs } = client.#owner;
    const connection = await Connection.open(client.#path, timeoutMs, client.#ending.signal);
    void client.#serve(connection);
    return client;
  }

  /** Connects as soon as ubusd is there, and again whenever it comes back, until close(). */
  static start(options: UbusClientOptions = {}): UbusClient {
    const client = new UbusClient(options);
    void client.#keepConnected();
    return client;
  }

  private constructor(options: UbusClientOptions) {
    this.#path = options.path ?? DEFAULT_SOCKET;
    this.#options = options;
    this.#owner = {
      timeoutMs: options.timeout ?? 30_000,
      retryMs: options.reconnectDelay ?? 1000,
      // later, so that a hook that throws ends the process as any bug does, and not the connection
      report: (error) => queueMicrotask(() => options.onError?.(error)),
      release: (object) => this.#objects.delete(object),
    };
  }

  get connected(): boolean {
    return this.#connection?.open ?? false;
  }

  /** Objects of that path, or whose paths begin with it if it ends in '*', or all. Nothing found is no error. */
  async lookup(pattern?: string): Promise<readonly UbusObjectInfo[]> {
    const found: UbusObjectInfo[] = [];
    await this.#request(MessageType.LOOKUP, pattern === undefined ? {} : { path: pattern }, {
      action: pattern === undefined ? 'list objects' : `find '${pattern}'`,
      peer: 0,
      data: ({ path, objectId, signature }) => {
        if (path === undefined || objectId === undefined) return;
        found.push({ path, id: objectId, methods: readSignature(signature) });
      },
    });
    return found;
  }

  /**
   * The answer, of several tables the members of all. Rejects with UbusError: the callee's status and data, what ubusd
   * says, or TIMEOUT and CONNECTION_FAILED of our own.
   */
  async invoke(
    path: string,
    method: string,
    args: UbusTable = {},
    options: UbusInvokeOptions = {},
  ): Promise<UbusTable> {
    const known = this.#connection?.ids.get(path);
    const answer =
      known === undefined ? undefined : await this.#call(known, path, method, args, options);
    if (answer !== undefined) return answer;
    // never seen, or it has come back with another id
    const id = await this.#find(path, `call '${method}' of '${path}'`, options);
    const second = await this.#call(id, path, method, args, options);
    if (second === undefined) throw notFound(`call '${method}' of '${path}'`);
    return second;
  }

  /** Registers the object now and on every connection to come. What ubusd refuses is reported and tried again. */
  publish(definition: UbusObjectDefinition): UbusObject {
    return this.#keep(new PublishedObject(definition, this.#owner));
  }

  /** Waits for an object that is not there, and subscribes again when it has come back. */
  subscribe(
    path: string,
    handler: UbusNotificationHandler,
    options: UbusSubscriptionOptions = {},
  ): UbusSubscription {
    return this.#keep(new Subscription(path, handler, options, this.#owner));
  }

  /** Events of that name, or whose names begin with it if it ends in '*'; those of our own connection never come. */
  listen(pattern: string, handler: UbusEventHandler): UbusListener {
    return this.#keep(new Listener(pattern, handler, this.#owner));
  }

  /** Tells all who listen. */
  async send(event: string, data: UbusTable = {}): Promise<void> {
    const attributes = { objectId: EVENT_OBJECT, method: 'send', data: { id: event, data } };
    await this.#request(MessageType.INVOKE, attributes, {
      action: `send '${event}'`,
      peer: EVENT_OBJECT,
    });
  }

  /** Ends the connection, and what waits for an answer. */
  close(): void {
    if (this.#isClosed()) return;
    this.#ending.abort();
    this.#connection?.close(CLOSED);
  }

  async #find(path: string, action: string, options: UbusInvokeOptions): Promise<number> {
    const connection = this.#connection;
    let id: number | undefined;
    await this.#request(
      MessageType.LOOKUP,
      { path },
      { ...options, action, peer: 0, data: ({ objectId }) => (id = objectId) },
    );
    // nor does ubusd tell of an object whose methods are all forbidden
    if (id === undefined) throw notFound(action);
    connection?.ids.set(path, id);
    return id;
  }

  /** Undefined if ubusd does not know the object any more. */
  async #call(
    id: number,
    path: string,
    method: string,
    args: UbusTable,
    options: UbusInvokeOptions,
  ): Promise<UbusTable | undefined> {
    const merged = emptyTable();
    const attributes = { objectId: id, method, data: args };
    const known = await this.#request(MessageType.INVOKE, attributes, {
      ...options,
      action: `call '${method}' of '${path}'`,
      peer: id,
      data: ({ data }) => {
        if (data === undefined) return;
        const part = readMembers(data);
        Object.assign(merged, part);
        guard(this.#owner.report, () => options.onData?.(part));
      },
    }).catch((error: unknown) => {
      if (!(error instanceof UbusError)) throw error;
      throw new UbusError(error.status, error.message, { data: merged });
    });
    return known ? merged : undefined;
  }

  /** False if ubusd does not know what it is about; of an object's owner NOT_FOUND is an error as others. */
  #request(type: number, attributes: NewAttributes, request: ClientRequest): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const { action, timeout: timeoutMs = this.#owner.timeoutMs, signal } = request;
      signal?.throwIfAborted();
      if (this.#connection === undefined) throw notConnected(action);
      const done = (error: Error | undefined, answer: Attributes): void => {
        if (error === undefined) resolve(true);
        else if (answer.status === UbusStatus.NOT_FOUND && answer.objectId === undefined)
          resolve(false);
        else reject(error);
      };
      this.#connection.request(type, attributes, { ...request, timeoutMs, done });
    });
  }

  #keep<T extends LastingObject>(object: T): T {
    this.#objects.add(object);
    if (this.#connection?.open === true) object.attach(this.#connection);
    return object;
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#ending;
    let reported = false;
    while (!this.#isClosed()) {
      try {
        const connection = await Connection.open(this.#path, this.#owner.timeoutMs, signal);
        reported = false;
        await this.#serve(connection);
      } catch (error) {
        if (!reported && !this.#isClosed()) this.#owner.report(toError(error));
        reported = true;
      }
      await sleep(this.#owner.retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #isClosed(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Until the connection ends. */
  async #serve(connection: Connection): Promise<void> {
    if (this.#isClosed()) {
      connection.close(CLOSED);
      return;
    }
    this.#connection = connection;
    for (const object of this.#objects) object.attach(connection);
    guard(this.#owner.report, () => this.#options.onConnect?.());
    const reason = await connection.closed;
    this.#connection = undefined;
    for (const object of this.#objects) object.detach();
    if (this.#isClosed()) return;
    guard(this.#owner.report, () => this.#options.onDisconnect?.(reason));
  }
}

function notFound(action: string): UbusError {
  return new UbusError(UbusStatus.NOT_FOUND, `Cannot ${action}: not found`);
}

function notConnected(action: string): UbusError {
  return new UbusError(UbusStatus.CONNECTION_FAILED, `Cannot ${action}: not connected to ubusd`);
}
