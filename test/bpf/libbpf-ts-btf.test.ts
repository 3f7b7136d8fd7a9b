import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MapType, readBtf } from '#libbpf-ts';
import { bpfError, compile, removeDirectory, temporaryDirectory } from './fixtures/libbpf-ts.ts';

describe('libbpf-ts: readBtf', () => {
  let directory = '';
  let objectPath = '';
  before(() => {
    directory = temporaryDirectory();
    objectPath = compile('libbpf-ts', directory);
  });
  after(() => removeDirectory(directory));

  it('gives offsets and sizes of structs, with arrays, unions, typedefs and bit fields', () => {
    assert.deepEqual(readBtf(objectPath).structs.get('place'), {
      size: 32,
      members: [
        { name: 'street', offset: 0, size: 12 },
        { name: '', offset: 12, size: 2 },
        { name: 'number', offset: 14, size: 2 },
        { name: 'owner', offset: 16, size: 8 },
        { name: 'low', offset: 24, size: 4 },
        { name: 'high', offset: 24, size: 4 },
        { name: 'colour', offset: 28, size: 4 },
      ],
    });
  });

  it('gives enumerators, negative ones too', () => {
    assert.deepEqual(
      readBtf(objectPath).enums.get('colour'),
      new Map([
        ['RED', 1],
        ['BLUE', -7],
      ]),
    );
  });

  it('gives the maps with the names and sizes of keys and values', () => {
    const { maps } = readBtf(objectPath);
    assert.deepEqual(maps.get('places'), {
      key: { name: '__u32', size: 4 },
      value: { name: 'place', size: 32 },
      maxEntries: 8,
      type: MapType.HASH,
    });
    assert.deepEqual(maps.get('generations'), {
      key: { size: 4 },
      value: { size: 4 },
      maxEntries: 2,
      type: MapType.HASH_OF_MAPS,
    });
    assert.deepEqual(maps.get('events'), { maxEntries: 1 << 20, type: MapType.RINGBUF });
  });

  it('refuses what is no object file, a cut one, and one that is not there', () => {
    const path = join(directory, 'cut.o');
    writeFileSync(path, readFileSync(objectPath).subarray(0, 2000));
    assert.throws(() => readBtf(path), bpfError('EFORMAT', /^Cannot read BTF of '.*cut\.o': EFO/));
    writeFileSync(path, 'not an object');
    assert.throws(() => readBtf(path), bpfError('EFORMAT', /\(no ELF file\)$/));
    assert.throws(() => readBtf('/nonexistent.o'), bpfError('ENOENT', /^Cannot read BTF/));
  });
});
