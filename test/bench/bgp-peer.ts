/** A BGP neighbour that counts what it is told, and knows when. */
import { decodeMessage, encodeMessage, MessageStream } from '../../src/bgp/message.ts';
import { tcpTransport } from '../../src/bgp/index.ts';
import type { Connection } from '../../src/bgp/transport.ts';
import { socketCalls } from '../../src/datapath/index.ts';
import type { Update } from '../../src/bgp/update.ts';
import { address } from '../netns/support/bgp-routes.ts';

export interface PeerOptions {
  /** File of the network namespace; it listens there at 127.0.0.1. */
  readonly netns: string;
  readonly port: number;
  readonly asn: number;
  /** Seconds. */
  readonly holdTime: number;
}

/** Length and address of a host route, bytes. */
const HOST_ROUTE = { 4: 5, 6: 17 } as const;

/** Prefixes, all of them host routes, that an UPDATE announces, less those that it withdraws. */
function announcedBy({ nlri, withdrawnRoutes, pathAttributes }: Update): number {
  const { mpReach, mpUnreach } = pathAttributes;
  const ipv6 = (mpReach?.nlri.length ?? 0) - (mpUnreach?.withdrawnRoutes.length ?? 0);
  return (nlri.length - withdrawnRoutes.length) / HOST_ROUTE[4] + ipv6 / HOST_ROUTE[6];
}

const CONTEXT = { fourOctetAs: true, internal: false } as const;

export class BgpPeer {
  readonly #options: PeerOptions;
  readonly #listener: { close(): void };
  #connection: Connection | undefined;
  #keepalives: NodeJS.Timeout | undefined;
  /** Prefixes announced on the connection that there is, less those withdrawn. */
  routes = 0;
  established = false;
  /** When the connection came, ms of performance.now(). */
  connectedAt = 0;
  /** When bytes came last, and the longest time between two messages, ms of performance.now(). */
  #last = 0;
  longestGap = 0;
  #onRoutes = (): void => undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { netns, port } = options;
    this.#listener = tcpTransport(socketCalls).listen(
      { address: address('127.0.0.1'), port, netns },
      (incoming) => {
        this.#begin();
        const stream = new MessageStream();
        this.#connection = incoming.accept(
          { address: incoming.remoteAddress, port, ttl: 64 },
          {
            connected: () => undefined,
            drained: () => undefined,
            received: (chunk) => {
              this.#heard();
              for (const message of stream.push(chunk)) this.#receive(message);
            },
            closed: () => this.#end(),
          },
        );
      },
      (reason) => console.error(`bench: ${reason}`),
    );
  }

  /** Settles at the moment when so many routes are there. */
  async has(routes: number): Promise<void> {
    if (this.routes === routes) return;
    await new Promise<void>((resolve) => {
      this.#onRoutes = () => {
        if (this.routes === routes) resolve();
      };
    });
    this.#onRoutes = () => undefined;
  }

  /** From now on. */
  measureGaps(): void {
    this.#last = performance.now();
    this.longestGap = 0;
  }

  /** The daemon connects anew. */
  async disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#end();
    await connection?.end();
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.disconnect();
  }

  #begin(): void {
    this.routes = 0;
    this.connectedAt = this.#last = performance.now();
  }

  #end(): void {
    clearInterval(this.#keepalives);
    this.established = false;
    this.#connection = undefined;
  }

  #heard(): void {
    const now = performance.now();
    this.longestGap = Math.max(this.longestGap, now - this.#last);
    this.#last = now;
  }

  #receive(bytes: Uint8Array): void {
    const message = decodeMessage(bytes, CONTEXT);
    const { asn, holdTime } = this.#options;
    const capabilities = {
      multiprotocol: [4, 6],
      routeRefresh: false,
      fourOctetAs: asn,
      gracefulRestart: undefined,
    } as const;
    switch (message.type) {
      case 'OPEN':
        this.#connection?.write(
          encodeMessage({
            type: 'OPEN',
            open: { myAs: asn, holdTime, bgpIdentifier: 0xc0000263, capabilities },
          }),
        );
        this.#say();
        this.#keepalives = setInterval(() => this.#say(), (1000 * holdTime) / 3);
        return;
      case 'KEEPALIVE':
        this.established = true;
        return;
      case 'UPDATE':
        this.routes += announcedBy(message.update);
        this.#onRoutes();
        return;
      case 'NOTIFICATION':
        console.error(`bench: BGP error ${message.notification.errorCode}`);
        return;
      case 'ROUTE-REFRESH':
        return;
    }
  }

  #say(): void {
    this.#connection?.write(encodeMessage({ type: 'KEEPALIVE' }));
  }
}
