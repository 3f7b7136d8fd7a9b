/** Looking up a name as the kernel programs do: bpf/README.md, "Steps" and "Decision". */
import type { NameHasher } from '../../../src/dns/name-hash.ts';

/** A rule list that names this name. */
export interface Hit {
  /** The first cell. */
  readonly cell: number;
  /** How many labels of the name were matched, from the right. */
  readonly labels: number;
  /** By a rule for this name alone. */
  readonly exact: boolean;
}

/** The first cell for a key, in unsigned 32-bit halves, or 0. */
export type RuleLookup = (low: number, high: number) => number;

/**
 * What names `wire`: the suffixes from the shortest to the longest, then the name itself. The last hit is
 * the most specific. The default rules (key 0) are not looked up. Throws RangeError if `wire` is no name.
 */
export function matchName(
  hasher: NameHasher,
  wire: Uint8Array,
  lookup: RuleLookup,
  maxLabels: number,
): readonly Hit[] {
  const labels = hasher.read(wire);
  if (labels === -1) throw new RangeError('Cannot match name: not in wire form');
  const hits: Hit[] = [];
  hasher.reset();
  for (let k = 1; k <= Math.min(labels, maxLabels); k++) {
    hasher.lengthen(k);
    const cell = lookup(hasher.low >>> 0, hasher.high >>> 0);
    if (cell !== 0) hits.push({ cell, labels: k, exact: false });
  }
  hasher.exact();
  const cell = lookup(hasher.low >>> 0, hasher.high >>> 0);
  if (cell !== 0) hits.push({ cell, labels, exact: true });
  return hits;
}
