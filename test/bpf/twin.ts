/** The programs and the reference model side by side: every frame goes through both, and both are compared. */
import { Harness, TABLES, type HarnessOptions, type TableName } from './harness.ts';
import {
  encodeAlias,
  encodeBudget,
  encodeEvent,
  encodeFact,
  encodeQuery,
  encodeU32,
  encodeU64,
  encodeVerdict,
  type Budget,
  type Fact,
  type Query,
  type Verdict,
} from './model/layout.ts';
import { runModel, type Run } from './model/model.ts';
import { reasonName } from './model/reasons.ts';
import { emptyState, type Policy, type State } from './model/state.ts';
import { toHex } from './frames/bytes.ts';

/** How far the kernel's coarse clock and a loaded machine may put times apart, ns. */
const TOLERANCE = 2_000_000_000n;
const TCX_NEXT = -1;
/** Offsets in struct event. */
const EVENT_NAME_LENGTH = 56;
const EVENT_SOURCE = 58;
/** Entries of `counters`. */
const RULES = 1024;

interface TableLayout {
  /** Key and value bytes by key as a binary string. */
  readonly expected: (state: State) => Iterable<readonly [string, Buffer]>;
  /** Offsets of times in a value. */
  readonly times: readonly number[];
  /** Offsets of a later and an earlier time whose distance is exact. */
  readonly exact?: readonly [number, number];
}

function* table<K, V>(
  map: ReadonlyMap<K, V>,
  key: (key: K) => string,
  value: (value: V) => Buffer,
): Generator<readonly [string, Buffer]> {
  for (const [k, v] of map) yield [key(k), value(v)];
}

const asIs = (key: string): string => key;
const placeKey = (key: number): string => encodeU32(key).toString('latin1');
const hashKey = (key: bigint): string => encodeU64(key).toString('latin1');

const LAYOUTS: Readonly<Record<TableName, TableLayout>> = {
  pending: { expected: (s) => table(s.pending, asIs, encodeQuery), times: [8] },
  facts: { expected: (s) => table(s.facts, asIs, encodeFact), times: [0, 8, 16], exact: [8, 0] },
  strays: { expected: (s) => table(s.strays, asIs, encodeFact), times: [0, 8, 16], exact: [8, 0] },
  aliases: { expected: (s) => table(s.aliases, hashKey, encodeAlias), times: [0] },
  stray_aliases: { expected: (s) => table(s.strayAliases, hashKey, encodeAlias), times: [0] },
  names: { expected: (s) => table(s.names, placeKey, encodeBudget), times: [8] },
  verdicts: {
    expected: (s) => [...s.verdicts].map(([pair, v]) => [pair, encodeVerdict(pair, v)] as const),
    times: [40, 88],
  },
};

/** Says how two values differ, or undefined. Times may be a little apart. */
function valueDifference(
  expected: Buffer,
  found: Buffer,
  times: readonly number[],
  exact?: readonly [number, number],
): string | undefined {
  const copy = Buffer.from(found);
  for (const at of times) {
    const [a, b] = [expected.readBigUInt64LE(at), found.readBigUInt64LE(at)];
    if (a - b > TOLERANCE || b - a > TOLERANCE) return `the time at offset ${at} is ${b}, not ${a}`;
    expected.copy(copy, at, at, at + 8);
  }
  if (exact !== undefined) {
    const distance = (value: Buffer): bigint =>
      value.readBigUInt64LE(exact[0]) - value.readBigUInt64LE(exact[1]);
    if (distance(expected) !== distance(found)) {
      return `the lifetime is ${distance(found)}, not ${distance(expected)}`;
    }
  }
  return copy.equals(expected) ? undefined : `${toHex(found)}, not ${toHex(expected)}`;
}

export interface TwinOptions extends HarnessOptions {
  readonly policy: Policy;
}

export class Twin {
  readonly harness: Harness;
  state: State;
  /** skb->mark after the last frame. */
  lastMark = 0;
  /** Reasons and counters of the kernel that the model does not know of: those of before. */
  private reasonsBefore: number[];
  private countersBefore: (readonly [number, number])[];

  constructor(options: TwinOptions) {
    this.harness = new Harness(options);
    this.state = emptyState(options.policy);
    this.reasonsBefore = this.harness.reasons();
    this.countersBefore = this.harness.counters(RULES);
    this.restart(options.policy);
  }

  close(): void {
    this.harness.close();
  }

  /** Both forget all that was seen; epochs go on as the kernel has them. */
  restart(policy: Policy): void {
    this.harness.clearTables();
    this.harness.writePolicy(policy);
    this.state = emptyState(policy);
    this.harness.epochs().forEach((epoch, index) => {
      if (epoch !== 0) this.state.epochs.set(index, epoch);
    });
    this.reasonsBefore = this.harness.reasons();
    this.countersBefore = this.harness.counters(RULES);
  }

  /** Other rules; what was seen stays. */
  changePolicy(policy: Policy): void {
    this.harness.writePolicy(policy);
    this.state.policy = policy;
  }

  /** Runs a frame through both. A difference in words, 'refused' (by the kernel's test run), or undefined. */
  step(run: Run): string | undefined {
    const now = process.hrtime.bigint();
    const outcome = this.harness.run(run);
    if (outcome === undefined) return 'refused';
    const mark = runModel(this.state, run, now);
    this.lastMark = outcome.mark;
    if (outcome.returnValue !== TCX_NEXT) return `returned ${outcome.returnValue}, not ${TCX_NEXT}`;
    if (outcome.mark !== mark) {
      return `the mark is 0x${outcome.mark.toString(16)}, not 0x${mark.toString(16)}`;
    }
    return undefined;
  }

  /** What the programs and the model count differently. */
  reasonDifference(): string | undefined {
    const differences = this.harness.reasons().flatMap((total, reason) => {
      const found = total - (this.reasonsBefore[reason] ?? 0);
      const expected = this.state.reasons[reason] ?? 0;
      return found === expected ? [] : [`${reasonName(reason)} is ${found}, not ${expected}`];
    });
    return differences.length === 0 ? undefined : differences.join('; ');
  }

  /** What differs in all maps. */
  stateDifference(): string | undefined {
    return (
      this.reasonDifference() ??
      this.eventDifference() ??
      TABLES.map((name) => this.tableDifference(name)).find(
        (difference) => difference !== undefined,
      ) ??
      this.counterDifference() ??
      this.epochDifference()
    );
  }

  private tableDifference(name: TableName): string | undefined {
    const layout = LAYOUTS[name];
    const found = name === 'verdicts' ? this.harness.verdicts() : this.harness.entries(name);
    for (const [key, expected] of layout.expected(this.state)) {
      const value = found.get(key);
      const entry = `${name}[${Buffer.from(key, 'latin1').toString('hex')}]`;
      if (value === undefined) return `${entry} is absent, not ${toHex(expected)}`;
      const difference = valueDifference(expected, value, layout.times, layout.exact);
      if (difference !== undefined) return `${entry}: ${difference}`;
      found.delete(key);
    }
    for (const [key, value] of found) {
      return `${name}[${Buffer.from(key, 'latin1').toString('hex')}] is ${toHex(value)}, not absent`;
    }
    return undefined;
  }

  private eventDifference(): string | undefined {
    const found = this.harness.takeEvents();
    const expected = this.state.events.splice(0).map(encodeEvent);
    if (found.length !== expected.length) return `${found.length} events, not ${expected.length}`;
    for (let i = 0; i < found.length; i++) {
      const [a, b] = [expected[i], found[i]];
      if (a?.length !== b?.length) return `event ${i} has ${b?.length ?? 0} bytes`;
      if (a === undefined || b === undefined) continue;
      if (a.readUInt16LE(EVENT_NAME_LENGTH) === 0) a.copy(b, EVENT_SOURCE, EVENT_SOURCE); // no name
      const difference = valueDifference(a, b, [8, 16]);
      if (difference !== undefined) return `event ${i}: ${difference}`;
    }
    return undefined;
  }

  private counterDifference(): string | undefined {
    const counters = this.harness.counters(RULES);
    for (const [rule, [packets, bytes]] of counters.entries()) {
      const [packetsBefore, bytesBefore] = this.countersBefore[rule] ?? [0, 0];
      const found = `${packets - packetsBefore} packets, ${bytes - bytesBefore} bytes`;
      const counter = this.state.counters.get(rule) ?? { packets: 0, bytes: 0 };
      const expected = `${counter.packets} packets, ${counter.bytes} bytes`;
      if (found !== expected) return `counters[${rule}]: ${found}, not ${expected}`;
    }
    return undefined;
  }

  private epochDifference(): string | undefined {
    const epochs = this.harness.epochs();
    const index = epochs.findIndex((epoch, i) => epoch !== (this.state.epochs.get(i) ?? 0));
    if (index === -1) return undefined;
    return `epochs[${index}] is ${epochs[index] ?? 0}, not ${this.state.epochs.get(index) ?? 0}`;
  }

  /** Writes an entry anew in both, as time or the control plane would. */
  rewrite<K extends keyof Rewritable>(name: K, key: string, value: Rewritable[K]): void {
    REWRITERS[name](this, key, value);
  }

  /** The same for a budget of `names`. */
  rewriteBudget(place: number, budget: Budget): void {
    this.state.names.set(place, budget);
    this.harness.map('names').update(encodeU32(place), encodeBudget(budget));
  }
}

/** Values that a test may write. */
export interface Rewritable {
  readonly pending: Query;
  readonly facts: Fact;
  readonly strays: Fact;
  readonly verdicts: Verdict;
}

const keyBytes = (key: string): Buffer => Buffer.from(key, 'latin1');

const REWRITERS: {
  readonly [K in keyof Rewritable]: (twin: Twin, key: string, value: Rewritable[K]) => void;
} = {
  pending: ({ state, harness }, key, value) => {
    state.pending.set(key, value);
    harness.map('pending').update(keyBytes(key), encodeQuery(value));
  },
  facts: ({ state, harness }, key, value) => {
    state.facts.set(key, value);
    harness.map('facts').update(keyBytes(key), encodeFact(value));
  },
  strays: ({ state, harness }, key, value) => {
    state.strays.set(key, value);
    harness.map('strays').update(keyBytes(key), encodeFact(value));
  },
  verdicts: ({ state, harness }, key, value) => {
    state.verdicts.set(key, value);
    harness.writeVerdict(key, encodeVerdict(key, value));
  },
};
