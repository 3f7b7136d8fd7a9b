/**
 * A BGP speaker that announces and accepts nothing (RFC 8212): prefixes that it is told of go to all its
 * neighbours, and routes from them are checked for errors and dropped.
 */
import { DomainrouteError, messageOf } from '../base/errors.ts';
import type { Prefix } from '../model/prefix.ts';
import { type Clock, systemClock } from './clock.ts';
import { BGP_PORT } from './constants.ts';
import {
  cease,
  Neighbor,
  type NeighborConfig,
  neighborName,
  type NeighborStatus,
} from './neighbor.ts';
import { Cease, type Notification, shutdownCommunication } from './notification.ts';
import { Rib } from './rib.ts';
import type { RouteAttributes } from './route.ts';
import type { IncomingConnection, Listener, Transport } from './transport.ts';

/** Between two words about those who are no neighbours: anybody can come, and as often as he likes. */
const REFUSALS_MS = 60_000;

export interface SpeakerOptions {
  readonly asn: number;
  /** An IPv4 address, as 16 bytes: the BGP identifier. */
  readonly routerId: Uint8Array;
  /**
   * Where neighbours connect to; undefined: nowhere. The same for all, in each of their namespaces; without addresses at
   * every one there is.
   */
  readonly listen?: { readonly addresses?: readonly Uint8Array[]; readonly port?: number };
  /** Neighbours keep our routes so long while this process restarts (RFC 4724). Seconds, up to 4095. */
  readonly gracefulRestart?: { readonly restartTime: number };
  readonly transport: Transport;
  readonly clock?: Clock;
  /** A neighbour has another state, or an attempt has failed. */
  onState?(status: NeighborStatus): void;
  /** A connection that nobody is waiting for was closed, once a minute; a listener has failed or has no TCP MD5. */
  onRefused?(reason: string): void;
}

export interface CloseOptions {
  /** Neighbours keep the routes: this process comes back. Otherwise they are told of a shutdown. */
  readonly graceful: boolean;
  /** RFC 9003: why, for the people there. */
  readonly reason?: string;
}

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #clock: Clock;
  readonly #bgpIdentifier: number;
  readonly #rib = new Rib();
  readonly #neighbors = new Map<string, Neighbor>();
  /** By network namespace; '': our own. */
  readonly #listeners = new Map<string, Listener>();
  /** Names of neighbours with a key that a listener could not take: they are not let in without. */
  readonly #unprotected = new Set<string>();
  #running = false;
  #scheduled = false;
  #refusedAt = -Infinity;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bgpIdentifier = new DataView(Uint8Array.from(options.routerId).buffer).getUint32(12);
  }

  /** How many prefixes are announced. */
  get size(): number {
    return this.#rib.size;
  }

  /**
   * Begins to speak. What was announced before is what End-of-RIB says to be all: after a restart, announce first.
   * Throws a DomainrouteError 'platform' if it cannot listen.
   */
  start(): void {
    if (this.#running) return;
    try {
      for (const { config } of this.#neighbors.values()) this.#listenFor(config);
    } catch (error) {
      this.#closeListeners();
      throw error;
    }
    this.#running = true;
    for (const neighbor of this.#neighbors.values()) neighbor.start();
  }

  /** Throws a DomainrouteError: 'config' if the neighbour is there already, 'platform' if it cannot listen for it. */
  addNeighbor(config: NeighborConfig): void {
    const name = neighborName(config);
    if (this.#neighbors.has(name)) {
      throw new DomainrouteError('config', `Cannot add neighbour '${name}': it is there already`);
    }
    if (this.#running) this.#listenFor(config);
    const neighbor = new Neighbor(config, {
      asn: this.#options.asn,
      bgpIdentifier: this.#bgpIdentifier,
      restartTime: this.#options.gracefulRestart?.restartTime,
      rib: this.#rib,
      clock: this.#clock,
      transport: this.#options.transport,
      changed: (changed) => this.#options.onState?.(changed.status()),
    });
    this.#neighbors.set(name, neighbor);
    if (this.#running) neighbor.start();
  }

  /** Tells the neighbour that it is none any more; false if it was none. */
  removeNeighbor(which: Pick<NeighborConfig, 'address' | 'netns'>): boolean {
    const name = neighborName(which);
    const neighbor = this.#neighbors.get(name);
    if (neighbor === undefined) return false;
    this.#neighbors.delete(name);
    const unprotected = this.#unprotected.delete(name);
    void neighbor.stop(cease(Cease.PEER_DECONFIGURED));
    const { address, netns = '', md5Key } = neighbor.config;
    if (md5Key !== undefined && !unprotected) {
      this.#listeners.get(netns)?.setMd5Key(address, new Uint8Array());
    }
    return true;
  }

  /**
   * Announces a prefix, or changes how it is announced. All changes of one turn of the event loop go out together.
   * Throws a DomainrouteError: 'full', or 'config' for more communities than a message holds.
   */
  announce(prefix: Prefix, attributes?: RouteAttributes): void {
    if (this.#rib.announce(prefix, attributes)) this.#schedule();
  }

  withdraw(prefix: Prefix): void {
    if (this.#rib.withdraw(prefix)) this.#schedule();
  }

  states(): readonly NeighborStatus[] {
    return [...this.#neighbors.values()].map((neighbor) => neighbor.status());
  }

  /** Ends all sessions and listeners; settles when the connections are closed, a second at most. */
  async close({ graceful, reason = '' }: CloseOptions): Promise<void> {
    this.#running = false;
    this.#closeListeners();
    const notification: Notification | undefined = graceful
      ? undefined
      : cease(Cease.ADMINISTRATIVE_SHUTDOWN, shutdownCommunication(reason));
    await Promise.all([...this.#neighbors.values()].map((each) => each.stop(notification)));
    this.#neighbors.clear();
  }

  #closeListeners(): void {
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
  }

  #schedule(): void {
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      for (const neighbor of this.#neighbors.values()) neighbor.flush();
    });
  }

  #listenFor(config: NeighborConfig): void {
    const { netns, md5Key } = config;
    const { listen, transport } = this.#options;
    if (listen === undefined) return;
    const { addresses = [undefined], port = BGP_PORT } = listen;
    const where = `port ${port}${netns === undefined ? '' : ` in ${netns}`}`;
    try {
      let listener = this.#listeners.get(netns ?? '');
      if (listener === undefined) {
        listener = openAll(addresses, (address) =>
          transport.listen(
            { address, port, netns },
            (incoming) => this.#accept(incoming, netns),
            (reason) => this.#options.onRefused?.(`Cannot listen on ${where}: ${reason}`),
          ),
        );
        this.#listeners.set(netns ?? '', listener);
      }
      if (md5Key !== undefined) this.#protect(listener, config, md5Key);
    } catch (error) {
      throw new DomainrouteError(
        'platform',
        `Cannot listen for BGP on ${where}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  /** Where the kernel cannot, the neighbour is a stranger to the listener; the others are not to suffer. */
  #protect(listener: Listener, config: NeighborConfig, key: Uint8Array): void {
    try {
      listener.setMd5Key(config.address, key);
      this.#unprotected.delete(neighborName(config));
    } catch (error) {
      this.#unprotected.add(neighborName(config));
      this.#options.onRefused?.(messageOf(error));
    }
  }

  /** W4: who is not a neighbour is closed, and not a byte of it is read. */
  #accept(incoming: IncomingConnection, netns: string | undefined): void {
    const name = neighborName({
      address: incoming.remoteAddress,
      ...(netns !== undefined && { netns }),
    });
    const neighbor = this.#neighbors.get(name);
    if (neighbor !== undefined && !this.#unprotected.has(name)) {
      neighbor.accept(incoming);
      return;
    }
    incoming.refuse();
    const now = this.#clock.now();
    if (now - this.#refusedAt < REFUSALS_MS) return;
    this.#refusedAt = now;
    const why = neighbor === undefined ? 'it is no neighbour' : 'it is to have a TCP MD5 key';
    this.#options.onRefused?.(`Cannot accept a connection from '${name}': ${why}`);
  }
}

/** Many as one; if one cannot be opened, none is. */
function openAll<T>(places: readonly T[], open: (place: T) => Listener): Listener {
  const listeners: Listener[] = [];
  const close = (): void => listeners.forEach((each) => each.close());
  try {
    for (const place of places) listeners.push(open(place));
  } catch (error) {
    close();
    throw error;
  }
  return {
    setMd5Key: (address, key) => listeners.forEach((each) => each.setMd5Key(address, key)),
    close,
  };
}
