/** The reference model: what each program does with a frame, written from bpf/README.md alone. */
import { applyVerdict } from './decide.ts';
import { ANY, clientOfInterface, clientOfMac, SIDE } from './layout.ts';
import { readAnswer, readQuery } from './message.ts';
import { readCarried, readPacket } from './packet.ts';
import { count, type State } from './state.ts';

export const PROGRAMS = [
  'lan_ingress',
  'lan_ingress_l3',
  'lan_egress',
  'lan_egress_l3',
  'wan_ingress',
  'wan_ingress_l3',
  'wan_egress',
  'wan_egress_l3',
] as const;

export type ProgramName = (typeof PROGRAMS)[number];

/** A frame as a program meets it. */
export interface Run {
  readonly program: ProgramName;
  readonly frame: Uint8Array;
  /** skb->mark before. */
  readonly mark: number;
  /** skb->ifindex */
  readonly ifindex: number;
}

/** Changes the state and returns skb->mark after. `now`: ns of CLOCK_MONOTONIC. */
export function runModel(state: State, run: Run, now: bigint): number {
  const packet = readPacket(run.frame, run.program.endsWith('_l3'));
  if (typeof packet === 'number') {
    count(state, packet);
    return run.mark;
  }
  const lan = run.program.startsWith('lan');
  const side = lan ? SIDE.LAN : SIDE.WAN;
  const asks = lan === run.program.includes('ingress');
  const client = packet.mac === undefined ? packet.source : clientOfMac(packet.mac);
  const carried = readCarried(packet, asks ? 'query' : 'answer');
  if (typeof carried === 'number') {
    count(state, carried);
  } else if (carried !== undefined && asks) {
    readQuery(state, packet, carried, side, lan ? client : ANY, now);
  } else if (carried !== undefined) {
    readAnswer(state, packet, carried, side, now);
  }
  if (!lan || !asks) return run.mark;
  const asked = {
    client,
    address: packet.destination,
    identities: [
      packet.source,
      ...(packet.mac === undefined ? [] : [client]),
      clientOfInterface(run.ifindex),
    ],
  };
  return applyVerdict(state, asked, packet.length, run.mark, now);
}
