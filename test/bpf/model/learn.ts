/** bpf/README.md "Learning one address". */
import { mix } from './hash.ts';
import { EVENT, PROTECTED, unbinary, type Address } from './layout.ts';
import { ADDRESSES_MAX, TTL_MAX_SECONDS } from './limits.ts';
import { REASON } from './reasons.ts';
import { count, epochIndex, isAhead, protectedClass, type State } from './state.ts';

const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;

/** What an answer is about. */
export interface Lesson {
  readonly client: Address;
  /** enum source */
  readonly source: number;
  readonly now: bigint;
  /** The question's name. */
  readonly hash: bigint;
  readonly name: Uint8Array;
}

/** RFC 2181 §8 and Z3, seconds. */
export function ttlSeconds(wire: number): number {
  return wire > 0x7fffffff ? 0 : Math.min(wire, TTL_MAX_SECONDS);
}

/** Adds one to the epoch of an address. */
export function raiseEpoch(state: State, address: Address): void {
  const index = epochIndex(address);
  state.epochs.set(index, ((state.epochs.get(index) ?? 0) + 1) >>> 0);
}

function budgetKey(lesson: Lesson): bigint {
  const client = unbinary(lesson.client);
  return mix(mix(lesson.hash, client.readBigUInt64LE(0)), client.readBigUInt64LE(8));
}

function spend(state: State, lesson: Lesson): boolean {
  const key = budgetKey(lesson);
  const place = Number(key >> 51n);
  const budget = state.names.get(place);
  if (budget?.key !== key || !isAhead(state, budget.since + HOUR, lesson.now)) {
    state.names.set(place, { key, since: lesson.now, used: 1 });
    return true;
  }
  if (budget.used >= ADDRESSES_MAX) return false;
  state.names.set(place, { ...budget, used: budget.used + 1 });
  return true;
}

/** `matched`: a rule named the question or one of its chain so far. `ttl` as on the wire. */
export function learn(
  state: State,
  lesson: Lesson,
  address: Address,
  ttl: number,
  matched: boolean,
): void {
  if (protectedClass(state.policy, address) === PROTECTED.NEVER) {
    count(state, REASON.PROTECTED_ANSWER);
    return;
  }
  const table = matched ? state.facts : state.strays;
  const other = matched ? state.strays : state.facts;
  const pair = lesson.client + address;
  const before = table.get(pair);
  const told = lesson.now;
  const expires = told + BigInt(ttlSeconds(ttl)) * SECOND;
  const known = before?.hash === lesson.hash;
  if (known) {
    table.set(pair, { ...before, told, expires, lastSeen: told });
    count(state, REASON.FACT_REFRESHED);
  } else {
    if (!spend(state, lesson)) {
      count(state, REASON.NAME_FULL);
      return;
    }
    const { hash, name, source } = lesson;
    table.set(pair, { told, expires, lastSeen: told, hash, source, name });
    count(state, REASON.FACT_LEARNT);
    state.events.push({ kind: EVENT.FACT, rule: 0, time: told, expires, pair, source, name });
  }
  if (!known || other.has(pair)) raiseEpoch(state, address);
  if (matched) state.strays.delete(pair);
}
