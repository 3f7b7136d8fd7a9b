import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BpfProgram } from '#libbpf-ts';
import { bpfError, useKernel, readU32, u32 } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: BpfProgram', () => {
  const kernel = useKernel();

  it('is described', () => {
    const { id, name, type, tag, verifiedInsns } = kernel.object.program('mark_packet').info;
    assert.ok(id > 0);
    assert.equal(name, 'mark_packet');
    assert.equal(type, 3);
    assert.match(tag, /^[0-9a-f]{16}$/);
    assert.ok(verifiedInsns !== undefined && verifiedInsns > 10);
  });

  it('runs on a packet and a context', () => {
    const context = new Uint8Array(192);
    context.set(u32(40), 8);
    const data = new Uint8Array(64).fill(1);
    const result = kernel.object.program('mark_packet').testRun({ data, context });
    assert.equal(result.returnValue, -1);
    const changed = data.slice();
    changed[0] = 0xab;
    assert.deepEqual(result.data, changed);
    assert.equal(result.context?.length, 192);
    assert.equal(readU32(result.context, 8), 42);
    assert.equal(readU32(context, 8), 40);
  });

  it('repeats, and tells the time of one run', () => {
    const { durationNs, context } = kernel.object
      .program('mark_packet')
      .testRun({ data: new Uint8Array(64), repeat: 10_000 });
    assert.ok(durationNs > 0 && durationNs < 100_000, `${durationNs} ns`);
    assert.equal(context, undefined);
  });

  it('can make the packet longer, up to the room given', () => {
    const program = kernel.object.program('lengthen');
    const data = new Uint8Array(64).fill(2);
    const longer = new Uint8Array(68).fill(2);
    longer.fill(0, 0, 4);
    assert.deepEqual(program.testRun({ data }).data, longer);
    assert.throws(
      () => program.testRun({ data, dataOutSize: 10 }),
      bpfError('ENOSPC', /^Cannot run program 'lengthen': ENOSPC/),
    );
  });

  it('does not run on a packet without an Ethernet header', () => {
    assert.throws(
      () => kernel.object.program('mark_packet').testRun({ data: new Uint8Array(5) }),
      bpfError('EINVAL', /^Cannot run program 'mark_packet': EINVAL/),
    );
  });

  it('is pinned, and opened by path and id', () => {
    const path = join(kernel.pins, 'program');
    const program = kernel.object.program('pick');
    assert.equal(BpfProgram.openPinned(path), undefined);
    program.pin(path);
    assert.throws(() => program.pin(path), bpfError('EEXIST', /^Cannot pin program 'pick'/));
    const pinned = BpfProgram.openPinned(path);
    const byId = BpfProgram.openId(program.info.id);
    assert.deepEqual(pinned?.info, program.info);
    assert.deepEqual(byId.info, program.info);
    pinned.close();
    byId.close();
  });
});
