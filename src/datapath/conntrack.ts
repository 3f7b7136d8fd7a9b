/** Live connections, read and ended by ctnetlink: 16,384 are read in 0.1 s, and each is ended by itself, in 6 µs. */
import { constants } from 'node:os';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import { BpfError, NETLINK_NETFILTER, netlinkDump, netlinkRequest } from '#libbpf-ts';
import { DomainrouteError } from '../base/errors.ts';
import { CONNECTIONS, deletionOf, parseConnection, type Connection } from './ctnetlink.ts';

/** So many are deleted, in some 2 ms, before other events have their turn. */
const SLICE = 256;

/** Every connection there is. openLibbpf comes first. Throws DomainrouteError: no rights, a kernel that cannot tell. */
export function readConnections(): Connection[] {
  return asking('read live connections', () =>
    netlinkDump(NETLINK_NETFILTER, CONNECTIONS).messages.flatMap(
      (message) => parseConnection(message) ?? [],
    ),
  );
}

/** Ends these; those that have ended by themselves are none to miss. Throws DomainrouteError, behind the last of them. */
export async function deleteConnections(connections: readonly Connection[]): Promise<void> {
  const refused: number[] = [];
  for (let start = 0; start < connections.length; start += SLICE) {
    const requests = connections.slice(start, start + SLICE).map(deletionOf);
    const results = asking('end live connections', () =>
      netlinkRequest(NETLINK_NETFILTER, requests),
    );
    refused.push(...results.filter((errno) => errno !== 0 && errno !== constants.errno.ENOENT));
    await othersTurn();
  }
  const [errno] = refused;
  if (errno === undefined) return;
  throw new DomainrouteError(
    'platform',
    `Cannot end ${refused.length} of ${connections.length} live connections: ${getSystemErrorName(-errno)}`,
  );
}

/** A kernel without ctnetlink, for which nfnetlink has asked in vain, or without nfnetlink. */
const ABSENT = new Set(['EINVAL', 'EPROTONOSUPPORT']);

function asking<T>(action: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const { code } = error;
    if (code === 'EPERM') {
      const message = `Cannot ${action}: not permitted (run it as root)`;
      throw new DomainrouteError('privilege', message, { cause: error });
    }
    const state = ABSENT.has(code)
      ? 'the kernel lacks ctnetlink (install kmod-nf-conntrack-netlink)'
      : code;
    throw new DomainrouteError('platform', `Cannot ${action}: ${state}`, { cause: error });
  }
}
