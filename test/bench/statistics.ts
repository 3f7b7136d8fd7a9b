/** Medians of what is measured in turns, as the machine is not quiet. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('Cannot take a median: nothing was measured');
  if (sorted.length % 2 === 1) return upper;
  return (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Half of the values lie between these. */
export function quartiles(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.round((sorted.length - 1) * part)] ?? NaN;
  return [at(0.25), at(0.75)];
}

/** Measures each of them once a turn: A B C, A B C …; the medians, by name. */
export function inTurns<N extends string>(
  turns: number,
  measures: Readonly<Record<N, () => number>>,
): Readonly<Record<N, number>> {
  const names = Object.keys(measures) as N[];
  const all = new Map<N, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    for (const name of names) all.get(name)?.push(measures[name]());
  }
  return Object.fromEntries(names.map((name) => [name, median(all.get(name) ?? [])])) as Readonly<
    Record<N, number>
  >;
}
