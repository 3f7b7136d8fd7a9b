import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runCommand, type Runner } from '../../../src/route/command.ts';
import {
  deleteConnections,
  parseConnections,
  readConnections,
} from '../../../src/route/conntrack.ts';

/** What conntrack 1.4.7 wrote with -L -o extended, in a router that masquerades; the third is offloaded (Linux 6.12). */
const LISTING = `ipv4     2 tcp      6 299 ESTABLISHED src=192.168.77.10 dst=203.0.113.20 sport=35182 dport=7000 src=203.0.113.20 dst=198.51.101.2 sport=7000 dport=35182 [ASSURED] mark=16777216 use=1
ipv6     10 tcp      6 29 ESTABLISHED src=2001:db8::1 dst=2001:db8::2 sport=5 dport=6 [UNREPLIED] src=2001:db8::2 dst=2001:db8::1 sport=6 dport=5 mark=4294967295 use=1
ipv4     2 udp      17 src=192.168.1.2 dst=203.0.113.20 sport=48685 dport=7000 src=203.0.113.20 dst=198.51.101.2 sport=7000 dport=48685 [OFFLOAD] mark=16777216 use=2
ipv4     2 icmp     1 29 src=10.1.1.1 dst=10.1.1.2 type=8 code=0 id=7 [UNREPLIED] src=10.1.1.2 dst=10.1.1.1 type=0 code=0 id=7 mark=0 use=1
ipv4     2 tcp      6 29 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=74565 zone=3 use=1
`;

describe('live connections', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'conntrack-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are what conntrack lists, by their original addresses', () => {
    assert.deepEqual(parseConnections(LISTING), [
      { family: 'ipv4', source: '192.168.77.10', destination: '203.0.113.20', mark: 0x1000000 },
      { family: 'ipv6', source: '2001:db8::1', destination: '2001:db8::2', mark: 0xffffffff },
      { family: 'ipv4', source: '192.168.1.2', destination: '203.0.113.20', mark: 0x1000000 },
      { family: 'ipv4', source: '10.1.1.1', destination: '10.1.1.2', mark: 0 },
      { family: 'ipv4', source: '10.0.0.1', destination: '10.0.0.2', mark: 0x12345 },
    ]);
  });

  it('have mark 0 where the kernel has no marks, and what is no connection is left out', () => {
    assert.deepEqual(
      parseConnections('ipv4 2 udp 17 29 src=192.0.2.1 dst=192.0.2.2 use=1\n\n?\n'),
      [{ family: 'ipv4', source: '192.0.2.1', destination: '192.0.2.2', mark: 0 }],
    );
  });

  it('are deleted by one process, from a file that only root reads and that does not stay', async () => {
    let batch = '';
    const run: Runner = ([program, option, file = '']) => {
      assert.deepEqual([program, option], ['conntrack', '-R']);
      batch = readFileSync(file, 'utf8');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      return Promise.resolve({ status: 0, stdout: LISTING, stderr: '' });
    };
    const mask = 0x3f000000;
    const filters = [
      { family: 'ipv4', mark: 0x1000000, mask },
      { family: 'ipv6', mark: 0, mask, source: '2001:db8::1', destination: '2001:db8::2' },
    ] as const;
    assert.equal(await deleteConnections(filters, directory, run), 5);
    assert.equal(
      batch,
      '-D -f ipv4 -m 0x1000000/0x3f000000\n' +
        '-D -f ipv6 -m 0x0/0x3f000000 -s 2001:db8::1 -d 2001:db8::2\n',
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  it('cost no process where there is nothing to delete', async () => {
    const run: Runner = () => Promise.reject(new Error('a process'));
    assert.equal(await deleteConnections([], directory, run), 0);
  });

  it('do not let a link lead the file elsewhere (U3)', async () => {
    const elsewhere = join(directory, 'elsewhere');
    symlinkSync(elsewhere, join(directory, 'deletions.new'));
    const run: Runner = () => Promise.resolve({ status: 0, stdout: '', stderr: '' });
    await deleteConnections([{ family: 'ipv4', mark: 0, mask: 1 }], directory, run);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('cannot be read without conntrack, or without its rights', async () => {
    await assert.rejects(
      readConnections(() => runCommand(['no-such-conntrack'])),
      { code: 'platform', message: "Cannot run 'no-such-conntrack': not found" },
    );
    const stderr =
      'conntrack v1.4.7 (conntrack-tools): Operation failed: sorry, you must be root\n';
    await assert.rejects(
      readConnections(() => Promise.resolve({ status: 1, stdout: '', stderr })),
      { code: 'privilege' },
    );
  });
});
