/** A ubusd for tests: the real one if UBUSD says where it is, else the double; either in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../lab/until.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const DOUBLE = new URL('./main.ts', import.meta.url).pathname;

export interface Ubusd {
  readonly socket: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** By SIGKILL; the socket stays behind, as when it crashes. */
  kill(): Promise<void>;
  /** Ended, and started again at the same place. */
  restart(): Promise<void>;
  /** Ended, and its directory removed. */
  stop(): Promise<void>;
}

/** Whether tests meet the real one. */
export const REAL_UBUSD = process.env['UBUSD'] !== undefined;

/** In a directory of its own, or in `directory`. Returns when it greets. */
export async function startUbusd(directory?: string): Promise<Ubusd> {
  const home = directory ?? mkdtempSync(join(tmpdir(), 'ubusd-'));
  const socket = join(home, 'ubus.sock');
  let child = await start(home, socket);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    socket,
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    restart: async () => {
      await kill();
      child = await start(home, socket);
    },
    stop: async () => {
      await kill();
      rmSync(directory === undefined ? home : socket, { recursive: true, force: true });
    },
  };
}

async function start(home: string, socket: string): Promise<ChildProcess> {
  const acl = join(home, 'acl');
  mkdirSync(acl, { recursive: true });
  const real = process.env['UBUSD'];
  const [program, args] =
    real === undefined
      ? [process.execPath, ['--import', 'tsx', DOUBLE, '--socket', socket]]
      : [real, ['-s', socket, '-A', acl]];
  // where tsx is found
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  child.once('exit', (code) => (failure = new Error(`ubusd ended: exit status ${code ?? 'none'}`)));
  await until('ubusd greets', () => failure !== undefined || greets(socket), 20_000);
  if (failure !== undefined) throw failure;
  return child;
}

/** A client is sent HELLO at once. */
async function greets(path: string): Promise<boolean> {
  const socket = createConnection({ path });
  try {
    await once(socket, 'data');
    return true;
  } finally {
    socket.destroy();
  }
}
