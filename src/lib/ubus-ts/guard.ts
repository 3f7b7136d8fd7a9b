/** Runs a callback of the user's: what it throws is reported, and disturbs nobody else. */
export function guard(report: (error: Error) => void, callback: () => void): void {
  try {
    callback();
  } catch (error) {
    report(toError(error));
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
