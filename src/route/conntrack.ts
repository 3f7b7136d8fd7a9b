/**
 * Live connections as the kernel tracks them, read and ended by conntrack(8). Its -D goes through the whole table
 * for each call, in some 12 ms where the kernel finds nothing else under the mark (262,144 buckets) and 40 ms where it
 * finds 16,384 entries; so one call takes as many connections as it can.
 */
import { join } from 'node:path';
import { formatMark } from '../model/mark.ts';
import { commandError, runCommand, type Runner } from './command.ts';
import { removeFile, replaceFile } from './replace-file.ts';

/** As its first packet was, before any NAT. Addresses are as conntrack writes them. */
export interface Connection {
  readonly family: 'ipv4' | 'ipv6';
  readonly source: string;
  readonly destination: string;
  /** Of the connection, all its bits; unsigned. */
  readonly mark: number;
}

/** Every connection with this mark under `mask`; without `source` and `destination`: whoever's. */
export interface ConnectionFilter {
  readonly family: 'ipv4' | 'ipv6';
  readonly mark: number;
  readonly mask: number;
  readonly source?: string;
  readonly destination?: string;
}

/** Every connection there is. Throws DomainrouteError: no conntrack, no rights, a kernel that cannot tell. */
export async function readConnections(run: Runner = runCommand): Promise<Connection[]> {
  const argv = ['conntrack', '-L', '-o', 'extended'];
  const result = await run(argv);
  if (result.status !== 0) throw commandError('read live connections', argv, result);
  return parseConnections(result.stdout);
}

/**
 * Lines such as `ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.1.2 dst=192.0.2.1 sport=40000 dport=443
 * src=192.0.2.1 dst=198.51.100.2 sport=443 dport=40000 [ASSURED] mark=16777216 use=1`.
 */
export function parseConnections(text: string): Connection[] {
  return text.split('\n').flatMap((line) => {
    const words = line.split(' ');
    const [family] = words;
    const value = (name: string): string | undefined =>
      words.find((word) => word.startsWith(name))?.slice(name.length);
    const source = value('src=');
    const destination = value('dst=');
    if (family !== 'ipv4' && family !== 'ipv6') return [];
    if (source === undefined || destination === undefined) return [];
    // a kernel without marks of connections writes none
    return [{ family, source, destination, mark: Number(value('mark=') ?? 0) }];
  });
}

/** What is read by {@link deleteConnections}'s conntrack, in the directory it is given. */
export const DELETIONS = 'deletions';

/**
 * Deletes connections, in one process. `directory`: of ours, for what conntrack reads; it would open a stdin that is a
 * socket by its name, in vain. Returns how many there were. Throws DomainrouteError.
 */
export async function deleteConnections(
  filters: readonly ConnectionFilter[],
  directory: string,
  run: Runner = runCommand,
): Promise<number> {
  if (filters.length === 0) return 0;
  const file = join(directory, DELETIONS);
  replaceFile(file, filters.map((filter) => `${deletionOf(filter)}\n`).join(''));
  try {
    const argv = ['conntrack', '-R', file];
    const result = await run(argv);
    if (result.status !== 0) throw commandError('end live connections', argv, result);
    return result.stdout.split('\n').filter((line) => line.includes('src=')).length;
  } finally {
    removeFile(file);
  }
}

/** A line has the options of one call. */
function deletionOf({ family, mark, mask, source, destination }: ConnectionFilter): string {
  return [
    ...['-D', '-f', family, '-m', `${formatMark(mark)}/${formatMark(mask)}`],
    ...(source === undefined ? [] : ['-s', source]),
    ...(destination === undefined ? [] : ['-d', destination]),
  ].join(' ');
}
