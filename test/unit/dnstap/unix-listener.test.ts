import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { createDnstapServer, type DnstapServer } from '../../../src/dnstap/server.ts';
import type { UnixAddress } from '../../../src/dnstap/unix-listener.ts';

describe('the unix socket of a dnstap server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dnstap-'));
  const path = join(directory, 'tap.sock');
  const options = { onMessage: () => undefined, onProblem: () => undefined };
  const servers: DnstapServer[] = [];

  async function start(unix: Partial<UnixAddress> = {}): Promise<DnstapServer> {
    const server = await createDnstapServer({ ...options, listen: { unix: { path, ...unix } } });
    servers.push(server);
    return server;
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    rmSync(path, { recursive: true, force: true });
  });
  after(() => rmSync(directory, { recursive: true }));

  const rejects = (code: string, message: RegExp): Promise<void> =>
    assert.rejects(start(), (error) => {
      assert.ok(error instanceof DomainrouteError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });

  it('has permissions 0660, or those that were chosen, and the umask stays', async () => {
    const before = process.umask(0o027);
    for (const [mode, expected] of [
      [undefined, 0o660],
      [0o600, 0o600],
      [0o666, 0o666],
    ] as const) {
      const server = await start(mode === undefined ? {} : { mode });
      assert.equal(lstatSync(path).mode & 0o777, expected);
      await server.close();
    }
    assert.equal(process.umask(before), 0o027);
  });

  it('has the group that was chosen, by name or number', async function () {
    if (process.getuid?.() !== 0) {
      if (process.env['CI'] === 'true') throw new Error('This test needs root');
      this.skip();
    }
    const [, daemon] = /^daemon:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8')) ?? [];
    for (const group of ['daemon', daemon ?? '']) {
      const server = await start({ group });
      assert.equal(lstatSync(path).gid, Number(daemon));
      await server.close();
    }
  });

  it('is not made for a group that does not exist', async () => {
    await assert.rejects(
      start({ group: 'no\nsuch' }),
      /^DomainrouteError: Cannot find group 'no\\x0asuch'/,
    );
    assert.throws(() => lstatSync(path), { code: 'ENOENT' });
  });

  it('replaces that of a process that is gone', async () => {
    await leaveSocket(path);
    const server = await start();
    const socket = createConnection({ path });
    await once(socket, 'connect');
    socket.destroy();
    assert.deepEqual(server.address(), { unix: path });
  });

  it('does not take that of a process that lives', async () => {
    await start();
    await rejects('busy', /^Cannot listen on '.*tap\.sock': another process does$/);
  });

  it('takes the place of no other file', async () => {
    writeFileSync(path, 'precious');
    await rejects('config', /it is no socket/);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    rmSync(path);
    mkdirSync(path);
    await rejects('config', /it is no socket/);
    rmSync(path, { recursive: true });
    const other = join(directory, 'other.sock');
    await leaveSocket(other);
    symlinkSync(other, path);
    await rejects('config', /it is no socket/);
    assert.ok(lstatSync(path).isSymbolicLink() && lstatSync(other).isSocket());
  });

  it('is told to be impossible with what the system says', async () => {
    const nowhere = join(directory, 'missing', 'tap.sock');
    const server = createDnstapServer({ ...options, listen: { unix: { path: nowhere } } });
    await assert.rejects(server, /Cannot listen on '.*missing\/tap\.sock': E[A-Z]+$/);
  });
});

/** A socket file that nobody serves: libuv removes its own, so another name is kept of it. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen({ path: `${path}.own` });
  await once(server, 'listening');
  linkSync(`${path}.own`, path);
  server.close();
  await once(server, 'close');
}
