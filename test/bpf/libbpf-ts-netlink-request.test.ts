import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  loadAddon,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  netlinkDump,
  netlinkRequest,
} from '#libbpf-ts';
import { native } from '../../src/lib/libbpf-ts/addon.ts';
import { batchOf, messagesOf } from '../../src/lib/libbpf-ts/netlink-message.ts';
import { dumpOf } from '../../src/lib/libbpf-ts/netlink-request.ts';
import { ADDON, bpfError } from './fixtures/libbpf-ts.ts';
import { needsKernel } from './setup.ts';

const CHILD = fileURLToPath(new URL('fixtures/netlink-request-child.ts', import.meta.url));
const EEXIST = 17;

/** Of loopback: struct nlmsghdr, then struct ifinfomsg, as `strace ip link set lo up` shows them. */
const SET_LO_UP = Buffer.from(
  '20000000 1000 0500 b1c2d369 00000000 0000000001000000 01000000 01000000'.replaceAll(' ', ''),
  'hex',
);

describe('libbpf-ts: messages of netlink', () => {
  const parts = {
    type: 16,
    flags: 5,
    sequence: 0x69d3c2b1,
    payload: SET_LO_UP.subarray(16),
  };

  it('are parted and put together', () => {
    assert.deepEqual([...messagesOf(SET_LO_UP)], [parts]);
    assert.deepEqual(Buffer.from(batchOf([parts])), SET_LO_UP);
    const odd = { ...parts, payload: Uint8Array.of(1, 2, 3, 4, 5) };
    const batch = batchOf([odd, parts]);
    assert.equal(batch.length, 24 + 32);
    assert.deepEqual(
      [...messagesOf(batch)].map(({ payload }) => [...payload]),
      [[1, 2, 3, 4, 5], [...parts.payload]],
    );
  });

  it('end before one that is not whole', () => {
    for (const length of [0, 15, 31]) {
      assert.deepEqual([...messagesOf(SET_LO_UP.subarray(0, length))], []);
    }
    const endless = Buffer.from(SET_LO_UP);
    endless.writeUInt32LE(15, 0);
    assert.deepEqual([...messagesOf(endless)], []);
  });

  const DONE = { type: 3, flags: 2, sequence: 1, payload: new Uint8Array(4) };

  it('tell that a dump was interrupted, or failed behind its first messages', () => {
    const message = { ...parts, flags: 2 };
    assert.deepEqual(dumpOf([message, DONE]), { messages: [message], interrupted: false });
    // NLM_F_DUMP_INTR
    assert.equal(dumpOf([message, { ...DONE, flags: 0x12 }]).interrupted, true);
    assert.equal(dumpOf([{ ...message, flags: 0x12 }, DONE]).interrupted, true);
    const payload = new Uint8Array(Int32Array.of(-12).buffer);
    assert.throws(() => dumpOf([message, { ...DONE, payload }]), bpfError('ENOMEM', /dump/));
  });
});

describe('libbpf-ts: netlinkDump and netlinkRequest', function () {
  needsKernel(this);
  before(() => loadAddon(ADDON));

  it('have everything answered, and stop where there are no rights', () => {
    const node = [process.execPath, '--import', 'tsx', CHILD, ADDON];
    const text = execFileSync('unshare', ['--net', ...node], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(text), {
      first: [[0, 500]],
      again: [
        [EEXIST, 500],
        [0, 500],
      ],
      // more than fits in one datagram
      dump: [1000, false],
      refused: 'BpfError: Cannot ask netlink of protocol 12: EPERM (Operation not permitted)',
    });
  });

  it('take nothing to do', () => {
    assert.deepEqual(netlinkRequest(NETLINK_ROUTE, []), []);
  });

  it('refuse protocols and subsystems that the kernel has not, and what is no message', () => {
    const request = { type: 0x7f00, payload: new Uint8Array(4) };
    assert.throws(
      () => netlinkDump(99, request),
      bpfError('EPROTONOSUPPORT', /^Cannot open netlink socket of protocol 99: /),
    );
    assert.throws(
      () => netlinkDump(NETLINK_NETFILTER, request),
      bpfError('EINVAL', /^Cannot dump netlink: EINVAL \(invalid argument\)$/),
    );
    for (const bytes of [SET_LO_UP.subarray(0, 31), Buffer.alloc(16), Buffer.alloc(7)]) {
      assert.throws(() => native().netlinkRequest(NETLINK_ROUTE, bytes), TypeError);
    }
  });
});
