/** A live TCP connection with data in both directions all the time. */
import assert from 'node:assert/strict';

import type { Connection, Host } from '../../lab/host.ts';
import { until } from '../../lab/until.ts';

const TIMEOUT_MS = 10_000;
/** Round trips that show that a connection lives. */
const ENOUGH = 20;

export class Pump {
  readonly #connection: Connection;
  readonly #uplink: string;
  #count = 0;
  #failure: string | undefined;
  #ended = false;
  readonly #done: Promise<void>;

  private constructor(connection: Connection, uplink: string) {
    this.#connection = connection;
    this.#uplink = uplink;
    this.#done = this.#run();
  }

  /** Connects to the talk at an address, which must be answered by this uplink now and ever after. */
  static async open(host: Host, address: string, uplink: string): Promise<Pump> {
    return new Pump(await host.open(address, { timeoutMs: TIMEOUT_MS }), uplink);
  }

  /** Resolves when much more has gone there and back; rejects if it broke or another uplink answered. */
  async flows(after: string): Promise<void> {
    const goal = this.#count + ENOUGH;
    await until(
      `data flows by ${this.#uplink} after ${after}`,
      () => this.#failure !== undefined || this.#count >= goal,
      TIMEOUT_MS * 2,
    );
    assert.equal(this.#failure, undefined, `after ${after}`);
  }

  /** Waits until it broke. */
  async breaks(): Promise<void> {
    await until('the connection breaks', () => this.#failure !== undefined, TIMEOUT_MS * 2);
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#done;
    await this.#connection.close();
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#ended; i++) {
      try {
        const said = await this.#connection.say(`line ${i}`, TIMEOUT_MS);
        if (said !== `${this.#uplink} line ${i}`) this.#failure ??= said;
      } catch (error) {
        this.#failure ??= String(error);
      }
      if (this.#failure !== undefined) return;
      this.#count++;
    }
  }
}
