import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  BpfLink,
  BpfMap,
  BpfObject,
  BpfProgram,
  type Column,
  flock,
  formatEntries,
  MapFlag,
  MapType,
  mount,
  possibleCpus,
  RingBuffer,
  UpdateFlag,
} from '#libbpf-ts';
import { bpfError, useKernel, readU32, u32, u64 } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: BpfMap', () => {
  const kernel = useKernel();

  const open: BpfMap[] = [];
  const create = (type: number, valueSize: number, maxEntries: number, keySize = 4): BpfMap => {
    const flags = type === MapType.LPM_TRIE ? MapFlag.NO_PREALLOC : 0;
    const map = BpfMap.create({ type, keySize, valueSize, maxEntries, flags, name: 'numbers' });
    open.push(map);
    return map;
  };
  afterEach(() => {
    for (const map of open.splice(0)) map.close();
  });

  it('is as it was created', () => {
    const { id, ...info } = create(MapType.LPM_TRIE, 12, 7, 8).info;
    assert.ok(id > 0);
    assert.deepEqual(info, {
      type: MapType.LPM_TRIE,
      keySize: 8,
      valueSize: 12,
      maxEntries: 7,
      flags: 1,
      name: 'numbers',
    });
    assert.throws(() => create(MapType.HASH, 4, 0), bpfError('EINVAL', /^Cannot create map 'num/));
    assert.throws(() => create(999, 4, 1), bpfError('EINVAL', /^Cannot create map 'numbers'/));
  });

  it('updates, looks up and deletes', () => {
    const map = create(MapType.HASH, 8, 4);
    assert.equal(map.lookup(u32(1)), undefined);
    map.update(u32(1), u64(0x1122334455667788n));
    assert.deepEqual(map.lookup(u32(1)), u64(0x1122334455667788n));
    assert.throws(
      () => map.update(u32(1), u64(2n), UpdateFlag.NOEXIST),
      bpfError('EEXIST', /^Cannot update map 'numbers': EEXIST \(File exists\)$/),
    );
    assert.throws(() => map.update(u32(2), u64(2n), UpdateFlag.EXIST), bpfError('ENOENT', /upd/));
    assert.equal(map.delete(u32(1)), true);
    assert.equal(map.delete(u32(1)), false);
    assert.equal(map.lookup(u32(1)), undefined);
  });

  it('gives an entry away in one step', () => {
    for (const type of [MapType.HASH, MapType.LRU_HASH]) {
      const map = create(type, 8, 4);
      map.update(u32(1), u64(5n));
      assert.deepEqual(map.take(u32(1)), u64(5n));
      assert.equal(map.take(u32(1)), undefined);
      assert.equal(map.lookup(u32(1)), undefined);
    }
  });

  it('has values of more than a kilobyte', () => {
    const map = create(MapType.ARRAY, 5000, 1);
    const value = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
    map.update(u32(0), value);
    assert.deepEqual(map.lookup(u32(0)), value);
    assert.deepEqual(map.entries(), { count: 1, keys: u32(0), values: value });
  });

  it('says when it is full', () => {
    const map = create(MapType.HASH, 4, 2);
    map.updateBatch(u32(1, 2), u32(10, 20), 2);
    assert.throws(() => map.update(u32(3), u32(30)), bpfError('E2BIG', /map 'numbers': E2BIG/));
    assert.throws(
      () => map.updateBatch(u32(1, 4, 5), u32(11, 40, 50), 3),
      bpfError('E2BIG', /^Cannot update map 'numbers' after 1 of 3 entries: E2BIG/),
    );
    assert.deepEqual(map.lookup(u32(1)), u32(11));
  });

  it('is walked by its keys', () => {
    const map = create(MapType.HASH, 4, 8);
    assert.equal(map.nextKey(), undefined);
    map.updateBatch(u32(5, 6, 7), u32(0, 0, 0), 3);
    const keys: (number | undefined)[] = [];
    for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key)) {
      keys.push(readU32(key));
    }
    assert.deepEqual(keys.sort(), [5, 6, 7]);
  });

  const rounded = (value: number): bigint[] =>
    Array.from({ length: possibleCpus() }, (_, cpu) => BigInt(value + cpu));
  for (const type of ['PERCPU_HASH', 'PERCPU_ARRAY', 'LRU_PERCPU_HASH'] as const) {
    it(`has a value for each CPU, rounded up to 8 bytes, in a ${type}`, () => {
      const map = create(MapType[type], 4, 2);
      map.update(u32(0), u64(...rounded(100)));
      map.updateBatch(u32(1), u64(...rounded(200)), 1);
      assert.deepEqual(map.lookup(u32(0)), u64(...rounded(100)));
      assert.deepEqual(map.lookup(u32(1)), u64(...rounded(200)));
      const { count, values } = map.entries();
      assert.equal(count, 2);
      assert.equal(values.length, 2 * 8 * possibleCpus());
      assert.throws(() => map.update(u32(0), u32(1)), TypeError);
    });
  }

  for (const type of ['HASH', 'LRU_HASH', 'ARRAY'] as const) {
    it(`reads and deletes all entries of a ${type}`, () => {
      const count = 10_000;
      const map = create(MapType[type], 320, type === 'LRU_HASH' ? 2 * count : count);
      const keys = new Uint32Array(count);
      const values = new Uint8Array(320 * count);
      for (let index = 0; index < count; index++) {
        keys[index] = index;
        values.set([index & 0xff, index >> 8], 320 * index + 318);
      }
      map.updateBatch(new Uint8Array(keys.buffer), values, count);

      const entries = map.entries();
      assert.equal(entries.count, count);
      const seen = new Set<number | undefined>();
      for (let index = 0; index < count; index++) {
        const key = readU32(entries.keys, 4 * index) ?? -1;
        const value = entries.values.subarray(320 * index, 320 * (index + 1));
        assert.deepEqual([value[318], value[319]], [key & 0xff, key >> 8]);
        seen.add(key);
      }
      assert.equal(seen.size, count);
      if (type === 'ARRAY') return;
      assert.equal(map.deleteBatch(u32(3, 77_777, 4), 3), 2);
      assert.equal(map.deleteBatch(new Uint8Array(keys.buffer), count), count - 2);
      assert.deepEqual(map.entries(), { count: 0, keys: u32(), values: u32() });
    });
  }

  it('is read in parts, however large its buckets are', () => {
    for (const type of [MapType.HASH, MapType.LRU_HASH]) {
      const map = create(type, 8, 4096);
      for (let i = 0; i < 1000; i++) map.update(u32(i), u64(BigInt(i)));
      for (const size of [1, 7, 256, 5000]) {
        const parts = [...map.parts(size)];
        const seen = parts.flatMap(({ count, keys, values }) =>
          Array.from({ length: count }, (_, i) => {
            const key = readU32(keys.subarray(i * 4, i * 4 + 4));
            assert.equal(readU32(values.subarray(i * 8, i * 8 + 4)), key);
            return key;
          }),
        );
        const expected = Array.from({ length: 1000 }, (_, i) => i);
        assert.deepEqual(
          seen.sort((a = 0, b = 0) => a - b),
          expected,
          `parts of ${size}`,
        );
      }
      assert.equal([...create(type, 8, 4).parts(10)].length, 1);
    }
  });

  it('reads and deletes all entries of an LPM_TRIE', () => {
    const map = create(MapType.LPM_TRIE, 4, 8, 8);
    map.updateBatch(u32(8, 10, 16, 0x010a, 32, 0x0101010a), u32(1, 2, 3), 3);
    const { count, keys, values } = map.entries();
    assert.equal(count, 3);
    assert.equal(keys.length, 24);
    assert.deepEqual([...new Uint32Array(values.buffer)].sort(), [1, 2, 3]);
    assert.equal(readU32(map.lookup(u32(32, 0x0202010a))), 2);
    assert.equal(map.deleteBatch(u32(8, 10, 32, 0x0101010a), 2), 2);
    assert.deepEqual(map.entries(), { count: 1, keys: u32(16, 0x010a), values: u32(2) });
  });

  it('does without batches where the kernel has none', () => {
    const DEVMAP_HASH = 25; // its values are devices: 1 is lo
    const map = create(DEVMAP_HASH, 4, 8);
    map.updateBatch(u32(5, 6, 7), u32(1, 1, 1), 3);
    const { count, keys, values } = map.entries();
    assert.equal(count, 3);
    assert.deepEqual([...new Uint32Array(keys.buffer)].sort(), [5, 6, 7]);
    assert.deepEqual(values, u32(1, 1, 1));
    assert.equal(map.deleteBatch(u32(6, 8, 5), 3), 2);
    assert.deepEqual(map.entries(), { count: 1, keys: u32(7), values: u32(1) });
    assert.throws(
      () => map.updateBatch(u32(1, 2), u32(1, 0x7fffffff), 2),
      bpfError('EINVAL', /after 1 of 2 entries/),
    );
  });

  it('says that a map without keys has no entries to read', () => {
    const ring = create(MapType.RINGBUF, 0, 4096, 0);
    assert.throws(() => ring.entries(), bpfError('ENOTSUPP', /^Cannot read map 'numbers'/));
  });

  it('reads in parts only what has buckets: keys may be longer than the number of one', () => {
    const trie = create(MapType.LPM_TRIE, 4, 8, 68);
    for (const length of [8, 16, 24]) trie.update(new Uint8Array(68).fill(length, 0, 1), u32(1));
    const refused = bpfError('ENOTSUPP', /^Cannot read map 'numbers' in parts/);
    assert.throws(() => [...trie.parts(1)], refused);
    assert.throws(() => [...create(MapType.ARRAY, 4, 8).parts(1)], refused);
  });

  it('holds maps, which are exchanged whole', () => {
    const outer = kernel.object.map('generations');
    assert.equal(outer.lookupInner(u32(7)), undefined);
    const result = (): number =>
      kernel.object.program('inner_value').testRun({ data: new Uint8Array(64) }).returnValue;
    assert.equal(result(), -2);
    for (const value of [11, 12]) {
      const inner = create(MapType.HASH, 4, 4);
      inner.update(u32(1), u32(value));
      outer.updateInner(u32(7), inner);
      const found = outer.lookupInner(u32(7));
      assert.equal(found?.info.id, inner.info.id);
      assert.equal(result(), value);
      found.close();
    }
    assert.equal(outer.delete(u32(7)), true);
    assert.throws(
      () => outer.updateInner(u32(7), create(MapType.HASH, 8, 4)),
      bpfError('EINVAL', /^Cannot put map 'numbers' into map 'generations': EINVAL/),
    );
    assert.throws(
      () => kernel.object.map('places').updateInner(u32(7), outer),
      bpfError('EINVAL', /^Cannot put a map into map 'places'/),
    );
    const inner = create(MapType.ARRAY, 4, 1);
    const array = { type: MapType.ARRAY_OF_MAPS, keySize: 4, valueSize: 4, maxEntries: 1 };
    const created = BpfMap.create({ ...array, name: 'outer', inner });
    open.push(created);
    created.updateInner(u32(0), inner);
    assert.equal(readU32(created.lookup(u32(0))), inner.info.id);
  });

  it('is opened by its id', () => {
    const map = create(MapType.HASH, 4, 1);
    const same = BpfMap.openId(map.info.id);
    assert.notEqual(same.fd, map.fd);
    assert.deepEqual(same.info, map.info);
    same.close();
    assert.throws(() => BpfMap.openId(0x7fffffff), bpfError('ENOENT', /^Cannot open map with id/));
  });

  it('is pinned and opened again, but not onto something else or as something else', () => {
    const path = join(kernel.pins, 'map');
    const map = create(MapType.HASH, 4, 1);
    assert.equal(BpfMap.openPinned(path), undefined);
    map.pin(path);
    assert.throws(
      () => map.pin(path),
      bpfError('EEXIST', /^Cannot pin map 'numbers' at '.*\/map'/),
    );
    assert.throws(
      () => map.pin(join(kernel.directory, 'map')),
      bpfError('EPERM', /^Cannot pin map/),
    );
    const same = BpfMap.openPinned(path);
    assert.deepEqual(same?.info, map.info);
    same.close();
    assert.throws(
      () => BpfProgram.openPinned(path),
      bpfError('EINVAL', /^Cannot open '.*\/map' as a program: EINVAL/),
    );
    assert.throws(() => BpfLink.openPinned(path), bpfError('EINVAL', /as a link/));
  });

  it('refuses wrong arguments with a TypeError', () => {
    const map = create(MapType.HASH, 8, 4);
    const wrong = 'text' as unknown as Uint8Array;
    const calls: readonly (() => unknown)[] = [
      () => map.lookup(new Uint8Array(3)),
      () => map.lookup(new Uint8Array(5)),
      () => map.lookup(wrong),
      () => map.lookup(new Uint16Array(2) as unknown as Uint8Array),
      () => map.update(u32(1), u32(1)),
      () => map.update(u32(1), u64(1n), -1),
      () => map.update(u32(1), u64(1n), 0.5),
      () => map.delete(new Uint8Array(0)),
      () => map.nextKey(new Uint8Array(3)),
      () => map.updateBatch(u32(1, 2), u64(1n), 2),
      () => map.updateBatch(u32(1), u64(1n), 2),
      () => map.deleteBatch(u32(1), 2),
      () => map.deleteBatch(u32(1), NaN),
      () => map.updateInner(u32(1), [] as unknown as BpfMap),
      () => map.updateInner(u32(1), kernel.object.program('pick') as unknown as BpfMap),
      () => map.pin('a\0b'),
      () => map.pin('x'.repeat(5000)),
      () => BpfMap.openId(-1),
      () => BpfMap.openPinned(7 as unknown as string),
      () => BpfObject.load(undefined as unknown as string),
      () => BpfObject.load(kernel.objectPath, { programs: [7 as unknown as string] }),
      () => new RingBuffer([] as unknown as BpfMap, () => undefined),
      () => flock('x' as unknown as number, true),
      () => mount('a', 'b', undefined as unknown as string),
    ];
    for (const call of calls) assert.throws(call, TypeError, call.toString());
  });

  it('refuses to write what lies beyond the entries', () => {
    const column = { title: 'name', kind: 'name', valueOffset: 8, lengthOffset: 0 } as const;
    const text = (rows: readonly number[], columns: readonly Column[]): string =>
      formatEntries({ style: 'json', keySize: 16, valueSize: 12, columns }, [
        { keys: new Uint8Array(32), values: new Uint8Array(24), rows: Uint32Array.from(rows) },
      ]);
    assert.equal(text([1, 5, 6], [column]), '[{"name":"."}]');
    for (const [rows, wrong] of [
      [[2, 0, 0], column],
      [[0, 0, 0], { ...column, valueOffset: 12 }],
      [[0, 0, 0], { ...column, lengthOffset: 11 }],
      [[0, 0, 0], { title: 'address', kind: 'address', keyOffset: 1 }],
    ] as const) {
      assert.throws(() => text(rows, [wrong]), TypeError);
    }
  });
});
