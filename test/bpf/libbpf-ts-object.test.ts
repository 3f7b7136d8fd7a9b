import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfMap, BpfObject, MapType } from '#libbpf-ts';
import { bpfError, compile, descriptors, useKernel, u32, u64 } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: BpfObject', () => {
  const kernel = useKernel();

  it('loads all maps and programs', () => {
    assert.deepEqual([...kernel.object.mapNames].sort(), [
      'events',
      'generations',
      'packets',
      'places',
    ]);
    assert.equal(kernel.object.programNames.length, 9);
    assert.equal(kernel.object.program('pick').info.name, 'pick');
  });

  it('loads only the programs asked for, with the sizes asked for', () => {
    const some = BpfObject.load(kernel.objectPath, {
      programs: ['report', 'connect4'],
      maxEntries: { places: 123 },
    });
    assert.deepEqual(some.programNames, ['report', 'connect4']);
    assert.equal(some.map('places').info.maxEntries, 123);
    assert.throws(() => some.program('pick'), bpfError('ENOENT', /^Cannot find program 'pick'/));
    assert.throws(() => some.map('nix'), bpfError('ENOENT', /^Cannot find map 'nix' in '/));
    some.close();
    assert.throws(() => some.map('places'), bpfError('EBADF', /^Cannot use object/));
  });

  it('takes existing maps, which then have what its programs write', () => {
    const packets = kernel.object.map('packets');
    const before = new BigUint64Array(packets.lookup(u32(0))?.buffer ?? new ArrayBuffer(8))[0];
    const other = BpfObject.load(kernel.objectPath, {
      programs: ['mark_packet'],
      reuse: { packets },
    });
    assert.equal(other.map('packets').info.id, packets.info.id);
    other.program('mark_packet').testRun({ data: new Uint8Array(64), repeat: 3 });
    assert.deepEqual(packets.lookup(u32(0)), u64((before ?? 0n) + 3n));
    other.close();
  });

  it('refuses an existing map of another layout', () => {
    const packets = BpfMap.create({
      type: MapType.ARRAY,
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
      name: 'packets',
    });
    assert.throws(
      () => BpfObject.load(kernel.objectPath, { reuse: { packets } }),
      bpfError('EINVAL', /^Cannot reuse map 'packets' of another layout: EINVAL/),
    );
    packets.close();
  });

  it('refuses a file that is not there, no object, and unknown names', () => {
    const text = join(kernel.directory, 'text.o');
    writeFileSync(text, 'not an object');
    const cases: readonly (readonly [() => unknown, string, RegExp])[] = [
      [
        () => BpfObject.load('/nonexistent.o'),
        'ENOENT',
        /^Cannot open object '\/nonexistent.o': E/,
      ],
      [() => BpfObject.load(text), 'EFORMAT', /^Cannot open object '.*text\.o': EFORMAT/],
      [
        () => BpfObject.load(kernel.objectPath, { programs: ['nix'] }),
        'ENOENT',
        /^Cannot find program 'nix' in '/,
      ],
      [
        () => BpfObject.load(kernel.objectPath, { maxEntries: { nix: 1 } }),
        'ENOENT',
        /^Cannot find map 'nix' in '/,
      ],
    ];
    for (const [call, code, message] of cases) assert.throws(call, bpfError(code, message));
  });

  it("has the verifier's words in the error, and leaves nothing open", () => {
    const rejected = compile('rejected', kernel.directory);
    const before = descriptors();
    assert.throws(
      () => BpfObject.load(rejected),
      (error) => {
        bpfError(
          'EACCES',
          /^Cannot load program 'careless': EACCES \(R0 invalid mem access 'map_value_or_null'\)$/,
        )(error);
        assert.ok(error instanceof BpfError);
        assert.equal(error.errno, 13);
        assert.match(error.log, /BEGIN PROG LOAD LOG[^]*processed \d+ insns[^]*END PROG LOAD LOG/);
        return true;
      },
    );
    assert.equal(descriptors(), before);
    BpfObject.load(rejected, { programs: ['harmless'] }).close();
  });
});
