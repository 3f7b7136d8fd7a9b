/**
 * Millions of plausible and mutated frames through the programs and the reference model. A round begins with
 * empty maps and its own rules, and is made from the seed and its number alone, so that it can be replayed.
 */
import { toHex } from './frames/bytes.ts';
import type { Run } from './model/model.ts';
import { seededRandom, type Random } from './random.ts';
import { Scenes } from './scenes.ts';
import { Twin } from './twin.ts';
import { randomPolicy } from './world.ts';

export interface FuzzOptions {
  readonly frames: number;
  /** 32 bit */
  readonly seed: number;
  readonly objectsDirectory: string;
  readonly addonPath: string;
  /** Frames of a round, default 2,000; less where time passes quickly (emulation). */
  readonly roundFrames?: number;
  /** The round to begin with, default 0: `frames` of one round replay it. */
  readonly firstRound?: number;
  /** Stop after so many differences, default 1. */
  readonly maxDifferences?: number;
}

export interface FuzzDifference {
  readonly seed: number;
  readonly round: number;
  /** Of the round, from 0. */
  readonly frame: number;
  readonly program: string;
  readonly hex: string;
  /** What was found and what was expected. */
  readonly difference: string;
}

export interface FuzzResult {
  readonly frames: number;
  /** Frames that BPF_PROG_TEST_RUN did not take. */
  readonly refused: number;
  readonly rounds: number;
  /** Rounds given up because a clock's error could explain a difference. */
  readonly unclear: number;
  readonly differences: number;
  readonly firstDifference: FuzzDifference | undefined;
  /** How often each reason was counted, by number. */
  readonly reasons: readonly number[];
  readonly seconds: number;
}

/** Reasons are compared so often; when they differ, the round is run again with every frame compared. */
const CHECK_EVERY = 64;
/** A round ends early when a table grows beyond this, well below what LRU maps begin to evict at. */
const TABLE_MAX = 6000;

interface RoundResult {
  readonly frames: number;
  readonly refused: number;
  readonly unclear: boolean;
  readonly difference: Omit<FuzzDifference, 'seed' | 'round'> | undefined;
}

export function runFuzz(options: FuzzOptions): FuzzResult {
  const { seed, roundFrames = 2000, firstRound = 0, maxDifferences = 1 } = options;
  const policy = randomPolicy(seededRandom(seed), 1);
  const twin = new Twin({ ...options, policy });
  const start = process.hrtime.bigint();
  let [frames, refused, unclear, differences] = [0, 0, 0, 0];
  let firstDifference: FuzzDifference | undefined;
  const reasons = new Array<number>(64).fill(0);
  let round = firstRound;
  try {
    for (; frames < options.frames && differences < maxDifferences; round++) {
      const length = Math.min(roundFrames, options.frames - frames);
      let result = runRound(twin, seed, round, length, false);
      if (result.difference !== undefined) {
        // what the closer look does not find again stays as it was found
        const closer = runRound(twin, seed, round, length, true);
        if (closer.difference !== undefined || closer.unclear) result = closer;
      }
      frames += result.frames;
      refused += result.refused;
      twin.state.reasons.forEach(
        (times, reason) => (reasons[reason] = (reasons[reason] ?? 0) + times),
      );
      if (result.unclear) {
        unclear++;
      } else if (result.difference !== undefined) {
        differences++;
        firstDifference ??= { seed, round, ...result.difference };
      }
    }
  } finally {
    twin.close();
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const rounds = round - firstRound;
  return { frames, refused, rounds, unclear, differences, firstDifference, reasons, seconds };
}

/** `closely`: the whole state is compared after each frame. */
function runRound(
  twin: Twin,
  seed: number,
  round: number,
  length: number,
  closely: boolean,
): RoundResult {
  const random = seededRandom(
    Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) + Math.imul(round, 0x85ebca6b),
  );
  let generation = round + 1;
  const policy = randomPolicy(random, generation);
  const hashSeed = policy.config.seed;
  twin.restart(policy);
  const scenes = new Scenes(random);
  let refused = 0;
  let run: Run | undefined;
  for (let frame = 0; frame < length; frame++) {
    if (random.oneIn(400)) twin.changePolicy(randomPolicy(random, ++generation, hashSeed));
    if (random.oneIn(40)) age(twin, random);
    run = scenes.next();
    let difference = twin.step(run);
    if (difference === 'refused') {
      refused++;
      difference = undefined;
    }
    const check = frame % CHECK_EVERY === 0;
    const last = frame + 1 === length || (check && isFull(twin));
    if (difference === undefined) {
      if (closely || last) difference = twin.stateDifference();
      else if (check) difference = twin.reasonDifference();
    }
    if (difference !== undefined) {
      const unclear = twin.state.closeCall;
      const found = { frame, program: run.program, hex: toHex(run.frame), difference };
      return { frames: frame + 1, refused, unclear, difference: found };
    }
    if (last) return { frames: frame + 1, refused, unclear: false, difference: undefined };
  }
  return { frames: length, refused, unclear: false, difference: undefined };
}

function isFull({ state }: Twin): boolean {
  return Object.values(state).some((table) => table instanceof Map && table.size > TABLE_MAX);
}

/** One of the first hundred keys. */
function pickKey<K>(map: ReadonlyMap<K, unknown>, random: Random): K | undefined {
  let skip = random.below(Math.max(1, Math.min(map.size, 100)));
  for (const key of map.keys()) if (skip-- === 0) return key;
  return undefined;
}

const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;

/** Makes an entry older, as time would. */
function age(twin: Twin, random: Random): void {
  const { state } = twin;
  const now = process.hrtime.bigint();
  switch (random.below(5)) {
    case 0: {
      const key = pickKey(state.pending, random);
      const query = key === undefined ? undefined : state.pending.get(key);
      const late = random.oneIn(2);
      const time = now - (late ? 15n : 5n) * SECOND;
      if (key !== undefined && query !== undefined && time > 0n) {
        twin.rewrite('pending', key, { ...query, time });
      }
      return;
    }
    case 1:
    case 2: {
      const name = random.pick(['facts', 'strays'] as const);
      const key = pickKey(state[name], random);
      const fact = key === undefined ? undefined : state[name].get(key);
      if (key !== undefined && fact !== undefined) {
        twin.rewrite(name, key, {
          ...fact,
          told: 1n,
          expires: random.oneIn(2) ? 2n : now + HOUR,
          lastSeen: 1n,
        });
      }
      return;
    }
    case 3: {
      const key = pickKey(state.verdicts, random);
      const verdict = key === undefined ? undefined : state.verdicts.get(key);
      if (key !== undefined && verdict !== undefined)
        twin.rewrite('verdicts', key, { ...verdict, expires: 1n });
      return;
    }
    default: {
      const place = pickKey(state.names, random);
      const budget = place === undefined ? undefined : state.names.get(place);
      const since = random.oneIn(2) ? now - HOUR - 10n * SECOND : now - HOUR / 2n;
      const used = random.pick([1, 255, 256]);
      if (place !== undefined && budget !== undefined && since > 0n)
        twin.rewriteBudget(place, { ...budget, since, used });
    }
  }
}
