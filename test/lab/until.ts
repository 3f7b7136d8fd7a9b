/** Waits for a condition by asking again and again. */
import { setTimeout as wait } from 'node:timers/promises';

/**
 * The first value of `probe` that is neither undefined nor false. Errors of the probe count as "not yet"; the
 * last of them is the cause of the error thrown after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 5_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end)
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`, { cause });
    await wait(5);
  }
}
