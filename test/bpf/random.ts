/** A seeded generator (mulberry32): the same seed gives the same frames on every machine. */
export interface Random {
  /** An integer from 0 to below `limit`. */
  below(limit: number): number;
  /** True once in `n`, on average. */
  oneIn(n: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export function seededRandom(seed: number): Random {
  let a = seed >>> 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick<T>(items: readonly T[]): T {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('Cannot pick from nothing');
      return item;
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
