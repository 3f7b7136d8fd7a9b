import { type Clock, jittered } from './clock.ts';

/** A daemon that is restarted is back as soon as that, */
const LEAST_MS = 250;
/** and one that takes longer is found this part of its absence after it has come back, at most. */
const PART = 1 / 4;

/** When to connect again to a neighbour: DampPeerOscillations of RFC 4271 §8.1.1. */
export class Backoff {
  readonly #clock: Clock;
  readonly #mostMs: number;
  /** Since when there is no session that deserves the name. */
  #since = 0;

  constructor(clock: Clock, mostMs: number) {
    this.#clock = clock;
    this.#mostMs = mostMs;
  }

  /** From now on the neighbour is missed. */
  begin(): void {
    this.#since = this.#clock.now();
  }

  /** A session has ended that was established then: one that ends as soon as it began is no better than none. */
  ended(establishedAt: number): void {
    if (this.#clock.now() - establishedAt > this.#wait(establishedAt)) this.begin();
  }

  /** Milliseconds to the next attempt. */
  delay(): number {
    return jittered(this.#wait(this.#clock.now()), this.#clock);
  }

  #wait(now: number): number {
    return Math.min(Math.max(PART * (now - this.#since), LEAST_MS), this.#mostMs);
  }
}
