/** Listening on a unix socket that no stranger can use or put something else in the place of. */
import { lchown, lstat, readFile, unlink } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { DomainrouteError, errnoOf } from '../base/errors.ts';
import { printable } from '../model/value.ts';

export interface UnixAddress {
  readonly path: string;
  /** Permissions; default 0660. */
  readonly mode?: number;
  /** Whose members may send: a name or a number; default: that of the process. */
  readonly group?: string;
}

const MODE = 0o660;

/**
 * Makes `server` listen. The socket of a process that is gone is replaced; any other file stays where it is. Throws
 * DomainrouteError `config` or `busy`, or `platform` with what the system says.
 */
export async function listenOnUnix(server: Server, address: UnixAddress): Promise<void> {
  const { path, mode = MODE, group } = address;
  const gid = group === undefined ? undefined : await groupId(group);
  await removeStaleSocket(path);
  try {
    // permissions come with the socket: changed later, they would come too late
    const before = process.umask(0o777 & ~mode);
    const listening = startListening(server, path);
    process.umask(before);
    await listening;
    if (gid !== undefined) await lchown(path, -1, gid);
  } catch (error) {
    server.close();
    throw cannotListen(path, error);
  }
}

/** The socket is bound when this returns. */
function startListening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** An error of listen(2) or bind(2) on `where`. */
export function cannotListen(where: string, cause: unknown): DomainrouteError {
  const state = errnoOf(cause) ?? String(cause);
  return new DomainrouteError('platform', `Cannot listen on '${printable(where)}': ${state}`, {
    cause,
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const quoted = `'${printable(path)}'`;
  try {
    const stat = await lstat(path);
    if (!stat.isSocket()) {
      const next = 'choose another path, or remove it';
      throw new DomainrouteError('config', `Cannot listen on ${quoted}: it is no socket (${next})`);
    }
    if (await isServed(path)) {
      throw new DomainrouteError('busy', `Cannot listen on ${quoted}: another process does`);
    }
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error instanceof DomainrouteError ? error : cannotListen(path, error);
  }
}

/** Does a process listen there? */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      // EAGAIN: its queue is full
      if (errnoOf(error) === 'ECONNREFUSED') resolve(false);
      else if (errnoOf(error) === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

/** Node has no getgrnam(3); OpenWrt has no other groups than those of the file. */
async function groupId(group: string): Promise<number> {
  if (/^\d{1,9}$/.test(group)) return Number(group);
  const file = await readFile('/etc/group', 'utf8');
  for (const line of file.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === group && id !== undefined) return Number(id);
  }
  throw new DomainrouteError(
    'config',
    `Cannot find group '${printable(group)}': not in /etc/group`,
  );
}
