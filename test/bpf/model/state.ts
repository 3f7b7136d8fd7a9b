/** What the maps hold, as plain Maps. */
import type {
  Action,
  Address,
  Alias,
  Budget,
  Config,
  Counter,
  Event,
  Fact,
  Query,
  Verdict,
} from './layout.ts';
import { REASONS } from './reasons.ts';

/** An entry of an LPM trie; `bits` of the address, 0 to 128. */
export interface ClientEntry {
  readonly cell: number;
  readonly address: Address;
  readonly bits: number;
}

export interface ProtectedEntry {
  readonly address: Address;
  readonly bits: number;
  /** enum protected_class */
  readonly value: number;
}

/** What the control plane writes. */
export interface Policy {
  readonly config: Config;
  readonly rules: ReadonlyMap<bigint, number>;
  readonly actions: ReadonlyMap<number, Action>;
  readonly clients: readonly ClientEntry[];
  readonly protected: readonly ProtectedEntry[];
}

/** What the programs write. */
export interface State {
  policy: Policy;
  readonly pending: Map<string, Query>;
  readonly facts: Map<string, Fact>;
  readonly strays: Map<string, Fact>;
  readonly aliases: Map<bigint, Alias>;
  readonly strayAliases: Map<bigint, Alias>;
  /** By the upper 13 bits of the key. */
  readonly names: Map<number, Budget>;
  readonly verdicts: Map<string, Verdict>;
  readonly counters: Map<number, Counter>;
  readonly reasons: number[];
  readonly epochs: Map<number, number>;
  readonly events: Event[];
  /** A comparison of times was too close to say what a clock of some milliseconds' error would say. */
  closeCall: boolean;
}

export function emptyState(policy: Policy): State {
  return {
    policy,
    pending: new Map(),
    facts: new Map(),
    strays: new Map(),
    aliases: new Map(),
    strayAliases: new Map(),
    names: new Map(),
    verdicts: new Map(),
    counters: new Map(),
    reasons: new Array<number>(REASONS).fill(0),
    epochs: new Map(),
    events: [],
    closeCall: false,
  };
}

/** Counts a reason. */
export function count(state: State, reason: number): void {
  state.reasons[reason] = (state.reasons[reason] ?? 0) + 1;
}

/** Where the epoch of an address is kept. */
export function epochIndex(address: Address): number {
  let x = 0;
  for (let i = 0; i < 16; i++) x ^= address.charCodeAt(i) << (8 * (i % 4));
  return Math.imul(x, 0x9e3779b1) >>> 20;
}

function samePrefix(a: Address, b: Address, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a.charCodeAt(i) !== b.charCodeAt(i)) return false;
  const rest = bits & 7;
  return rest === 0 || (a.charCodeAt(whole) ^ b.charCodeAt(whole)) >> (8 - rest) === 0;
}

/** The class of the longest prefix of `protected` around an address; 0: none. */
export function protectedClass(policy: Policy, address: Address): number {
  let best: ProtectedEntry | undefined;
  for (const entry of policy.protected) {
    if (
      (best === undefined || entry.bits > best.bits) &&
      samePrefix(entry.address, address, entry.bits)
    ) {
      best = entry;
    }
  }
  return best?.value ?? 0;
}

/** Is this address in `clients` for this cell? */
export function isClient(policy: Policy, cell: number, address: Address): boolean {
  return policy.clients.some((e) => e.cell === cell && samePrefix(e.address, address, e.bits));
}

/** How far the kernel's clock and the model's may be apart, ns. */
const CLOCK_ERROR = 2_000_000_000n;

/** `time > now`, and notes in the state when the clocks cannot tell. */
export function isAhead(state: State, time: bigint, now: bigint): boolean {
  const distance = time > now ? time - now : now - time;
  if (distance < CLOCK_ERROR) state.closeCall = true;
  return time > now;
}

/** Valid until the later of `expires` and last_seen + hold. */
export function validUntil(state: State, fact: Fact): bigint {
  const held = fact.lastSeen + state.policy.config.hold;
  return held > fact.expires ? held : fact.expires;
}

/** A fact of TTL 0 that is not held is never valid: no clock is needed for that. */
export function isValid(state: State, fact: Fact, now: bigint): boolean {
  const until = validUntil(state, fact);
  return until > fact.told ? isAhead(state, until, now) : false;
}
