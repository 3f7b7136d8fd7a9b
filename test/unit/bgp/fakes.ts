/** A clock that stands still and TCP without a network. */
import type { Clock } from '../../../src/bgp/clock.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  MessageStream,
} from '../../../src/bgp/message.ts';
import type { Open } from '../../../src/bgp/open.ts';
import type {
  Connection,
  ConnectionHandler,
  IncomingConnection,
  Listener,
  PeerSocket,
  Transport,
} from '../../../src/bgp/transport.ts';
import { parseAddress } from '../../../src/model/address.ts';

export function address(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`${text} is no address`);
  return bytes;
}

export class FakeClock implements Clock {
  #now = 0;
  #timers: { at: number; task: () => void }[] = [];
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  random(): number {
    return 1;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  soon(task: () => void): void {
    this.#soon.push(task);
  }

  /** What was put off until now. */
  settle(): void {
    for (let task = this.#soon.shift(); task !== undefined; task = this.#soon.shift()) task();
  }

  /** Timers in their order, each in a turn of its own. */
  advance(seconds: number): void {
    const end = this.#now + 1000 * seconds;
    this.settle();
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((each) => each !== next);
      next.task();
      this.settle();
    }
    this.#now = end;
  }

  /** The process does something else for so long: then timers are due, and only then input is read. */
  stall(seconds: number, input: () => void): void {
    this.#now += 1000 * seconds;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { task } of due) task();
    input();
    this.settle();
  }
}

/** Both ends of a connection: the speaker's, and what the test does as the neighbour. */
export class FakeConnection implements Connection {
  localAddress = address('10.9.0.1');
  readonly peer: PeerSocket;
  readonly handler: ConnectionHandler;
  readonly written: Uint8Array[] = [];
  ended = false;
  /** Does the neighbour read nothing? */
  full = false;

  constructor(peer: PeerSocket, handler: ConnectionHandler) {
    this.peer = peer;
    this.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return !this.full;
  }

  end(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  /** What the speaker has written since the last call. */
  messages(fourOctetAs = true): readonly Message[] {
    const context = { fourOctetAs, internal: false };
    const stream = new MessageStream();
    return this.written
      .splice(0)
      .flatMap((bytes) => [...stream.push(bytes)].map((each) => decodeMessage(each, context)));
  }

  types(): string {
    return this.messages()
      .map((message) =>
        message.type === 'NOTIFICATION'
          ? `NOTIFICATION ${message.notification.errorCode}/${message.notification.errorSubcode}`
          : message.type,
      )
      .join(' ');
  }

  open(
    open: Partial<Omit<Open, 'capabilities'>> & {
      readonly capabilities?: Partial<Open['capabilities']>;
    } = {},
  ): void {
    const { myAs = 65002, holdTime = 90, bgpIdentifier = 0x0a090002, capabilities } = open;
    this.say({
      type: 'OPEN',
      open: {
        myAs,
        holdTime,
        bgpIdentifier,
        capabilities: {
          multiprotocol: [4, 6],
          routeRefresh: true,
          fourOctetAs: myAs,
          gracefulRestart: undefined,
          ...capabilities,
        },
      },
    });
  }

  keepalive(): void {
    this.say({ type: 'KEEPALIVE' });
  }

  say(message: Parameters<typeof encodeMessage>[0]): void {
    this.handler.received(encodeMessage(message));
  }
}

export class FakeTransport implements Transport {
  /** Oldest first. */
  readonly connections: FakeConnection[] = [];
  readonly md5Keys = new Map<string, string>();
  refused = 0;
  /** The TTL of those who connect is too low. */
  tooFar = false;
  /** The kernel is without TCP MD5. */
  md5Error: Error | undefined;
  #onConnection: ((incoming: IncomingConnection) => void) | undefined;

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('There is no connection');
    return connection;
  }

  connect(peer: PeerSocket, handler: ConnectionHandler): Connection {
    const connection = new FakeConnection(peer, handler);
    this.connections.push(connection);
    return connection;
  }

  listen(_options: unknown, onConnection: (incoming: IncomingConnection) => void): Listener {
    this.#onConnection = onConnection;
    return {
      setMd5Key: (peer, key) => {
        if (this.md5Error !== undefined) throw this.md5Error;
        this.md5Keys.set(peer.subarray(12).join('.'), new TextDecoder().decode(key));
      },
      close: () => (this.#onConnection = undefined),
    };
  }

  /** Somebody connects to us; undefined if that was refused. */
  arrive(from = '10.9.0.2'): FakeConnection | undefined {
    const before = this.connections.length;
    this.#onConnection?.({
      remoteAddress: address(from),
      refuse: () => {
        this.refused++;
      },
      accept: (peer, handler) => (this.tooFar ? undefined : this.connect(peer, handler)),
    });
    return this.connections[before];
  }
}
