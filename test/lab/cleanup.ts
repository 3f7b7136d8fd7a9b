/** Undoes a lab whatever happens: at its end, at a failure, at Ctrl-C, and for labs whose process was killed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';

const NAMESPACES = '/run/netns';
const RUN = '/run';

/** What a lab with this name has: `<name>-<host>` namespaces, `/run/<name>`, its mounts and its cgroup. */
export function removeLab(name: string): void {
  const namespaces = existsSync(NAMESPACES)
    ? readdirSync(NAMESPACES).filter((entry) => entry.startsWith(`${name}-`))
    : [];
  killInside(namespaces);
  for (const cgroup of labCgroups(name)) removeCgroup(cgroup);
  if (namespaces.length > 0) {
    const lines = namespaces.map((namespace) => `netns del ${namespace}\n`).join('');
    spawnSync('ip', ['-force', '-batch', '-'], { input: lines });
  }
  const directory = `${RUN}/${name}`;
  for (const { target } of mounts()) {
    if (target.startsWith(`${directory}/`)) spawnSync('umount', ['--lazy', target]);
  }
  rmSync(directory, { recursive: true, force: true });
}

/** A name that no other lab has: the process and a number. */
export function labName(serial: number): string {
  return `dr${process.pid}x${serial}`;
}

/** Removes labs whose process is gone. */
export function removeStaleLabs(): void {
  const entries = [...readdirSync(RUN), ...(existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [])];
  const names = new Set(entries.flatMap((entry) => /^dr\d+x\d+(?=-|$)/.exec(entry)?.[0] ?? []));
  for (const name of names) {
    const pid = /^dr(\d+)x/.exec(name)?.[1] ?? '';
    if (!existsSync(`/proc/${pid}`)) removeLab(name);
  }
}

/** Ends every process in these network namespaces, by its pid. */
function killInside(namespaces: readonly string[]): void {
  for (let attempt = 0; attempt < 200; attempt++) {
    const pids = namespaces.flatMap((namespace) => {
      const result = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
      return result.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(Number);
    });
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    pause(5);
  }
}

/** The directory of cgroup v2, or undefined. */
export function cgroupRoot(): string | undefined {
  return mounts().find(({ type }) => type === 'cgroup2')?.target;
}

function labCgroups(name: string): readonly string[] {
  const cgroup = `${cgroupRoot() ?? ''}/${name}`;
  return existsSync(cgroup) ? [cgroup] : [];
}

function removeCgroup(cgroup: string): void {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      rmdirSync(cgroup);
      return;
    } catch {
      // a process that was killed has not left it yet
      pause(5);
    }
  }
}

interface Mount {
  readonly target: string;
  readonly type: string;
}

/** proc(5), /proc/self/mounts: device, mount point, type. */
function mounts(): readonly Mount[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => {
      const [, target = '', type = ''] = line.split(' ');
      return { target, type };
    });
}

/** Blocks: this also runs where nothing asynchronous can, when the process ends. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const open = new Set<string>();

/** From now on the lab is removed when this process ends, whichever way. */
export function removeAtExit(name: string): void {
  if (open.size === 0) {
    process.on('exit', removeAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  open.add(name);
}

/** Removes the lab now. */
export function removeNow(name: string): void {
  removeLab(name);
  open.delete(name);
  if (open.size > 0) return;
  process.off('exit', removeAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function removeAll(): void {
  for (const name of open) removeLab(name);
  open.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  removeAll();
  for (const each of SIGNALS) process.off(each, onSignal);
  process.kill(process.pid, signal);
}
