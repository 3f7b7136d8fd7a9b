import { getSystemErrorMap } from 'node:util';
import { native } from './addon.ts';
import { BpfError } from './error.ts';
import {
  batchOf,
  messagesOf,
  type NetlinkMessage,
  type SequencedMessage,
} from './netlink-message.ts';

/** Numbers of linux/netlink.h. */
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_DUMP = 0x300;

export interface NetlinkDump {
  readonly messages: readonly NetlinkMessage[];
  /** What the kernel tells of changed meanwhile, so that some of it may be missing or told twice. */
  readonly interrupted: boolean;
}

/** All that the kernel tells when it is asked `request`. Throws BpfError; ETIMEDOUT after 5 s without an answer. */
export function netlinkDump(protocol: number, { type, payload }: NetlinkMessage): NetlinkDump {
  const request = { type, payload, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: 1 };
  return dumpOf([...messagesOf(native().netlinkRequest(protocol, batchOf([request])))]);
}

/** Parts the answers to a dump. Throws BpfError: what the kernel refuses. */
export function dumpOf(answers: readonly SequencedMessage[]): NetlinkDump {
  const messages: NetlinkMessage[] = [];
  let interrupted = false;
  for (const answer of answers) {
    if ((answer.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
    if (answer.type !== NLMSG_ERROR && answer.type !== NLMSG_DONE) {
      messages.push(answer);
      continue;
    }
    const errno = errnoOf(answer);
    if (errno !== 0) throw new BpfError('dump netlink', errno, reasonOf(errno));
  }
  return { messages, interrupted };
}

/**
 * Has the kernel do each of these. Returns, in their order, 0 or the errno with which it refused. Throws BpfError, EPERM
 * too, where none or not all were tried; ETIMEDOUT after 5 s without an answer.
 */
export function netlinkRequest(protocol: number, requests: readonly NetlinkMessage[]): number[] {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const batch = batchOf(
    requests.map(({ type, payload }, i) => ({ type, payload, flags, sequence: i })),
  );
  const results = requests.map(() => 0);
  for (const answer of messagesOf(native().netlinkRequest(protocol, batch))) {
    if (answer.type === NLMSG_ERROR) results[answer.sequence] = errnoOf(answer);
  }
  return results;
}

/** Both begin with an int: 0 or an errno below zero. */
function errnoOf({ payload }: NetlinkMessage): number {
  if (payload.length < 4) return 0;
  return Math.abs(new DataView(payload.buffer, payload.byteOffset, 4).getInt32(0, true));
}

function reasonOf(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';
}
