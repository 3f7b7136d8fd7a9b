/** Network namespaces for BGP: a router of ours, and a neighbour behind a link of its own each. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import type { Context } from 'mocha';

import { loadAddon } from '../../../src/lib/libbpf-ts/index.ts';
import { labName, removeAtExit, removeNow, removeStaleLabs } from '../../lab/cleanup.ts';
import { requireLab } from '../../lab/mocha.ts';

export const ADDON = new URL('../../../dist/libbpf.node', import.meta.url).pathname;
/** One end of a link of its own; `n` is 1 to 9. */
export interface Peer {
  readonly netns: string;
  readonly ours: { readonly inet: string; readonly inet6: string };
  readonly theirs: { readonly inet: string; readonly inet6: string };
  /** For files and sockets. */
  readonly directory: string;
}

export interface BgpLab {
  /** File of the namespace of our speaker. */
  readonly netns: string;
  /** A neighbour's namespace; the same number gives the same one. */
  peer(n: number): Peer;
  /** Starts a program in a namespace. */
  spawn(netns: string, argv: readonly string[]): Program;
  close(): void;
}

export interface Program {
  readonly process: ChildProcess;
  /** What it has written so far, both ways. */
  output(): string;
  /** Ends it, and returns when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

let serial = 1000;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** For `before`: skips with the reason or, where CI=true, fails; the lab otherwise. */
export function requireBgpLab(context: Context, programs: readonly string[]): BgpLab {
  requireLab(context, programs);
  loadAddon(ADDON);
  removeStaleLabs();
  const name = labName(++serial);
  removeAtExit(name);
  mkdirSync(`/run/${name}`);
  ip('netns', 'add', `${name}-router`);
  ip('-n', `${name}-router`, 'link', 'set', 'lo', 'up');
  return bgpLabOf(name);
}

/** Neighbours of the router of a lab that has this name, and that removes them at its end. */
export function bgpLabOf(name: string): BgpLab {
  const router = `${name}-router`;
  // FRR is no root, and has a directory below
  chmodSync(`/run/${name}`, 0o711);
  const peers = new Map<number, Peer>();
  return {
    netns: `/run/netns/${router}`,
    peer: (n) => {
      const peer = peers.get(n) ?? makePeer(name, router, n);
      peers.set(n, peer);
      return peer;
    },
    spawn: spawnInside,
    close: () => removeNow(name),
  };
}

/** A counter of TcpExt in a namespace, as /proc/net/netstat names it. */
export function tcpCounter(netns: string, name: string): number {
  const args = [`--net=${netns}`, '--', 'cat', '/proc/net/netstat'];
  const text = execFileSync('nsenter', args, { encoding: 'utf8' });
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}

function makePeer(name: string, router: string, n: number): Peer {
  const netns = `${name}-peer${n}`;
  const directory = `/run/${name}/peer${n}`;
  mkdirSync(directory);
  spawnSync('chown', ['frr:frr', directory]);
  ip('netns', 'add', netns);
  ip('-n', netns, 'link', 'set', 'lo', 'up');
  ip(
    'link',
    'add',
    `peer${n}`,
    'netns',
    router,
    'type',
    'veth',
    'peer',
    'name',
    'wan',
    'netns',
    netns,
  );
  const at = (host: number): Peer['ours'] => ({
    inet: `10.9.${n}.${host}`,
    inet6: `fd09:${n}::${host}`,
  });
  const ends = [[router, `peer${n}`, at(1)] as const, [netns, 'wan', at(2)] as const];
  for (const [namespace, link, { inet, inet6 }] of ends) {
    ip('-n', namespace, 'address', 'add', `${inet}/24`, 'dev', link);
    ip('-n', namespace, 'address', 'add', `${inet6}/64`, 'dev', link, 'nodad');
    ip('-n', namespace, 'link', 'set', link, 'up');
  }
  return { netns: `/run/netns/${netns}`, ours: at(1), theirs: at(2), directory };
}

function spawnInside(netns: string, argv: readonly string[]): Program {
  const child = spawn('nsenter', [`--net=${netns}`, '--', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  return {
    process: child,
    output: () => text,
    kill: async (signal = 'SIGKILL') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}
