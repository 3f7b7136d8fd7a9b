export { type Clock, systemClock } from './clock.ts';
export type { Family } from './constants.ts';
export type { State } from './fsm.ts';
export type { NeighborConfig, NeighborStatus } from './neighbor.ts';
export type { LargeCommunity, RouteAttributes } from './route.ts';
export { type CloseOptions, Speaker, type SpeakerOptions } from './speaker.ts';
export { type SocketCalls, tcpTransport } from './tcp.ts';
export type { Transport } from './transport.ts';
