/** One neighbour: its configuration, the one or two sessions with it, and what it is told. */
import { formatAddress, isMapped } from '../model/address.ts';
import { Advertiser } from './advertiser.ts';
import { Backoff } from './backoff.ts';
import { missingFamilies } from './capability.ts';
import type { Clock } from './clock.ts';
import { BGP_PORT, FAMILIES, type Family } from './constants.ts';
import type { State } from './fsm.ts';
import {
  Cease,
  ErrorCode,
  type Notification,
  NotificationError,
  OpenError,
} from './notification.ts';
import type { Open } from './open.ts';
import type { Rib } from './rib.ts';
import { Session, type SessionOptions } from './session.ts';
import type { Connection, IncomingConnection, PeerSocket, Transport } from './transport.ts';

export interface NeighborConfig {
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  /** Default 179. */
  readonly port?: number;
  readonly asn: number;
  /** Source of the connections that we open. */
  readonly localAddress?: Uint8Array;
  /** File of the network namespace in which it is reached, such as /run/netns/wan. */
  readonly netns?: string;
  /** Wait for its connections, open none. */
  readonly passive?: boolean;
  /** Seconds, 0 or at least 3; default 90. The lower of both speakers' counts. */
  readonly holdTime?: number;
  /** Seconds that an attempt to connect may take, and between two of them at most; default 5. */
  readonly connectRetryTime?: number;
  /** Of TCP MD5 (RFC 2385), 1 to 80 bytes. */
  readonly md5Key?: Uint8Array;
  /** Hops to an eBGP neighbour; default 1. */
  readonly multihop?: number;
  /** RFC 5082: packets that come from farther than the hops above are dropped. */
  readonly ttlSecurity?: boolean;
  /** 16 bytes; default our address of the session, for its family. The other family is spoken only with one. */
  readonly nextHop4?: Uint8Array;
  readonly nextHop6?: Uint8Array;
  /** To iBGP neighbours; default 100. */
  readonly localPref?: number;
  readonly multiExitDisc?: number;
}

export interface NeighborStatus {
  readonly address: Uint8Array;
  readonly netns: string | undefined;
  readonly asn: number;
  readonly state: State;
  /** In Established. */
  readonly uptimeSeconds: number | undefined;
  /** Families that both speak, in Established. */
  readonly families: readonly Family[];
  /** Seconds, as both agreed; 0: none. */
  readonly holdTime: number | undefined;
  readonly sent: { readonly messages: number; readonly updates: number };
  readonly received: { readonly messages: number; readonly updates: number };
  /** Prefixes that it has been told of, and that it is still to be told about. */
  readonly announced: number;
  readonly pending: number;
  /** Why the last connection ended or did not come about, and how long ago. */
  readonly lastError: { readonly reason: string; readonly secondsAgo: number } | undefined;
}

/** What all neighbours have in common. */
export interface LocalSpeaker {
  readonly asn: number;
  /** 32 bits. */
  readonly bgpIdentifier: number;
  /** Seconds that neighbours keep our routes without us; undefined: no graceful restart. */
  readonly restartTime: number | undefined;
  readonly rib: Rib;
  readonly clock: Clock;
  readonly transport: Transport;
  changed(neighbor: Neighbor): void;
}

const DEFAULT_HOLD_TIME = 90;
const DEFAULT_CONNECT_RETRY_TIME = 5;
const DEFAULT_LOCAL_PREF = 100;
const CROSSING_MS = 5_000;
const MAX_TTL = 255;
/** What Linux uses itself; neighbours of iBGP may be anywhere inside. */
const INTERNAL_TTL = 64;

export class Neighbor {
  readonly config: NeighborConfig;
  readonly #local: LocalSpeaker;
  readonly #internal: boolean;
  readonly #connectRetryTime: number;
  readonly #backoff: Backoff;
  readonly #counts = {
    sent: { messages: 0, updates: 0 },
    received: { messages: 0, updates: 0 },
  };
  readonly #own: Session;
  #accepted: Session | undefined;
  #advertiser: Advertiser | undefined;
  #families: readonly Family[] = [];
  #establishedAt: number | undefined;
  #running = false;
  /** The R bit: no session has been established since we started (RFC 4724 §4.1). */
  #restarting = true;
  /** Does it keep our routes when a session ends? Of the last session. */
  #gracefulPeer = false;
  #cancelRetry: (() => void) | undefined;
  #lastError: { reason: string; at: number } | undefined;
  #closing: Promise<void> = Promise.resolve();

  constructor(config: NeighborConfig, local: LocalSpeaker) {
    this.config = config;
    this.#local = local;
    this.#internal = config.asn === local.asn;
    this.#connectRetryTime = config.connectRetryTime ?? DEFAULT_CONNECT_RETRY_TIME;
    this.#backoff = new Backoff(local.clock, 1000 * this.#connectRetryTime);
    this.#own = new Session(this.#sessionOptions(), true);
  }

  start(): void {
    this.#running = true;
    this.#backoff.begin();
    this.#own.start(this.config.passive === true);
  }

  /** Ends all sessions; without a notification the neighbour is to believe in a restart. */
  stop(notification: Notification | undefined): Promise<void> {
    this.#running = false;
    this.#cancelRetry?.();
    for (const session of [this.#own, this.#accepted]) {
      if (notification === undefined) session?.leave('closed for a restart');
      else session?.stop(notification);
    }
    return this.#closing;
  }

  accept(incoming: IncomingConnection): void {
    const established = [this.#own, this.#accepted].find(
      (session) => session?.state === 'Established',
    );
    if (!this.#running || (established !== undefined && !this.#mayHaveRestarted())) {
      incoming.refuse();
      return;
    }
    const session = new Session(this.#sessionOptions(), false);
    if (!session.adopt((handler) => incoming.accept(this.#socket(), handler))) {
      this.#failed('the connection came from too far (check ttlSecurity and multihop)');
      return;
    }
    established?.leave('the neighbour has restarted');
    this.#accepted?.stop(cease(Cease.COLLISION), 'OpenCollisionDump');
    this.#accepted = session;
  }

  /**
   * RFC 4724 §4.2: a new connection says that the neighbour has restarted and the old one is dead; unless it is the
   * one that crossed ours, which the neighbour is about to close.
   */
  #mayHaveRestarted(): boolean {
    const age = this.#local.clock.now() - (this.#establishedAt ?? 0);
    return this.#gracefulPeer && age > CROSSING_MS;
  }

  /** There is something new to announce or to withdraw. */
  flush(): void {
    this.#advertiser?.flush();
  }

  status(): NeighborStatus {
    const { clock } = this.#local;
    const { address, netns, asn } = this.config;
    const session = this.#foremost();
    const seconds = (since: number): number => Math.floor((clock.now() - since) / 1000);
    const error = this.#lastError;
    return {
      address,
      netns,
      asn,
      state: session.state,
      uptimeSeconds: this.#establishedAt === undefined ? undefined : seconds(this.#establishedAt),
      families: this.#families,
      holdTime: this.#establishedAt === undefined ? undefined : session.holdMs / 1000,
      sent: { ...this.#counts.sent },
      received: { ...this.#counts.received },
      announced: this.#advertiser?.view.known ?? 0,
      pending: this.#advertiser?.view.pending ?? 0,
      lastError:
        error === undefined ? undefined : { reason: error.reason, secondsAgo: seconds(error.at) },
    };
  }

  #foremost(): Session {
    const accepted = this.#accepted;
    if (accepted === undefined) return this.#own;
    return ORDER.indexOf(accepted.state) >= ORDER.indexOf(this.#own.state) ? accepted : this.#own;
  }

  #sessionOptions(): SessionOptions {
    const { clock, transport } = this.#local;
    return {
      clock,
      connectRetryTime: this.#connectRetryTime,
      internal: this.#internal,
      ...this.#counts,
      retryDelay: () => this.#backoff.delay(),
      connect: (handler) => transport.connect(this.#socket(), handler),
      open: (connection) => this.#open(connection),
      opened: (session, open) => this.#opened(session, open),
      established: (session) => this.#established(session),
      refresh: (family) => this.#advertiser?.refresh(family),
      drained: () => this.flush(),
      changed: (session, reason) => this.#changed(session, reason),
    };
  }

  #socket(): PeerSocket {
    const { address, port = BGP_PORT, localAddress, netns, md5Key } = this.config;
    const { multihop = 1, ttlSecurity = false } = this.config;
    const ttl = this.#internal ? INTERNAL_TTL : multihop;
    return {
      address,
      port,
      localAddress,
      netns,
      md5Key,
      ttl: ttlSecurity ? MAX_TTL : ttl,
      minimumTtl: ttlSecurity ? MAX_TTL + 1 - multihop : undefined,
    };
  }

  #nextHops(connection: Connection): ReadonlyMap<Family, Uint8Array> {
    const { localAddress } = connection;
    const { nextHop4, nextHop6 } = this.config;
    const own: Family = isMapped(localAddress) ? 4 : 6;
    const hops = new Map<Family, Uint8Array>([[own, localAddress]]);
    if (nextHop4 !== undefined) hops.set(4, nextHop4);
    if (nextHop6 !== undefined) hops.set(6, nextHop6);
    return hops;
  }

  #open(connection: Connection): Open {
    const { asn, bgpIdentifier, restartTime } = this.#local;
    const hops = this.#nextHops(connection);
    const families = FAMILIES.filter((family) => hops.has(family));
    return {
      myAs: asn,
      holdTime: this.config.holdTime ?? DEFAULT_HOLD_TIME,
      bgpIdentifier,
      capabilities: {
        multiprotocol: families,
        routeRefresh: true,
        fourOctetAs: asn,
        gracefulRestart:
          restartTime === undefined
            ? undefined
            : {
                restartState: this.#restarting,
                restartTime,
                // the kernel forwards without us
                families: new Map(families.map((family) => [family, true])),
              },
      },
    };
  }

  #opened(session: Session, open: Open): void {
    const { myAs, bgpIdentifier } = open;
    if (myAs !== this.config.asn) {
      throw new NotificationError(ErrorCode.OPEN, OpenError.BAD_PEER_AS);
    }
    // RFC 6286 §2.2
    if (this.#internal && bgpIdentifier === this.#local.bgpIdentifier) {
      throw new NotificationError(ErrorCode.OPEN, OpenError.BAD_IDENTIFIER);
    }
    if (commonFamilies(session.ours, open).length === 0) {
      throw missingFamilies(session.ours?.capabilities.multiprotocol ?? []);
    }
    const other = session === this.#own ? this.#accepted : this.#own;
    if (other?.state !== 'OpenConfirm') return;
    const loser = session.initiated === this.#oursWins(open) ? other : session;
    loser.stop(cease(Cease.COLLISION), 'OpenCollisionDump');
  }

  /** RFC 4271 §6.8, RFC 6286 §2.3: the connection that the speaker with the higher identifier opened stays. */
  #oursWins({ bgpIdentifier, myAs }: Open): boolean {
    const { bgpIdentifier: own, asn } = this.#local;
    return own === bgpIdentifier ? asn > myAs : own > bgpIdentifier;
  }

  #established(session: Session): void {
    const { rib, clock, asn } = this.#local;
    const { ours, theirs, connection } = session;
    if (ours === undefined || theirs === undefined || connection === undefined) return;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const other = session === this.#own ? this.#accepted : this.#own;
    other?.stop(cease(Cease.COLLISION), 'OpenCollisionDump');
    this.#restarting = false;
    this.#gracefulPeer = theirs.capabilities.gracefulRestart !== undefined;
    this.#establishedAt = clock.now();
    this.#families = commonFamilies(ours, theirs);
    const paths = {
      localAs: asn,
      internal: this.#internal,
      fourOctetAs: theirs.capabilities.fourOctetAs !== undefined,
      nextHop: this.#nextHops(connection),
      localPref: this.config.localPref ?? DEFAULT_LOCAL_PREF,
      multiExitDisc: this.config.multiExitDisc,
    };
    this.#advertiser = new Advertiser(rib, session, clock, paths, this.#families);
    this.#advertiser.flush();
  }

  #changed(session: Session, reason: string | undefined): void {
    if (session.state === 'Idle') {
      const { closing } = session;
      this.#closing = this.#closing.then(() => closing);
      if (session === this.#accepted) this.#accepted = undefined;
    }
    const left = [this.#own, this.#accepted].every((each) => each?.state !== 'Established');
    if (left && this.#establishedAt !== undefined) this.#down(this.#establishedAt);
    if (reason !== undefined) this.#failed(reason);
    else this.#local.changed(this);
    // the other session may be on its way: then ours comes back when that has failed
    if (this.#running && this.#own.state === 'Idle' && this.#accepted === undefined) this.#retry();
  }

  #down(establishedAt: number): void {
    this.#backoff.ended(establishedAt);
    this.#establishedAt = undefined;
    this.#families = [];
    this.#advertiser?.close();
    this.#advertiser = undefined;
  }

  #failed(reason: string): void {
    this.#lastError = { reason, at: this.#local.clock.now() };
    this.#local.changed(this);
  }

  #retry(): void {
    if (this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#local.clock.after(this.#backoff.delay(), () => {
      this.#cancelRetry = undefined;
      if (this.#accepted === undefined) this.#own.start(this.config.passive === true);
    });
  }
}

const ORDER: readonly State[] = [
  'Idle',
  'Active',
  'Connect',
  'OpenSent',
  'OpenConfirm',
  'Established',
];

/** RFC 4760 §8: a speaker without the capability has IPv4. */
function commonFamilies(ours: Open | undefined, theirs: Open): readonly Family[] {
  const spoken = theirs.capabilities.multiprotocol ?? [4];
  return (ours?.capabilities.multiprotocol ?? []).filter((family) => spoken.includes(family));
}

export function cease(errorSubcode: number, data: Uint8Array = new Uint8Array()): Notification {
  return { errorCode: ErrorCode.CEASE, errorSubcode, data };
}

/** For messages and as a key: the address, behind its network namespace if it has one. */
export function neighborName({
  address,
  netns,
}: Pick<NeighborConfig, 'address' | 'netns'>): string {
  return `${netns === undefined ? '' : `${netns} `}${formatAddress(address)}`;
}
