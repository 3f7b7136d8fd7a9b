/**
 * The finite state machine of RFC 4271 §8.2.2, as a table: names are the RFC's. Of the optional attributes there are
 * IdleHoldTimer (as the caller's own, between Idle and the next Start), PassiveTcpEstablishment and
 * CollisionDetectEstablishedState; there is no DelayOpen.
 */

export type State = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

export type Event =
  | 'Start' // events 1, 3 and 13
  | 'StartPassive' // events 4 and 5
  | 'Stop' // events 2 and 8
  | 'ConnectRetryTimerExpires'
  | 'HoldTimerExpires'
  | 'KeepaliveTimerExpires'
  | 'SendHoldTimerExpires' // RFC 9687
  | 'TcpConnectionConfirmed' // events 16 and 17
  | 'TcpConnectionFails'
  | 'BgpOpen'
  | 'BgpHeaderErr'
  | 'BgpOpenMsgErr'
  | 'OpenCollisionDump'
  | 'NotifMsg' // events 24 and 25
  | 'KeepAliveMsg'
  | 'UpdateMsg'
  | 'UpdateMsgErr'
  | 'RouteRefreshMsg'; // RFC 2918

export type Action =
  | 'startConnectRetryTimer'
  | 'stopConnectRetryTimer'
  | 'connect'
  | 'sendOpen'
  | 'sendKeepalive'
  /** With the four minutes of an OPEN that is waited for. */
  | 'startLargeHoldTimer'
  /** Hold and keepalive timers, with what both OPENs say. */
  | 'startAgreedTimers'
  | 'restartHoldTimer'
  | 'restartKeepaliveTimer'
  | 'establish'
  /** Send the NOTIFICATION of the event; of one that has none: Finite State Machine Error. */
  | 'notify'
  /** Close the connection and stop all timers. */
  | 'drop';

export interface Transition {
  readonly to: State;
  readonly actions: readonly Action[];
}

function go(to: State, ...actions: readonly Action[]): Transition {
  return { to, actions };
}

const QUIT = go('Idle', 'drop');
const NOTIFY = go('Idle', 'notify', 'drop');

/** What ends a session in every state that has a connection. */
const ENDS = {
  Stop: NOTIFY,
  HoldTimerExpires: NOTIFY,
  SendHoldTimerExpires: NOTIFY,
  BgpHeaderErr: NOTIFY,
  BgpOpenMsgErr: NOTIFY,
  OpenCollisionDump: NOTIFY,
  // the RFC has an error of the FSM here in OpenSent, which nobody would read
  NotifMsg: QUIT,
} as const;

const TABLE: Readonly<Record<State, Readonly<Partial<Record<Event, Transition>>>>> = {
  Idle: {
    Start: go('Connect', 'startConnectRetryTimer', 'connect'),
    StartPassive: go('Active'),
  },
  Connect: {
    Start: go('Connect'),
    StartPassive: go('Connect'),
    ConnectRetryTimerExpires: go('Connect', 'drop', 'startConnectRetryTimer', 'connect'),
    TcpConnectionConfirmed: go(
      'OpenSent',
      'stopConnectRetryTimer',
      'sendOpen',
      'startLargeHoldTimer',
    ),
  },
  Active: {
    Start: go('Active'),
    StartPassive: go('Active'),
    ConnectRetryTimerExpires: go('Connect', 'startConnectRetryTimer', 'connect'),
    TcpConnectionConfirmed: go(
      'OpenSent',
      'stopConnectRetryTimer',
      'sendOpen',
      'startLargeHoldTimer',
    ),
  },
  OpenSent: {
    ...ENDS,
    Start: go('OpenSent'),
    StartPassive: go('OpenSent'),
    TcpConnectionFails: go('Active', 'drop', 'startConnectRetryTimer'),
    BgpOpen: go('OpenConfirm', 'sendKeepalive', 'startAgreedTimers'),
  },
  OpenConfirm: {
    ...ENDS,
    Start: go('OpenConfirm'),
    StartPassive: go('OpenConfirm'),
    TcpConnectionFails: QUIT,
    KeepaliveTimerExpires: go('OpenConfirm', 'sendKeepalive', 'restartKeepaliveTimer'),
    KeepAliveMsg: go('Established', 'restartHoldTimer', 'establish'),
  },
  Established: {
    ...ENDS,
    Start: go('Established'),
    StartPassive: go('Established'),
    TcpConnectionFails: QUIT,
    KeepaliveTimerExpires: go('Established', 'sendKeepalive', 'restartKeepaliveTimer'),
    KeepAliveMsg: go('Established', 'restartHoldTimer'),
    UpdateMsg: go('Established', 'restartHoldTimer'),
    UpdateMsgErr: NOTIFY,
    RouteRefreshMsg: go('Established', 'restartHoldTimer'),
  },
};

/** Where an event leads. What the table does not have is an error of the peer or of timing, and ends in Idle. */
export function transition(state: State, event: Event): Transition {
  const found = TABLE[state][event];
  if (found !== undefined) return found;
  if (state === 'Idle') return go('Idle');
  return state === 'Connect' || state === 'Active' ? QUIT : NOTIFY;
}
