import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import {
  flock,
  getsockopt,
  IP_MINTTL,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_TCP,
  loadAddon,
  memlockUnlimited,
  mount,
  possibleCpus,
  setsockopt,
  SO_COOKIE,
  SO_MARK,
  SOL_SOCKET,
  TCP_MD5SIG,
} from '#libbpf-ts';
import { native } from '../../src/lib/libbpf-ts/addon.ts';
import { bpfError, child, useKernel, u32, u64 } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: loadAddon and system calls', () => {
  const kernel = useKernel();

  it('says what is missing', () => {
    const [early, absent, other] = child(['unloaded']) as readonly [string, string, string];
    assert.equal(early, 'Cannot use libbpf: ELIBACC (call loadAddon() first)');
    assert.match(absent, /^Cannot load addon '\/nonexistent': ENOENT \(/);
    assert.match(other, /^Cannot load addon 'package\.json': ELIBACC \(.*invalid ELF header\)$/);
  });

  it('does nothing the second time', () => {
    loadAddon('/nonexistent');
    assert.ok(possibleCpus() >= 1);
  });

  const fdOf = (server: Server): number =>
    (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

  it('locks a file for one descriptor at a time', () => {
    const path = join(kernel.directory, 'lock');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'w')];
    assert.equal(flock(first, true), true);
    assert.equal(flock(second, false), false);
    closeSync(first);
    assert.equal(flock(second, false), true);
    closeSync(second);
    assert.throws(() => flock(second, false), bpfError('EBADF', /^Cannot lock descriptor \d+: EB/));
  });

  it('sets and gets options of sockets', (done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const fd = fdOf(server);
      for (const [level, option, value] of [
        [SOL_SOCKET, SO_MARK, 0x23],
        [IPPROTO_IP, IP_TRANSPARENT, 1],
        [IPPROTO_IP, IP_MINTTL, 254],
      ] as const) {
        setsockopt(fd, level, option, u32(value));
        assert.deepEqual(getsockopt(fd, level, option, 4), u32(value));
      }
      assert.notDeepEqual(getsockopt(fd, SOL_SOCKET, SO_COOKIE, 8), u64(0n));
      assert.throws(
        () => setsockopt(fd, SOL_SOCKET, 9999, u32(1)),
        bpfError('ENOPROTOOPT', /^Cannot set option 9999 of level 1 on socket \d+: ENOPROTOOPT/),
      );
      assert.throws(() => getsockopt(fd, SOL_SOCKET, SO_MARK, 5000), TypeError);
      server.close(done);
    });
  });

  it('gets no more of an option than was asked for', () => {
    // the kernel tells the length of the whole bitmap of groups, whatever it was given room for
    const [AF_NETLINK, SOCK_RAW, SOL_NETLINK] = [16, 3, 270];
    const [NETLINK_ADD_MEMBERSHIP, NETLINK_LIST_MEMBERSHIPS] = [1, 9];
    const fd = native().openSocket(AF_NETLINK, SOCK_RAW, undefined);
    try {
      setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, u32(1));
      assert.deepEqual(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, 4), u32(1));
      assert.deepEqual(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, 0), u32());
    } finally {
      closeSync(fd);
    }
  });

  it('sets a key that signs TCP segments (RFC 2385)', (done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const signature = new Uint8Array(216); // struct tcp_md5sig
      signature.set([2, 0, 0, 0, 192, 0, 2, 1]); // tcpm_addr: AF_INET
      signature.set([6, 0], 130); // tcpm_keylen
      signature.set(new TextEncoder().encode('secret'), 136); // tcpm_key
      setsockopt(fdOf(server), IPPROTO_TCP, TCP_MD5SIG, signature);
      server.close(done);
    });
  });

  it('lifts the limit of locked memory', () => {
    memlockUnlimited();
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft, hard] = /^Max locked memory +(\w+) +(\w+)/m.exec(limits) ?? [];
    assert.equal(soft, hard); // unlimited, if this process has CAP_SYS_RESOURCE
  });

  it('says what it cannot mount', () => {
    assert.throws(
      () => mount('bpf', join(kernel.directory, 'nonexistent'), 'bpf'),
      bpfError('ENOENT', /^Cannot mount bpf at '.*nonexistent': ENOENT/),
    );
    assert.throws(
      () => mount('x', kernel.directory, 'nonsense'),
      bpfError('ENODEV', /^Cannot mount no/),
    );
  });
});
