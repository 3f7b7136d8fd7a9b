/** What the system must have: root, a BPF file system, cgroup v2. Each lack is one line with the next step. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { DomainrouteError, errnoOf } from '../base/errors.ts';
import type { Cgroup } from '../datapath/index.ts';

/** CGROUP2_SUPER_MAGIC, linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270;

/** Throws DomainrouteError 'privilege' unless the process is root's. */
export function requireRoot(action: string): void {
  if (process.geteuid?.() === 0) return;
  throw new DomainrouteError('privilege', `Cannot ${action} domainroute: not root (use sudo)`);
}

/** Mount points of a type, from the text of /proc/self/mounts (fstab(5): blanks are \\040). */
export function mountPoints(mounts: string, type: string): string[] {
  return mounts.split('\n').flatMap((line) => {
    const [, path = '', found] = line.split(' ');
    if (found !== type) return [];
    return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
  });
}

/**
 * The cgroup v2 directory whose sockets are steered: `given`, or the first mount of cgroup2. Throws
 * DomainrouteError 'platform' if there is none.
 */
export function findCgroup(given: string | undefined): Cgroup {
  const off = "or set option local '0'";
  if (given === undefined) {
    const [path] = mountPoints(readFileSync('/proc/self/mounts', 'utf8'), 'cgroup2');
    if (path !== undefined) return { path, id: undefined };
    throw new DomainrouteError(
      'platform',
      `Cannot steer the router's own sockets: cgroup v2 is not mounted (run mount -t cgroup2 cgroup2 /sys/fs/cgroup, ${off})`,
    );
  }
  let type: number;
  try {
    type = statfsSync(given).type;
  } catch (error) {
    throw new DomainrouteError(
      'platform',
      `Cannot use cgroup '${given}': ${errnoOf(error) ?? 'unknown'} (give another --cgroup, ${off})`,
      { cause: error },
    );
  }
  if (type === CGROUP2_MAGIC) return { path: given, id: statSync(given, { bigint: true }).ino };
  throw new DomainrouteError(
    'platform',
    `Cannot use cgroup '${given}': not a cgroup v2 directory (give another --cgroup, ${off})`,
  );
}
