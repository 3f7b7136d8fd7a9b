/** The verdicts, with what each CPU has counted since it last added to them. */
import { VERDICT } from './layouts.ts';
import type { Maps } from './maps.ts';

/** A verdict of the kernel, its counts whole. */
export interface Verdict {
  /** The 32 bytes of `struct pair`. */
  readonly pair: Uint8Array;
  readonly rule: number;
  readonly flags: number;
  readonly mark: number;
  readonly mask: number;
  readonly packets: number;
  readonly bytes: number;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly last_seen: number;
}

/** Every verdict there is, standing or not (bpf/README.md, "Decision"). */
export function readVerdicts(maps: Maps): Verdict[] {
  const byPair = new Map<string, Verdict>();
  const { count, values } = maps.get('verdicts').entries();
  for (let i = 0; i < count; i++) add(byPair, values, i);
  const recents = maps.get('recents').entries().values;
  for (let i = 0; i < recents.length / VERDICT.size; i++) add(byPair, recents, i);
  return [...byPair.values()];
}

function add(byPair: Map<string, Verdict>, values: Uint8Array, index: number): void {
  const verdict = VERDICT.decode(values, index * VERDICT.size);
  if (verdict.last_seen === 0) return; // a place never used
  const key = Buffer.from(verdict.pair).toString('latin1');
  const known = byPair.get(key);
  if (known === undefined) {
    byPair.set(key, verdict);
    return;
  }
  const newest = verdict.last_seen > known.last_seen ? verdict : known;
  byPair.set(key, {
    ...newest,
    packets: known.packets + verdict.packets,
    bytes: known.bytes + verdict.bytes,
  });
}
