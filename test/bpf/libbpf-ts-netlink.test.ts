import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadAddon, NETLINK_ROUTE, NetlinkListener } from '#libbpf-ts';
import { ADDON, bpfError } from './fixtures/libbpf-ts.ts';
import { needsKernel } from './setup.ts';

const CHILD = fileURLToPath(new URL('fixtures/netlink-child.ts', import.meta.url));

describe('libbpf-ts: NetlinkListener', function () {
  needsKernel(this);
  before(() => loadAddon(ADDON));

  it('delivers messages, tells of those that were lost, and none when it is closed', () => {
    const node = [process.execPath, '--import', 'tsx', CHILD, ADDON];
    const text = execFileSync('unshare', ['--net', ...node], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(text), [[true, 1, 1], 'thrown for a message', 'overrun']);
  });

  it('lets the process end when it is told so', () => {
    const script = [
      'process.dlopen(module, process.argv[1]);',
      'module.exports.sourceReference(module.exports.netlinkOpen(0, [1], () => 0), false);',
    ];
    const argv = ['--eval', script.join('\n'), '--', ADDON];
    execFileSync(process.execPath, argv, { timeout: 10_000 });
  });

  it('refuses protocols and groups that the kernel has not, and anything that is no number', () => {
    const open = (protocol: number, ...groups: readonly number[]): NetlinkListener =>
      new NetlinkListener(protocol, groups, () => undefined);
    assert.throws(
      () => open(99),
      bpfError('EPROTONOSUPPORT', /^Cannot open netlink socket of protocol 99: /),
    );
    assert.throws(
      () => open(NETLINK_ROUTE, 1, 9999),
      bpfError('EINVAL', /^Cannot listen to netlink group 9999: /),
    );
    assert.throws(() => open(NETLINK_ROUTE, Number.NaN), TypeError);
  });

  it('is refused when it is closed', () => {
    const listener = new NetlinkListener(NETLINK_ROUTE, [1], () => undefined);
    listener.close();
    assert.throws(() => listener.ref(), bpfError('EBADF', /^Cannot use closed netlink socket/));
  });
});
