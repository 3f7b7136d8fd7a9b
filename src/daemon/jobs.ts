/** One job at a time, none twice in the queue. */

export class Jobs {
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Map<string, Promise<unknown>>();

  /**
   * Runs `task` when those before it have ended. Whoever asks for a job of a name that waits already gets that
   * one's result; a job that runs at the moment is run again, as it may have missed what the caller knows.
   */
  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting as Promise<T>;
    const job = this.#last.then(() => {
      this.#waiting.delete(name);
      return task();
    });
    this.#waiting.set(name, job);
    this.#last = job.catch(() => undefined);
    return job;
  }
}
