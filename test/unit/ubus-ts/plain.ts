/** Tables have no prototype when they are read; for comparison with literals they get one. */
export function plain<T>(value: T): T {
  return structuredClone(value);
}
