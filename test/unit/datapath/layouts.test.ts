import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readBtf } from '#libbpf-ts';
import * as constants from '../../../src/datapath/constants.ts';
import {
  ACTION,
  CLIENT_KEY,
  CONFIG,
  EXCHANGE,
  FACT,
  fieldSize,
  LAYOUTS,
} from '../../../src/datapath/layouts.ts';
import { MAP_NAMES } from '../../../src/datapath/maps.ts';

const ROOT = new URL('../../../', import.meta.url);
const OBJECTS = ['lan', 'wan', 'local'].map(
  (name) => new URL(`dist/bpf/${name}.bpf.o`, ROOT).pathname,
);

/** Members of a struct as `name offset size`, without padding. */
type Members = readonly string[];

function membersOf(layout: (typeof LAYOUTS)[number]): Members {
  return Object.entries(layout.fields).map(
    ([name, field]) => `${name} ${field[1]} ${fieldSize(field)}`,
  );
}

describe('the layouts of bpf/domainroute.h', () => {
  for (const object of OBJECTS) {
    it(`are those of the BTF of ${object.split('/').at(-1) ?? ''}, member by member`, function () {
      if (!existsSync(object)) {
        if (process.env['CI'] === 'true') throw new Error(`${object} is not built`);
        this.skip();
      }
      const { structs } = readBtf(object);
      const compared = LAYOUTS.filter(({ struct }) => structs.has(struct));
      for (const layout of compared) {
        const found = structs.get(layout.struct);
        const members = (found?.members ?? [])
          .filter(({ name }) => name !== 'pad')
          .map(({ name, offset, size }) => `${name} ${offset} ${size}`);
        assert.deepEqual(
          { size: layout.size, members: membersOf(layout) },
          { size: found?.size, members },
          layout.struct,
        );
      }
      assert.ok(compared.length > 0, 'the object has structs of the header');
    });

    it(`have the keys and values of the maps of ${object.split('/').at(-1) ?? ''}`, function () {
      if (!existsSync(object)) {
        if (process.env['CI'] === 'true') throw new Error(`${object} is not built`);
        this.skip();
      }
      const { maps } = readBtf(object);
      const sizes = new Map(LAYOUTS.map(({ struct, size }) => [struct, size]));
      for (const name of MAP_NAMES) {
        const map = maps.get(name);
        assert.ok(map !== undefined, `map ${name} is declared`);
        for (const part of [map.key, map.value]) {
          const size = part?.name === undefined ? undefined : sizes.get(part.name);
          if (size !== undefined) assert.equal(part?.size, size, `${name}: ${part?.name ?? ''}`);
        }
      }
    });
  }

  it('have the numbers of the header', () => {
    const header = readFileSync(new URL('bpf/domainroute.h', ROOT), 'utf8');
    const define = (name: string): number => {
      const [, text = ''] =
        new RegExp(`^#define ${name}\\s+(\\d+|\\(1 << \\d+\\))`, 'm').exec(header) ?? [];
      const shift = /<< (\d+)/.exec(text)?.[1];
      return shift === undefined ? Number(text) : 2 ** Number(shift);
    };
    const numbers = [
      ['DR_SCHEMA', constants.SCHEMA],
      ['DR_CELLS', constants.CELLS],
      ['DR_RULES', constants.RULES],
      ['DR_EPOCHS', constants.EPOCHS],
      ['ACTION_CLIENTS', constants.ACTION_CLIENTS],
      ['ACTION_PRIVATE', constants.ACTION_PRIVATE],
      ['ACTION_BLOCK', constants.ACTION_BLOCK],
      ['ACTION_LOCAL_MARK', constants.ACTION_LOCAL_MARK],
      ['ACTION_LOCAL_BIND', constants.ACTION_LOCAL_BIND],
      ['ACTION_FALLBACK_MAIN', constants.ACTION_FALLBACK_MAIN],
      ['ACTION_DROP', constants.ACTION_DROP],
      ['ACTION_ANNOUNCE', constants.ACTION_ANNOUNCE],
    ] as const;
    for (const [name, value] of numbers) assert.equal(value, define(name), name);
  });

  it('have the reasons and sources of the header, in its order', () => {
    const header = readFileSync(new URL('bpf/domainroute.h', ROOT), 'utf8');
    const names = (prefix: string): string[] =>
      [...header.matchAll(new RegExp(`^\\t${prefix}_([A-Z0-9_]+)(?: = \\d+)?,`, 'gm'))].map(
        ([, name = '']) => name.toLowerCase(),
      );
    assert.deepEqual([...constants.REASONS, 'max'], names('REASON'));
    assert.deepEqual([...constants.SOURCES], names('SOURCE'));
  });
});

describe('a layout', () => {
  it('encodes to the bytes that the kernel has', () => {
    const bytes = CONFIG.encode({
      generation: 1,
      mark_mask: 0x3f000000,
      seed: 0x0102030405060708n,
      hold: 86_400_000_000_000n,
      levels: 0x800,
      max_labels: 3,
    });
    const hex =
      '01000000' + '0000003f' + '0807060504030201' + '00004f91944e0000' + '00080000' + '03000000';
    assert.equal(Buffer.from(bytes).toString('hex'), hex);
  });

  it('decodes what it encodes, with ports in network byte order', () => {
    const bytes = new Uint8Array(EXCHANGE.size);
    bytes.set([0xd4, 0x31, 0x00, 0x35, 0xbe, 0xef, 17, 1], 32);
    const { client_port, server_port, id, protocol, side } = EXCHANGE.decode(bytes);
    assert.deepEqual([client_port, server_port, id, protocol, side], [54321, 53, 0xbeef, 17, 1]);
  });

  it('reads nanoseconds as numbers', () => {
    const bytes = new Uint8Array(FACT.size);
    new DataView(bytes.buffer).setBigUint64(8, 7_200_000_000_123n, true);
    assert.equal(FACT.decode(bytes).expires, 7_200_000_000_123);
  });

  it('reads at an offset of a larger array', () => {
    const bytes = new Uint8Array(2 * CLIENT_KEY.size);
    bytes.set(CLIENT_KEY.encode({ prefixlen: 160, cell: 9, client: new Uint8Array(16) }), 24);
    assert.equal(CLIENT_KEY.decode(bytes, 24).cell, 9);
  });

  it('cuts a text that is too long, and keeps its NUL', () => {
    const nothing = { rule: 1, next: 0, mark: 0, mask: 0, ifindex: 0, flags: 0, section: '' };
    const bytes = ACTION.encode({ ...nothing, interface: 'x'.repeat(40) });
    assert.equal(ACTION.decode(bytes).interface, 'x'.repeat(31));
    assert.equal(bytes[119], 0);
  });

  it('refuses more bytes than fit', () => {
    assert.throws(
      () => CLIENT_KEY.encode({ prefixlen: 0, cell: 0, client: new Uint8Array(17) }),
      RangeError,
    );
  });
});
