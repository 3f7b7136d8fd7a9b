/** A double of ubusd: what it does to messages (ubusd_proto.c, ubusd_obj.c, ubusd_event.c of ubus). See README.md. */
import { randomInt } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { readMembers } from '../../src/lib/ubus-ts/blobmsg.ts';
import { UbusStatus } from '../../src/lib/ubus-ts/error.ts';
import { FrameDecoder } from '../../src/lib/ubus-ts/frames.ts';
import {
  encodeMessage,
  MessageType,
  readAttributes,
  type Attributes,
  type Message,
  type NewAttributes,
} from '../../src/lib/ubus-ts/message.ts';
import type { UbusTable } from '../../src/lib/ubus-ts/value.ts';

interface Client {
  readonly id: number;
  readonly socket: Socket;
}

interface RemoteObject {
  readonly id: number;
  readonly client: Client;
  readonly path: string | undefined;
  /** Undefined: it is called by id, and no LOOKUP shows it. */
  readonly type: { readonly id: number; readonly signature: Uint8Array } | undefined;
  /** Who is told of its notifications. */
  readonly subscribers: Set<RemoteObject>;
  /** Of events. */
  readonly patterns: string[];
  activeSeq: number;
}

/**
 * Unsent bytes of one client beyond which its messages are dropped: UBUS_CLIENT_MAX_TXQ_LEN, and 208 KiB that the
 * kernel's buffer holds of the first message, which Node counts as unsent.
 */
const MAX_QUEUE = (1 << 20) + (208 << 10);
const EVENT_OBJECT = 1;
/** Nothing is sent: the answer comes from elsewhere, or never. */
const NO_STATUS = -1;

export class UbusdDouble {
  readonly #server: Server;
  readonly #clients = new Map<number, Client>();
  readonly #objects = new Map<number, RemoteObject>();
  #eventSeq = 0;

  /** Listens on a socket at `path`. */
  static async start(path: string): Promise<UbusdDouble> {
    const daemon = new UbusdDouble();
    rmSync(path, { force: true });
    daemon.#server.listen(path);
    await once(daemon.#server, 'listening');
    chmodSync(path, 0o666);
    return daemon;
  }

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.#clients.values()) socket.destroy();
  }

  #accept(socket: Socket): void {
    const client: Client = { id: freshId(this.#clients), socket };
    this.#clients.set(client.id, client);
    const frames = new FrameDecoder();
    socket.on('data', (chunk) => {
      try {
        for (const message of frames.push(chunk)) this.#handle(client, message);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#clients.delete(client.id);
      for (const object of this.#objects.values()) {
        if (object.client === client) this.#remove(object);
      }
    });
    send(client, { type: MessageType.HELLO, seq: 0, peer: client.id }, {});
  }

  #handle(client: Client, message: Message): void {
    const { seq, peer } = message;
    const status = this.#statusOf(client, message, readAttributes(message.body));
    if (status !== NO_STATUS) send(client, { type: MessageType.STATUS, seq, peer }, { status });
  }

  #statusOf(client: Client, message: Message, attributes: Attributes): number {
    switch (message.type) {
      case MessageType.PING:
        sendRaw(client, { ...message, type: MessageType.DATA }, message.body);
        return UbusStatus.OK;
      case MessageType.LOOKUP:
        return this.#lookup(client, message, attributes.path);
      case MessageType.INVOKE:
        return this.#invoke(client, message, attributes);
      case MessageType.ADD_OBJECT:
        return this.#add(client, message, attributes);
      case MessageType.REMOVE_OBJECT:
        return this.#removeAsked(client, message, attributes);
      case MessageType.SUBSCRIBE:
      case MessageType.UNSUBSCRIBE:
        return this.#watch(client, message, attributes);
      case MessageType.NOTIFY:
        return this.#notify(client, message, attributes);
      case MessageType.STATUS:
      case MessageType.DATA:
        this.#respond(client, message, attributes);
        return NO_STATUS;
      default:
        return UbusStatus.INVALID_COMMAND;
    }
  }

  #lookup(client: Client, { seq, peer }: Message, pattern: string | undefined): number {
    if (pattern === '') return UbusStatus.INVALID_ARGUMENT;
    const found = [...this.#objects.values()]
      .filter(({ path }) => path !== undefined && (pattern === undefined || matches(pattern, path)))
      .sort((a, b) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1));
    for (const { id, path, type } of found) {
      if (path === undefined || type === undefined) continue;
      const { id: objectType, signature } = type;
      const attributes = { path, objectId: id, objectType, signature };
      send(client, { type: MessageType.DATA, seq, peer }, attributes);
    }
    return found.length === 0 && pattern !== undefined ? UbusStatus.NOT_FOUND : UbusStatus.OK;
  }

  #add(
    client: Client,
    { seq, peer }: Message,
    { path, signature, objectType }: Attributes,
  ): number {
    const all = [...this.#objects.values()];
    if (path !== undefined && all.some((object) => object.path === path)) {
      return UbusStatus.INVALID_ARGUMENT;
    }
    const type =
      signature === undefined
        ? all.find((object) => object.type?.id === objectType)?.type
        : { id: freshId(), signature: Buffer.from(signature) };
    const id = freshId(this.#objects);
    const object = {
      id,
      client,
      path,
      type,
      subscribers: new Set<RemoteObject>(),
      patterns: [],
      activeSeq: 0,
    };
    this.#objects.set(id, object);
    this.#announce('ubus.object.add', object);
    const told = signature !== undefined && type !== undefined ? { objectType: type.id } : {};
    send(client, { type: MessageType.DATA, seq, peer }, { objectId: id, ...told });
    return UbusStatus.OK;
  }

  #removeAsked(client: Client, { seq, peer }: Message, { objectId }: Attributes): number {
    const object = this.#own(client, objectId, UbusStatus.PERMISSION_DENIED);
    if (typeof object === 'number') return object;
    const told = object.type === undefined ? {} : { objectType: object.type.id };
    send(client, { type: MessageType.DATA, seq, peer }, { objectId: object.id, ...told });
    this.#remove(object);
    return UbusStatus.OK;
  }

  #remove(object: RemoteObject): void {
    this.#objects.delete(object.id);
    this.#announce('ubus.object.remove', object);
    for (const target of this.#objects.values()) this.#unsubscribe(object, target);
    for (const subscriber of object.subscribers) {
      const header = { type: MessageType.UNSUBSCRIBE, seq: ++subscriber.activeSeq, peer: 0 };
      send(subscriber.client, header, { objectId: subscriber.id, target: object.id });
    }
  }

  #invoke(client: Client, { seq }: Message, { objectId, method, data }: Attributes): number {
    if (objectId === undefined || method === undefined) return UbusStatus.INVALID_ARGUMENT;
    if (objectId === EVENT_OBJECT) return this.#event(client, method, readMembers(data ?? EMPTY));
    const object = this.#objects.get(objectId);
    if (object === undefined) return UbusStatus.NOT_FOUND;
    forward(object, { seq, peer: client.id }, method, data, {});
    return NO_STATUS;
  }

  /** An answer is given to the client that asked; what is wrong with it is told to nobody. */
  #respond(client: Client, message: Message, { objectId, status, data }: Attributes): void {
    const incomplete =
      message.type === MessageType.STATUS ? status === undefined : data === undefined;
    if (objectId === undefined || incomplete) return;
    const caller = this.#clients.get(message.peer);
    if (this.#objects.get(objectId)?.client !== client || caller === undefined) return;
    sendRaw(caller, { ...message, peer: objectId }, message.body);
  }

  #watch(client: Client, { type }: Message, { objectId, target }: Attributes): number {
    if (target === undefined) return UbusStatus.INVALID_ARGUMENT;
    const object = this.#own(client, objectId, UbusStatus.INVALID_ARGUMENT);
    if (typeof object === 'number') return object;
    const watched = this.#objects.get(target);
    if (watched === undefined) return UbusStatus.NOT_FOUND;
    if (type === MessageType.UNSUBSCRIBE) {
      return this.#unsubscribe(object, watched) ? UbusStatus.OK : UbusStatus.NOT_FOUND;
    }
    if (watched.client === client) return UbusStatus.INVALID_ARGUMENT;
    watched.subscribers.add(object);
    if (watched.subscribers.size === 1) tellActive(watched, true);
    return UbusStatus.OK;
  }

  #unsubscribe(subscriber: RemoteObject, target: RemoteObject): boolean {
    const had = target.subscribers.delete(subscriber);
    if (had && target.subscribers.size === 0) tellActive(target, false);
    return had;
  }

  #notify(
    client: Client,
    { seq, peer }: Message,
    { objectId, method, data, noReply }: Attributes,
  ): number {
    if (method === undefined) return UbusStatus.INVALID_ARGUMENT;
    const object = this.#own(client, objectId, UbusStatus.PERMISSION_DENIED);
    if (typeof object === 'number') return object;
    const subscribers = [...object.subscribers];
    if (noReply !== true) {
      const ids = subscribers.map(({ id }) => id);
      const told = { objectId: object.id, subscribers: ids, status: UbusStatus.OK };
      send(client, { type: MessageType.STATUS, seq, peer }, told);
    }
    for (const subscriber of subscribers) {
      forward(
        subscriber,
        { seq, peer: client.id },
        method,
        data,
        noReply === true ? { noReply } : {},
      );
    }
    return NO_STATUS;
  }

  #event(client: Client, method: string, args: UbusTable): number {
    if (method === 'register') return this.#listen(client, args);
    if (method !== 'send') return UbusStatus.INVALID_COMMAND;
    const { id, data } = args;
    if (typeof id !== 'string' || !isTable(data)) return UbusStatus.INVALID_ARGUMENT;
    if (id.startsWith('ubus.')) return UbusStatus.PERMISSION_DENIED;
    this.#broadcast(client, id, data);
    return UbusStatus.OK;
  }

  #listen(client: Client, { object: id, pattern }: UbusTable): number {
    if (typeof id !== 'number' || typeof pattern !== 'string') return UbusStatus.INVALID_ARGUMENT;
    if (pattern === '') return UbusStatus.PERMISSION_DENIED;
    const object = this.#own(client, id >>> 0, UbusStatus.PERMISSION_DENIED);
    if (typeof object === 'number') return object;
    object.patterns.push(pattern);
    return UbusStatus.OK;
  }

  /** To every object that listens, once, and to none of the sender's. */
  #broadcast(sender: Client | undefined, event: string, data: UbusTable): void {
    for (const { id, client, patterns } of this.#objects.values()) {
      if (client === sender || !patterns.some((pattern) => matches(pattern, event))) continue;
      this.#eventSeq = (this.#eventSeq + 1) & 0xffff;
      const header = { type: MessageType.INVOKE, seq: this.#eventSeq, peer: 0 };
      send(client, header, { objectId: id, method: event, data });
    }
  }

  #announce(event: string, { id, path }: RemoteObject): void {
    if (path !== undefined) this.#broadcast(undefined, event, { id: id | 0, path });
  }

  /** The client's object, or the status why not. */
  #own(client: Client, id: number | undefined, foreign: number): RemoteObject | number {
    if (id === undefined) return UbusStatus.INVALID_ARGUMENT;
    const object = this.#objects.get(id);
    if (object === undefined) return UbusStatus.NOT_FOUND;
    return object.client === client ? object : foreign;
  }
}

const EMPTY = Buffer.alloc(0);

function tellActive(object: RemoteObject, active: boolean): void {
  const header = { type: MessageType.NOTIFY, seq: ++object.activeSeq, peer: 0 };
  send(object.client, header, { objectId: object.id, active });
}

/** Node does not tell who is at the other end, so that everybody is root. */
function forward(
  { id, client }: RemoteObject,
  header: { readonly seq: number; readonly peer: number },
  method: string,
  data: Buffer | undefined,
  first: NewAttributes,
): void {
  const body = { ...first, objectId: id, method, user: 'root', group: 'root' };
  const attributes = data === undefined ? body : { ...body, data };
  send(client, { ...header, type: MessageType.INVOKE }, attributes);
}

type Header = Parameters<typeof encodeMessage>[0];

function send(client: Client, header: Header, attributes: NewAttributes): void {
  write(client, encodeMessage(header, attributes));
}

/** The body as it came. */
function sendRaw(client: Client, header: Header, body: Buffer): void {
  const prefix = encodeMessage(header, {});
  prefix.writeUInt32BE(4 + body.length, 8);
  write(client, Buffer.concat([prefix, body]));
}

function write({ socket }: Client, bytes: Buffer): void {
  if (socket.writable && socket.writableLength <= MAX_QUEUE) socket.write(bytes);
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

function isTable(value: UbusTable[string]): value is UbusTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Those below 1024 are ubusd's own. */
function freshId(taken: ReadonlyMap<number, unknown> = new Map()): number {
  for (;;) {
    const id = randomInt(1024, 2 ** 32);
    if (!taken.has(id)) return id;
  }
}
