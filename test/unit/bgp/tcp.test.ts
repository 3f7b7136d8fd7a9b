import assert from 'node:assert/strict';
import { fstatSync, openSync } from 'node:fs';

import { type SocketCalls, tcpTransport } from '../../../src/bgp/tcp.ts';
import { address } from './fakes.ts';

describe('TCP of BGP', () => {
  it('says what a kernel without TCP MD5 lacks, and leaves no descriptor', () => {
    const fd = openSync('/dev/null', 'r');
    const unused = (): never => {
      throw new Error('not to be called');
    };
    const calls: SocketCalls = {
      openTcpSocket: () => fd,
      setMd5Key: () => {
        throw Object.assign(new Error('Protocol not available'), { code: 'ENOPROTOOPT' });
      },
      bindSocket: unused,
      acceptMappedIpv4: unused,
      setTtl: unused,
      requireTtl: unused,
      saveSyn: unused,
      synTtl: unused,
    };
    const handler = { connected: unused, received: unused, drained: unused, closed: unused };
    const peer = { address: address('10.9.0.2'), port: 179, ttl: 1, md5Key: Uint8Array.of(1) };
    assert.throws(() => tcpTransport(calls).connect(peer, handler), {
      code: 'platform',
      message: "Cannot use TCP MD5 with '10.9.0.2': the kernel is without it (CONFIG_TCP_MD5SIG)",
    });
    assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  });
});
