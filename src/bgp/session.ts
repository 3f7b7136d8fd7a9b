/**
 * One run of the finite state machine: of the connection that we open to a neighbour, or of one that came from
 * it. It waits for nothing; all it does it does in the turn of the event loop that brought the cause. Keepalives are
 * due in a third of the hold time, so the rest of the process may keep the event loop for two thirds of it (of the
 * default: a minute) before the neighbour gives up.
 */
import { messageOf } from '../base/errors.ts';
import { type Clock, jittered } from './clock.ts';
import { type Family, MessageType } from './constants.ts';
import { type Event, type State, transition } from './fsm.ts';
import { decodeMessage, encodeMessage, MessageStream, type OutgoingMessage } from './message.ts';
import {
  describeNotification,
  ErrorCode,
  type Notification,
  NotificationError,
} from './notification.ts';
import type { Open } from './open.ts';
import type { Connection, ConnectionHandler } from './transport.ts';

/** RFC 4271 §8.2.2: "a large value". */
const LARGE_HOLD_MS = 240_000;
/** RFC 4271 §4.4. */
const LEAST_KEEPALIVE_MS = 1_000;
/** RFC 9687 §3: at least eight minutes, or two hold times. */
const SEND_HOLD_MS = 480_000;
/** RFC 6608, by state. */
const UNEXPECTED: Readonly<Partial<Record<State, number>>> = {
  OpenSent: 1,
  OpenConfirm: 2,
  Established: 3,
};

/** Messages that are read no further in other states than these. */
const EXPECTED_IN: ReadonlyMap<number, { readonly state: State; readonly name: Event }> = new Map([
  [MessageType.OPEN, { state: 'OpenSent', name: 'BgpOpen' }],
  [MessageType.UPDATE, { state: 'Established', name: 'UpdateMsg' }],
  [MessageType.ROUTE_REFRESH, { state: 'Established', name: 'RouteRefreshMsg' }],
]);

/** Counts of whole messages. */
export interface MessageCounts {
  messages: number;
  updates: number;
}

export interface SessionOptions {
  readonly clock: Clock;
  /** Seconds that an attempt to connect may take: the ConnectRetryTimer in Connect. */
  readonly connectRetryTime: number;
  readonly internal: boolean;
  readonly sent: MessageCounts;
  readonly received: MessageCounts;
  /** Milliseconds to the next attempt: the ConnectRetryTimer in Active. */
  retryDelay(): number;
  /** Opens a connection to the neighbour; throws what the kernel refuses at once. */
  connect(handler: ConnectionHandler): Connection;
  /** Our OPEN on this connection. */
  open(connection: Connection): Open;
  /** Judges the neighbour's OPEN; throws a NotificationError. May dump this session or the other (§6.8). */
  opened(session: Session, open: Open): void;
  established(session: Session): void;
  refresh(family: Family): void;
  /** What was written is gone: there may be more. */
  drained(): void;
  /** The state has changed; `reason` is why a connection was lost or not had. */
  changed(session: Session, reason: string | undefined): void;
}

export class Session {
  readonly #options: SessionOptions;
  /** Do we open the connection, again and again? */
  readonly initiated: boolean;
  #state: State = 'Idle';
  #connection: Connection | undefined;
  #stream = new MessageStream();
  #ours: Open | undefined;
  #theirs: Open | undefined;
  #holdMs = 0;
  #lastReceived = 0;
  #blockedSince: number | undefined;
  #closing: Promise<void> = Promise.resolve();
  #cancelConnectRetry = (): void => undefined;
  #cancelHold = (): void => undefined;
  #cancelKeepalive = (): void => undefined;

  constructor(options: SessionOptions, initiated: boolean) {
    this.#options = options;
    this.initiated = initiated;
  }

  get state(): State {
    return this.#state;
  }

  /** Both OPENs, from OpenConfirm on. */
  get ours(): Open | undefined {
    return this.#ours;
  }

  get theirs(): Open | undefined {
    return this.#theirs;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Milliseconds, 0: neither keepalives nor a limit. */
  get holdMs(): number {
    return this.#holdMs;
  }

  /** Is more to be written only after `drained`? */
  get blocked(): boolean {
    return this.#blockedSince !== undefined;
  }

  /** Settles when the last connection that was dropped is closed. */
  get closing(): Promise<void> {
    return this.#closing;
  }

  start(passive: boolean): void {
    this.#dispatch(passive ? 'StartPassive' : 'Start');
  }

  /** Takes the connection that `accept` makes; false if it makes none. */
  adopt(accept: (handler: ConnectionHandler) => Connection | undefined): boolean {
    this.start(true);
    this.#connection = accept(this.#handler());
    if (this.#connection !== undefined) this.#dispatch('TcpConnectionConfirmed');
    return this.#connection !== undefined;
  }

  /** Ends the session, with the NOTIFICATION where the neighbour is listening. */
  stop(notification: Notification, event: 'Stop' | 'OpenCollisionDump' = 'Stop'): void {
    this.#dispatch(event, notification);
  }

  /** Ends it without a word, as the neighbour's own NOTIFICATION would: then it believes in a restart (RFC 4724). */
  leave(reason: string): void {
    this.#dispatch('NotifMsg', undefined, reason);
  }

  send(message: OutgoingMessage): void {
    this.write(encodeMessage(message), 0);
    this.#options.sent.messages++;
  }

  /** Whole messages, of which so many are UPDATEs. */
  write(bytes: Uint8Array, updates: number): void {
    this.#options.sent.messages += updates;
    this.#options.sent.updates += updates;
    if (this.#connection?.write(bytes) === false) this.#blockedSince ??= this.#options.clock.now();
  }

  #dispatch(event: Event, notification?: Notification, reason?: string): void {
    const before = this.#state;
    const { to, actions } = transition(before, event);
    const dropped = actions.includes('drop');
    const answer = notification ?? unexpected(before);
    const sent = actions.includes('notify') ? `sent ${describeNotification(answer)}` : undefined;
    const why = dropped && event !== 'OpenCollisionDump' ? (reason ?? sent) : undefined;
    // first: what follows may ask for it, and may lead to events itself
    this.#state = dropped && !this.initiated ? 'Idle' : to;
    for (const action of actions) this.#do(action, answer);
    if (this.#state !== before || why !== undefined) this.#options.changed(this, why);
  }

  #do(action: ReturnType<typeof transition>['actions'][number], notification: Notification): void {
    switch (action) {
      case 'startConnectRetryTimer':
        this.#startConnectRetry();
        break;
      case 'stopConnectRetryTimer':
        this.#cancelConnectRetry();
        break;
      case 'connect':
        this.#connect();
        break;
      case 'sendOpen':
        if (this.#connection === undefined) break;
        this.#ours = this.#options.open(this.#connection);
        this.send({ type: 'OPEN', open: this.#ours });
        break;
      case 'sendKeepalive':
        this.#sendKeepalive();
        break;
      case 'startLargeHoldTimer':
        this.#holdMs = LARGE_HOLD_MS;
        this.#restartHold();
        break;
      case 'startAgreedTimers':
        this.#holdMs = 1000 * Math.min(this.#ours?.holdTime ?? 0, this.#theirs?.holdTime ?? 0);
        this.#restartHold();
        this.#restartKeepalive();
        break;
      case 'restartHoldTimer':
        this.#lastReceived = this.#options.clock.now();
        break;
      case 'restartKeepaliveTimer':
        this.#restartKeepalive();
        break;
      case 'establish':
        this.#options.established(this);
        break;
      case 'notify':
        this.send({ type: 'NOTIFICATION', notification });
        break;
      case 'drop':
        this.#drop();
        break;
    }
  }

  #startConnectRetry(): void {
    const { clock, connectRetryTime } = this.#options;
    this.#cancelConnectRetry();
    if (!this.initiated) return;
    const ms =
      this.#state === 'Active'
        ? this.#options.retryDelay()
        : jittered(1000 * connectRetryTime, clock);
    this.#cancelConnectRetry = clock.after(ms, () =>
      this.#dispatch('ConnectRetryTimerExpires', undefined, 'ETIMEDOUT'),
    );
  }

  #connect(): void {
    try {
      this.#connection = this.#options.connect(this.#handler());
    } catch (error) {
      const reason = messageOf(error);
      this.#options.clock.soon(() => {
        if (this.#state === 'Connect' && this.#connection === undefined) {
          this.#dispatch('TcpConnectionFails', undefined, reason);
        }
      });
    }
  }

  #handler(): ConnectionHandler {
    return {
      connected: () => this.#dispatch('TcpConnectionConfirmed'),
      received: (chunk) => this.#received(chunk),
      drained: () => {
        this.#blockedSince = undefined;
        this.#options.drained();
      },
      closed: (reason) => this.#dispatch('TcpConnectionFails', undefined, reason),
    };
  }

  #received(chunk: Uint8Array): void {
    const connection = this.#connection;
    try {
      for (const bytes of this.#stream.push(chunk)) {
        this.#options.received.messages++;
        this.#message(bytes);
        if (this.#connection !== connection) return;
      }
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      this.#dispatch(errorEvent(error), error);
    }
  }

  #message(bytes: Uint8Array): void {
    const type = bytes[18] ?? 0;
    if (type === MessageType.UPDATE) this.#options.received.updates++;
    const expected = EXPECTED_IN.get(type);
    if (expected !== undefined && this.#state !== expected.state) {
      this.#dispatch(expected.name);
      return;
    }
    const fourOctetAs = this.#theirs?.capabilities.fourOctetAs !== undefined;
    const message = decodeMessage(bytes, { fourOctetAs, internal: this.#options.internal });
    switch (message.type) {
      case 'OPEN':
        this.#theirs = message.open;
        this.#options.opened(this, message.open);
        // it may have been dumped for the sake of another
        if (this.state === 'OpenSent') this.#dispatch('BgpOpen');
        break;
      case 'UPDATE':
        // RFC 8212: there is no rule to take a route, so it ends here, and so does what was wrong with it
        this.#dispatch('UpdateMsg');
        break;
      case 'NOTIFICATION':
        this.#dispatch(
          'NotifMsg',
          undefined,
          `received ${describeNotification(message.notification)}`,
        );
        break;
      case 'KEEPALIVE':
        this.#dispatch('KeepAliveMsg');
        break;
      case 'ROUTE-REFRESH':
        this.#dispatch('RouteRefreshMsg');
        if (message.family !== undefined) this.#options.refresh(message.family);
        break;
    }
  }

  /**
   * The timer is set once for all messages of a hold time. A process that was busy finds it expired with messages
   * waiting to be read: so these are read first.
   */
  #restartHold(): void {
    const { clock } = this.#options;
    this.#cancelHold();
    this.#lastReceived = clock.now();
    if (this.#holdMs === 0) return;
    const left = (): number => this.#lastReceived + this.#holdMs - clock.now();
    const check = (): void => {
      let cancelled = false;
      const cancelTimer = clock.after(Math.max(left(), 1), () => {
        if (left() > 0) {
          check();
          return;
        }
        clock.soon(() => {
          if (cancelled) return;
          if (left() > 0) check();
          else this.#dispatch('HoldTimerExpires', notificationOf(ErrorCode.HOLD_TIMER));
        });
      });
      this.#cancelHold = () => {
        cancelled = true;
        cancelTimer();
      };
    };
    check();
  }

  #restartKeepalive(): void {
    this.#cancelKeepalive();
    if (this.#holdMs === 0) return;
    const { clock } = this.#options;
    const ms = Math.max(jittered(this.#holdMs / 3, clock), LEAST_KEEPALIVE_MS);
    this.#cancelKeepalive = clock.after(ms, () => this.#dispatch('KeepaliveTimerExpires'));
  }

  /** One behind bytes that the neighbour does not take would not tell it anything. */
  #sendKeepalive(): void {
    const now = this.#options.clock.now();
    if (this.#blockedSince === undefined) {
      this.send({ type: 'KEEPALIVE' });
    } else if (now - this.#blockedSince >= Math.max(SEND_HOLD_MS, 2 * this.#holdMs)) {
      this.#options.clock.soon(() => {
        if (this.#blockedSince === undefined) return;
        this.#dispatch('SendHoldTimerExpires', notificationOf(ErrorCode.SEND_HOLD_TIMER));
      });
    }
  }

  #drop(): void {
    this.#cancelConnectRetry();
    this.#cancelHold();
    this.#cancelKeepalive();
    if (this.#connection !== undefined) this.#closing = this.#connection.end();
    this.#connection = undefined;
    this.#stream = new MessageStream();
    this.#theirs = undefined;
    this.#blockedSince = undefined;
  }
}

function notificationOf(errorCode: number, errorSubcode = 0): Notification {
  return { errorCode, errorSubcode, data: new Uint8Array() };
}

function unexpected(state: State): Notification {
  return notificationOf(ErrorCode.FSM, UNEXPECTED[state] ?? 0);
}

function errorEvent({ errorCode }: NotificationError): Event {
  if (errorCode === ErrorCode.OPEN) return 'BgpOpenMsgErr';
  return errorCode === ErrorCode.UPDATE ? 'UpdateMsgErr' : 'BgpHeaderErr';
}
