/** Time, so that tests can have their own. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls `task` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Calls `task` when what has arrived meanwhile has been handled. */
  soon(task: () => void): void;
  /** From 0 to below 1: the jitter of timers (RFC 4271 §10). */
  random(): number;
}

/** RFC 4271 §10: three quarters of it or more. */
export function jittered(ms: number, clock: Clock): number {
  return ms * (0.75 + 0.25 * clock.random());
}

/** Its timers keep no process running. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
  // behind the poll for input, unlike a timer that is due
  soon: (task) => void setImmediate(task),
  random: () => Math.random(),
};
