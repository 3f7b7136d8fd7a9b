import assert from 'node:assert/strict';

import { type Event, type State, transition } from '../../../src/bgp/fsm.ts';

const STATES: readonly State[] = [
  'Idle',
  'Connect',
  'Active',
  'OpenSent',
  'OpenConfirm',
  'Established',
];

/** RFC 4271 §8.2.2: where each event leads from the states above, in their order; '!': with a NOTIFICATION. */
const TABLE: Readonly<Record<Event, string>> = {
  Start: 'Connect Connect Active OpenSent OpenConfirm Established',
  StartPassive: 'Active Connect Active OpenSent OpenConfirm Established',
  Stop: 'Idle Idle Idle Idle! Idle! Idle!',
  ConnectRetryTimerExpires: 'Idle Connect Connect Idle! Idle! Idle!',
  HoldTimerExpires: 'Idle Idle Idle Idle! Idle! Idle!',
  KeepaliveTimerExpires: 'Idle Idle Idle Idle! OpenConfirm Established',
  SendHoldTimerExpires: 'Idle Idle Idle Idle! Idle! Idle!',
  TcpConnectionConfirmed: 'Idle OpenSent OpenSent Idle! Idle! Idle!',
  TcpConnectionFails: 'Idle Idle Idle Active Idle Idle',
  BgpOpen: 'Idle Idle Idle OpenConfirm Idle! Idle!',
  BgpHeaderErr: 'Idle Idle Idle Idle! Idle! Idle!',
  BgpOpenMsgErr: 'Idle Idle Idle Idle! Idle! Idle!',
  OpenCollisionDump: 'Idle Idle Idle Idle! Idle! Idle!',
  NotifMsg: 'Idle Idle Idle Idle Idle Idle',
  KeepAliveMsg: 'Idle Idle Idle Idle! Established Established',
  UpdateMsg: 'Idle Idle Idle Idle! Idle! Established',
  UpdateMsgErr: 'Idle Idle Idle Idle! Idle! Idle!',
  RouteRefreshMsg: 'Idle Idle Idle Idle! Idle! Established',
};

describe('the finite state machine of BGP', () => {
  for (const [event, expected] of Object.entries(TABLE)) {
    it(`goes on from every state at ${event}`, () => {
      const got = STATES.map((state) => {
        const { to, actions } = transition(state, event as Event);
        return `${to}${actions.includes('notify') ? '!' : ''}`;
      });
      assert.equal(got.join(' '), expected);
    });
  }

  it('closes the connection whenever it goes back to Idle', () => {
    for (const state of STATES.slice(1)) {
      for (const event of Object.keys(TABLE)) {
        const { to, actions } = transition(state, event as Event);
        if (to === 'Idle') assert.ok(actions.includes('drop'), `${state} ${event}`);
      }
    }
  });
});
