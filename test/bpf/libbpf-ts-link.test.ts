import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AttachType, BpfLink } from '#libbpf-ts';
import {
  bpfError,
  child,
  makeCgroup,
  useKernel,
  useNetns,
  removeCgroup,
  run,
  u32,
  until,
} from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: BpfLink', () => {
  const kernel = useKernel();

  const netns = useNetns();
  const inside = (...args: readonly string[]): string =>
    run('nsenter', `--net=/run/netns/${netns}`, 'ip', ...args);
  const packets = (): bigint =>
    new DataView(
      kernel.object.map('packets').lookup(u32(0))?.buffer ?? new ArrayBuffer(8),
    ).getBigUint64(0, true);

  for (const [hook, attachType, device] of [
    ['ingress', AttachType.TCX_INGRESS, 'in0'],
    ['egress', AttachType.TCX_EGRESS, 'out0'],
  ] as const) {
    it(`puts a program at the ${hook} of a device, where it sees packets`, async () => {
      inside('link', 'add', device, 'type', 'veth', 'peer', 'name', `${device}p`);
      const found = JSON.parse(inside('-j', 'link', 'show', device)) as [{ ifindex: number }];
      const { ifindex } = found[0];
      const [program, pin] = [
        join(kernel.pins, `${hook}-program`),
        join(kernel.pins, `${hook}-link`),
      ];
      kernel.object.program('mark_packet').pin(program);

      assert.equal(BpfLink.openPinned(pin), undefined);
      assert.equal(child(['attach', program, String(ifindex), hook, pin], netns), 'attached');
      const link = BpfLink.openPinned(pin);
      assert.ok(link !== undefined);
      const { id, ...info } = link.info;
      assert.ok(id > 0);
      const programId = kernel.object.program('mark_packet').info.id;
      assert.deepEqual(info, { type: 11, programId, attachType, ifindex });
      assert.throws(() => link.pin(pin), bpfError('EEXIST', /^Cannot pin link/));

      const before = packets();
      inside('link', 'set', device, 'up');
      inside('link', 'set', `${device}p`, 'up'); // IPv6 then announces itself
      await until(() => packets() > before);

      link.update(kernel.object.program('report'));
      assert.equal(link.info.programId, kernel.object.program('report').info.id);
      assert.throws(
        () => link.update(kernel.object.program('pick')),
        bpfError('EINVAL', /^Cannot upd/),
      );
      if (hook === 'ingress') {
        link.detach();
      } else {
        inside('link', 'delete', device);
      }
      assert.equal(link.info.ifindex, 0);
      assert.throws(
        () => link.update(kernel.object.program('mark_packet')),
        bpfError('ENOLINK', /^Cannot update link '\d+' to program 'mark_packet': ENOLINK/),
      );
      link.close();
    });
  }

  it('says when there is no such device', () => {
    assert.throws(
      () => BpfLink.attachTcx(kernel.object.program('mark_packet'), 0x7ffffff0, 'ingress'),
      bpfError('ENODEV', /^Cannot attach program 'mark_packet' to device 2147483632: ENODEV/),
    );
  });

  it('puts programs at the sockets of a cgroup, where they take effect', () => {
    inside('link', 'set', 'lo', 'up');
    const cgroup = makeCgroup();
    try {
      const links = (['connect4', 'connect6', 'sendmsg4', 'sendmsg6'] as const).map((hook) =>
        BpfLink.attachCgroup(kernel.object.program(hook), cgroup, hook),
      );
      const { ino } = statSync(cgroup, { bigint: true });
      assert.deepEqual(
        links.map(({ info }) => [info.type, info.attachType, info.cgroupId]),
        [10, 11, 14, 15].map((attachType) => [3, attachType, ino]),
      );
      assert.equal(child(['connect', cgroup], netns), 'EPERM');
      links[0]?.close();
      assert.equal(child(['connect', cgroup], netns), 'ECONNREFUSED');
      for (const link of links) link.close();
      assert.throws(
        () => BpfLink.attachCgroup(kernel.object.program('connect4'), cgroup, 'connect6'),
        bpfError('EINVAL', /^Cannot attach program 'connect4' to '.*libbpf-ts-/),
      );
      assert.throws(
        () => BpfLink.attachCgroup(kernel.object.program('connect4'), kernel.directory, 'connect4'),
        bpfError('EBADF', /^Cannot attach program 'connect4' to/),
      );
    } finally {
      removeCgroup(cgroup);
    }
  });

  it('puts sk_lookup into a network namespace', () => {
    const link = BpfLink.attachNetns(kernel.object.program('pick'), `/run/netns/${netns}`);
    const { attachType, programId, type } = link.info;
    assert.deepEqual(
      { attachType, programId, type },
      { attachType: 36, programId: kernel.object.program('pick').info.id, type: 5 },
    );
    link.close();
    assert.throws(
      () => BpfLink.attachNetns(kernel.object.program('pick'), '/run/netns/nonexistent'),
      bpfError('ENOENT', /^Cannot open '\/run\/netns\/nonexistent': ENOENT/),
    );
  });
});
