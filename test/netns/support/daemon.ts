/** The daemon on the lab's router, with a ubusd of its own. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';

import { UbusClient, type UbusTable } from '#ubus-ts';
import type { Lab } from '../../lab/lab.ts';
import { until } from '../../lab/until.ts';
import { startUbusd, type Ubusd } from '../../ubusd/start.ts';

const TIMEOUT_MS = 10_000;
/** The verifier takes its time where others work, too. */
const START_MS = 30_000;

/** What the daemon wrote, and its process. */
export interface Daemon {
  readonly pid: number;
  /** Lines of both streams, in their order. */
  readonly log: readonly string[];
  /** Sends a signal, SIGTERM if none is named, and waits for the end; the exit status, or null. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `domainroute daemon`, behind the words of `before`, and does not wait for anything. */
export function spawnDaemon(lab: Lab, before: readonly string[] = []): Daemon {
  const child: ChildProcess = lab.router.spawn([...before, ...lab.cliArgv('daemon')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  assert.ok(pid !== undefined);
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log.push(...text.split('\n').filter((line) => line !== ''));
    });
  }
  const exit = once(child, 'exit') as Promise<[number | null]>;
  return {
    pid,
    log,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return (await exit)[0];
    },
  };
}

/** Starts it and waits until it says that rules are in force. */
export async function startDaemon(lab: Lab, before: readonly string[] = []): Promise<Daemon> {
  const daemon = spawnDaemon(lab, before);
  try {
    const isInForce = (line: string): boolean => line.startsWith('rules are in force');
    await until('the daemon has started', () => daemon.log.some(isInForce), START_MS);
    return daemon;
  } catch (cause) {
    await daemon.end('SIGKILL');
    throw new Error(`The daemon has not started: ${daemon.log.join('; ')}`, { cause });
  }
}

export interface Ubus {
  readonly client: UbusClient;
  /** Calls a method of the object `domainroute`, when it is there. */
  call(method: string, args?: UbusTable): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * A ubusd at `lab().ubus` for the tests of the `describe` that calls this; what is returned restarts it and gives a client
 * of it.
 */
export function useUbusd(lab: () => Lab): {
  readonly ubusd: () => Ubusd;
  readonly ubus: () => Ubus;
} {
  let ubusd: Ubusd | undefined;
  let client: UbusClient | undefined;
  before(async () => {
    ubusd = await startUbusd(dirname(lab().ubus));
    client = UbusClient.start({ path: lab().ubus, reconnectDelay: 20 });
  });
  after(async () => {
    client?.close();
    await ubusd?.stop();
  });
  return {
    ubusd: () => {
      assert.ok(ubusd !== undefined);
      return ubusd;
    },
    ubus: () => {
      assert.ok(client !== undefined);
      const own = client;
      return {
        client: own,
        call: async (method, args = {}) => {
          await until(
            'the object domainroute is there',
            async () => (await own.lookup('domainroute')).length > 0,
            TIMEOUT_MS,
          );
          return own.invoke('domainroute', method, args);
        },
      };
    },
  };
}
