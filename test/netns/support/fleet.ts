/** Many live TCP connections of a host at once, with data in both directions all the time. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

import type { Host } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { until } from '../../lab/until.ts';
import { programArgv } from './program.ts';
import type { Talk } from './talkers.ts';

const TIMEOUT_MS = 15_000;
/** Lines on each connection that show that it lives. */
const ENOUGH = 5;

export class Fleet {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#process = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** A connection for each of the addresses, which may be there more than once; all of them talk. */
  static async open(lab: Lab, host: Host, addresses: readonly string[]): Promise<Fleet> {
    const argv = [...programArgv(lab, 'talkers'), JSON.stringify(addresses)];
    const child = host.spawn(argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = child;
    assert.ok(stdout !== null);
    const fleet = new Fleet(child, createInterface(stdout));
    await fleet.goesOn('the start');
    return fleet;
  }

  async talks(): Promise<readonly Talk[]> {
    this.#process.stdin?.write('\n');
    const { value } = (await this.#lines.next()) as { value: string };
    return JSON.parse(value) as readonly Talk[];
  }

  /** Resolves when each talk, on whichever connection, has gone on. */
  async goesOn(after: string): Promise<readonly Talk[]> {
    const start = await this.talks();
    return until(
      `every connection talks after ${after}`,
      async () => {
        const now = await this.talks();
        return now.every(({ lines }, i) => lines >= (start[i]?.lines ?? 0) + ENOUGH) && now;
      },
      TIMEOUT_MS,
    );
  }

  /** Asserts that no connection has ever broken or changed its uplink, and that all go on. */
  async isUnbroken(after: string): Promise<void> {
    const talks = await this.goesOn(after);
    const harmed = talks.filter(
      ({ uplinks, failures }) => uplinks.length !== 1 || failures.length > 0,
    );
    assert.deepEqual(harmed, [], `after ${after}`);
  }

  /** Resolves when each talk to these addresses has a new connection, by this uplink, and goes on; others are as before. */
  async hasMoved(addresses: readonly string[], uplink: string, after: string): Promise<void> {
    const before = await this.talks();
    const isOn = (talk: Talk): boolean => talk.uplinks.at(-1) === uplink;
    await until(
      `connections are on ${uplink} after ${after}`,
      async () => (await this.talks()).every((t) => !addresses.includes(t.address) || isOn(t)),
      TIMEOUT_MS,
    );
    const now = await this.goesOn(after);
    const others = now.filter(({ address }) => !addresses.includes(address));
    const disturbed = others.filter(({ address, uplinks, failures }) => {
      const [was] = before.filter((talk) => talk.address === address);
      return uplinks.length !== was?.uplinks.length || failures.length !== was.failures.length;
    });
    assert.deepEqual(disturbed, [], `after ${after}`);
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
