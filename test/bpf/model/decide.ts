/** bpf/README.md "Decision". */
import { exactKey, labelHash, labelsOfWire, suffixHashes, wordsOf } from './hash.ts';
import {
  ACTION,
  ANY,
  EVENT,
  PROTECTED,
  type Action,
  type Address,
  type Alias,
  type Fact,
  type Verdict,
} from './layout.ts';
import { CHAIN_MAX, STEPS_MAX } from './limits.ts';
import { Steps } from './name.ts';
import { REASON } from './reasons.ts';
import {
  count,
  epochIndex,
  isAhead,
  isClient,
  isValid,
  protectedClass,
  validUntil,
  type State,
} from './state.ts';

const VERDICT_AGE = 60_000_000_000n;

/** Who sends to whom. */
export interface Asked {
  /** `100::MAC`, or the source address. */
  readonly client: Address;
  readonly address: Address;
  /** What `clients` is searched for. */
  readonly identities: readonly Address[];
}

/** The mark of the packet after the verdict, which is found or made and counted. `length`: IP bytes. */
export function applyVerdict(
  state: State,
  asked: Asked,
  length: number,
  mark: number,
  now: bigint,
): number {
  const pair = asked.client + asked.address;
  const epoch = BigInt(state.epochs.get(epochIndex(asked.address)) ?? 0);
  const stamp = (BigInt(state.policy.config.generation) << 32n) | epoch;
  const before = state.verdicts.get(pair);
  const verdict =
    before?.stamp === stamp && isAhead(state, before.expires, now)
      ? before
      : decide(state, asked, stamp, before, now);
  state.verdicts.set(pair, {
    ...verdict,
    packets: verdict.packets + 1,
    bytes: verdict.bytes + length,
    lastSeen: now,
  });
  const counter = state.counters.get(verdict.rule) ?? { packets: 0, bytes: 0 };
  state.counters.set(verdict.rule, { packets: counter.packets + 1, bytes: counter.bytes + length });
  return verdict.rule === 0 ? mark : ((mark & ~verdict.mask) | verdict.mark) >>> 0;
}

function decide(
  state: State,
  asked: Asked,
  stamp: bigint,
  before: Verdict | undefined,
  now: bigint,
): Verdict {
  const kind = protectedClass(state.policy, asked.address);
  const known = kind === PROTECTED.NEVER ? undefined : findFact(state, asked, now);
  const choice =
    kind === PROTECTED.NEVER
      ? { action: undefined, reason: REASON.PROTECTED, byName: false, links: [] }
      : choose(state, asked, kind === PROTECTED.PRIVATE, known?.fact);
  count(state, choice.reason);
  let expires = now + VERDICT_AGE;
  let fact = known?.fact;
  if (known !== undefined && fact !== undefined) {
    fact = { ...fact, lastSeen: now };
    if (known.stray && choice.byName) {
      state.strays.delete(known.pair);
      state.facts.set(known.pair, fact);
      for (const [key, alias] of choice.links) {
        state.strayAliases.delete(key);
        state.aliases.set(key, alias);
      }
    } else {
      (known.stray ? state.strays : state.facts).set(known.pair, fact);
    }
    const until = validUntil(state, fact);
    if (until < expires) expires = until;
  }
  const rule = choice.action?.rule ?? 0;
  const same = before?.rule === rule;
  if (!same && (before !== undefined || rule !== 0)) {
    state.events.push({
      kind: EVENT.VERDICT,
      rule,
      time: now,
      expires,
      pair: asked.client + asked.address,
      source: fact?.source ?? 0,
      name: fact?.name ?? new Uint8Array(0),
    });
  }
  const { flags = 0, mark = 0, mask = 0, ifindex = 0 } = choice.action ?? {};
  const { packets, bytes } = same ? before : { packets: 0, bytes: 0 };
  return { stamp, expires, rule, flags, mark, mask, ifindex, packets, bytes, lastSeen: now };
}

interface Known {
  readonly fact: Fact;
  readonly pair: string;
  readonly stray: boolean;
}

function findFact(state: State, asked: Asked, now: bigint): Known | undefined {
  const mine = asked.client + asked.address;
  const any = ANY + asked.address;
  const places = [
    { pair: mine, stray: true },
    { pair: mine, stray: false },
    { pair: any, stray: false },
    { pair: any, stray: true },
  ];
  for (const { pair, stray } of places) {
    const fact = (stray ? state.strays : state.facts).get(pair);
    if (fact !== undefined && isValid(state, fact, now)) return { fact, pair, stray };
  }
  return undefined;
}

interface Choice {
  readonly action: Action | undefined;
  readonly reason: number;
  /** A rule other than a default one took it. */
  readonly byName: boolean;
  /** The stray links that led there. */
  readonly links: readonly (readonly [bigint, Alias])[];
}

/** null: out of steps. */
type Search = Action | undefined | null;

function choose(state: State, asked: Asked, isPrivate: boolean, fact: Fact | undefined): Choice {
  const { policy } = state;
  const { seed, maxLabels } = policy.config;
  const steps = new Steps(STEPS_MAX);
  const links: [bigint, Alias][] = [];

  /** The first eligible cell of a list. */
  function firstEligible(first: number): Search {
    for (let cell = first; cell !== 0;) {
      if (!steps.take()) return null;
      const action = policy.actions.get(cell);
      if (action === undefined) return undefined;
      const current = cell;
      const open = !isPrivate || (action.flags & ACTION.PRIVATE) !== 0;
      const ours =
        (action.flags & ACTION.CLIENTS) === 0 ||
        asked.identities.some((identity) => isClient(policy, current, identity));
      if (open && ours) return action;
      cell = action.next;
    }
    return undefined;
  }

  /** What the last of a name's keys with an eligible cell leads to. */
  function byName(name: Uint8Array, hash: bigint): Search {
    const labels = labelsOfWire(name);
    for (const label of labels) if (!steps.take(wordsOf(label.length))) return null;
    if (!steps.take()) return null; // the root
    const hashes = labels.map((label) => labelHash(seed, label));
    const suffixes = suffixHashes(seed, hashes).slice(0, maxLabels);
    let last: Action | undefined;
    for (const key of [...suffixes, exactKey(hash)]) {
      if (!steps.take()) return null;
      const action = firstEligible(policy.rules.get(key) ?? 0);
      if (action === null) return null;
      last = action ?? last;
    }
    return last;
  }

  /** What the first name of the chain that leads anywhere leads to. */
  function byChain(first: Fact): Search {
    let { hash, name } = first;
    for (let link = 0; ; link++) {
      const action = byName(name, hash);
      // one step: is it over, or does `aliases` know the next name? else one for `stray_aliases`
      if (action === null || !steps.take()) return null;
      if (action !== undefined || link === CHAIN_MAX) return action;
      const alias = state.aliases.get(hash);
      if (alias === undefined && !steps.take()) return null;
      const next = alias ?? state.strayAliases.get(hash);
      if (next === undefined) return undefined;
      if (alias === undefined) links.push([hash, next]);
      ({ hash, name } = next);
    }
  }

  function byDefault(): Search {
    if (!steps.take()) return null;
    const action = firstEligible(policy.rules.get(0n) ?? 0);
    return action === null || !steps.take() ? null : action;
  }

  const without = fact === undefined ? REASON.NO_FACT : REASON.NO_RULE;
  const named = fact === undefined ? undefined : byChain(fact);
  const action = named === undefined ? byDefault() : named;
  if (action === null) {
    count(state, REASON.DECIDE_STEPS);
    return { action: undefined, reason: without, byName: false, links: [] };
  }
  const reason = action === undefined ? without : REASON.RULE;
  return { action, reason, byName: named !== undefined, links };
}
