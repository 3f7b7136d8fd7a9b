import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BpfLink, BpfMap, BpfObject, MapType, RingBuffer } from '#libbpf-ts';
import { bpfError, descriptors, useKernel, useNetns, u32, until } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: what is closed or forgotten', () => {
  const kernel = useKernel();
  const netns = useNetns();

  it('is refused with EBADF', () => {
    const other = BpfObject.load(kernel.objectPath);
    const map = other.map('places');
    const program = other.program('pick');
    const link = BpfLink.attachNetns(program, `/run/netns/${netns}`);
    link.close();
    other.close();
    const calls: readonly (() => unknown)[] = [
      () => map.info,
      () => map.fd,
      () => map.lookup(u32(1)),
      () => map.update(u32(1), new Uint8Array(32)),
      () => map.delete(u32(1)),
      () => map.nextKey(),
      () => map.updateBatch(u32(1), new Uint8Array(32), 1),
      () => map.deleteBatch(u32(1), 1),
      () => map.entries(),
      () => map.updateInner(u32(1), map),
      () => map.lookupInner(u32(1)),
      () => map.pin(join(kernel.pins, 'closed')),
      () => BpfObject.load(kernel.objectPath, { reuse: { places: map } }),
      () => new RingBuffer(map, () => undefined),
      () => program.info,
      () => program.fd,
      () => program.testRun({ data: new Uint8Array(64) }),
      () => program.pin(join(kernel.pins, 'closed')),
      () => BpfLink.attachTcx(program, 1, 'ingress'),
      () => link.info,
      () => link.update(kernel.object.program('pick')),
      () => link.detach(),
      () => link.pin(join(kernel.pins, 'closed')),
    ];
    for (const call of calls) {
      assert.throws(call, bpfError('EBADF', /^Cannot use closed (map|program|link) '/));
    }
    map.close();
    assert.equal(existsSync(join(kernel.pins, 'closed')), false);
  });

  it('is closed by the garbage collector', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const before = descriptors();
    for (let index = 0; index < 50; index++) {
      BpfMap.create({
        type: MapType.ARRAY,
        keySize: 4,
        valueSize: 4,
        maxEntries: 1,
        name: 'lost',
      });
    }
    BpfObject.load(kernel.objectPath);
    await until(() => {
      collect();
      return descriptors() <= before;
    });
  });
});
