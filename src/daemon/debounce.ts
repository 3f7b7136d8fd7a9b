/** Many calls in a short time become one. */

/**
 * Calls `action` `delayMs` after the first call of a burst, and then at most once in `restMs`: soon for one who waits,
 * seldom for one who floods. `close` drops what has not been called.
 */
export function debounce(
  action: () => void,
  { delayMs, restMs }: { readonly delayMs: number; readonly restMs: number },
): { readonly call: () => void; readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let last = -Infinity;
  let closed = false;
  const fire = (): void => {
    timer = undefined;
    last = performance.now();
    action();
  };
  return {
    call: () => {
      if (closed) return;
      timer ??= setTimeout(fire, Math.max(delayMs, last + restMs - performance.now()));
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
