/** Values of iproute2's JSON. */

export type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; of anything else none. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** The objects of an array. */
export function objects(value: unknown): Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Fields => typeof item === 'object' && item !== null);
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Numbers, and what ip puts in quotes: "0x1000000", "24001". */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '' || Number.isNaN(Number(value))) return undefined;
  return Number(value);
}
