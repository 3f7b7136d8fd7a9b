import assert from 'node:assert/strict';
import { BlobWriter } from '../../../src/lib/ubus-ts/blob.ts';
import { encodedSize, readMembers, writeMembers } from '../../../src/lib/ubus-ts/blobmsg.ts';
import { encodeMessage, MessageType } from '../../../src/lib/ubus-ts/message.ts';
import { UBUS_REPLY_LIMIT, type UbusTable, type UbusValue } from '#ubus-ts';
import { plain } from './plain.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function encode(table: UbusTable): Buffer {
  const writer = new BlobWriter();
  writeMembers(writer, table);
  return writer.bytes();
}

/** By the layout of libubox's blobmsg.h; what is in brackets is the row's value. */
const VALUES: readonly [what: string, value: UbusValue, bytes: string][] = [
  ['null', null, '80000008 00016100'],
  ['true', true, '87000009 00016100 01000000'],
  ['false', false, '87000009 00016100 00000000'],
  ['zero', 0, '8500000c 00016100 00000000'],
  ['the least INT32', -(2 ** 31), '8500000c 00016100 80000000'],
  ['the greatest INT32', 2 ** 31 - 1, '8500000c 00016100 7fffffff'],
  ['an integer above INT32', 2 ** 31, '84000010 00016100 0000000080000000'],
  ['an integer below INT32', -(2 ** 31) - 1, '84000010 00016100 ffffffff7fffffff'],
  ['the greatest safe integer', 2 ** 53 - 1, '84000010 00016100 001fffffffffffff'],
  ['a greater bigint', 2n ** 53n, '84000010 00016100 0020000000000000'],
  ['the least bigint', -(2n ** 63n), '84000010 00016100 8000000000000000'],
  ['a fraction', 0.1, '88000010 00016100 3fb999999999999a'],
  ['a number too great for an integer', 1e300, '88000010 00016100 7e37e43c8800759c'],
  ['infinity', Infinity, '88000010 00016100 7ff0000000000000'],
  ['an empty string', '', '83000009 00016100 00000000'],
  ['a string of a multiple of four', 'abcd', '8300000d 00016100 6162636400000000'],
  ['letters beyond ASCII', 'ä€😀', '83000012 00016100 c3a4e282acf09f98 80000000'],
  ['an empty array', [], '81000008 00016100'],
  ['an empty table', {}, '82000008 00016100'],
  [
    'an array of arrays',
    [[1], [], 'x'],
    '81000030 00016100 81000014 00000000 8500000c 00000000 00000001 81000008 00000000 8300000a 00000000 78000000',
  ],
];

describe('values of ubus', () => {
  for (const [what, value, bytes] of VALUES) {
    it(`write ${what}`, () => {
      assert.deepEqual(encode({ a: value }), hex(bytes));
    });

    it(`read ${what}`, () => {
      assert.deepEqual(plain(readMembers(hex(bytes))), { a: value });
    });

    it(`measure ${what}`, () => {
      assert.equal(encodedSize(value, 'a'), hex(bytes).length);
    });
  }

  it('leave out undefined members', () => {
    assert.deepEqual(encode({ a: undefined, b: null }), encode({ b: null }));
    assert.equal(encodedSize({ a: undefined }), encodedSize({}));
  });

  it('read integers of every width, and any byte but zero as true', () => {
    const bytes = hex(
      '86000 00a 00016100 ffff0000 84000010 00016200 0000000000000005 87000009 00016300 02000000',
    );
    assert.deepEqual(plain(readMembers(bytes)), { a: -1, b: 5, c: true });
  });

  it('keep the first of one name, and take a later one if the first is malformed', () => {
    const [one, two] = ['8500000c 00016100 00000001', '8500000c 00016100 00000002'];
    assert.deepEqual(plain(readMembers(hex(one + two))), { a: 1 });
    assert.deepEqual(plain(readMembers(hex(`8500000b 00016100 00000000${two}`))), { a: 2 });
  });

  it('take __proto__ and constructor for names as others', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const table = Object.create(null) as Record<string, UbusValue>;
    for (const name of names) table[name] = { polluted: name };
    const read = readMembers(encode(table));
    assert.deepEqual(Object.keys(read), names);
    assert.equal(Object.getPrototypeOf(read), null);
    assert.equal(Object.getPrototypeOf(read['__proto__']), null);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.deepEqual(encode(read), encode(table));
  });

  it('leave out what is malformed', () => {
    const rows = {
      'a name that does not fit': '85000008 00ff6100',
      'a name without NUL': '8500000c 00016161 00000001',
      'no name at all': '85000004',
      'an empty name': '8500000c 00000000 00000001',
      'an attribute that is not extended': '0500000c 00016100 00000001',
      'a string without NUL': '8300000c 00016100 61626364',
      'an empty string payload': '83000008 00016100',
      'an unknown type': '8900000c 00016100 00000001',
      'a short INT64': '8400000c 00016100 00000001',
      'a length beyond the end': '8500000d 00016100 00000001',
      'a length below four': '85000003 00016100 00000001',
    };
    for (const [what, bytes] of Object.entries(rows)) {
      assert.deepEqual(plain(readMembers(hex(bytes))), {}, what);
    }
  });

  it('read a string up to its first NUL, and what is not UTF-8 as U+FFFD', () => {
    assert.deepEqual(plain(readMembers(hex('8300000d 00016100 6100620000000000'))), { a: 'a' });
    assert.deepEqual(plain(readMembers(hex('8300000b 00016100 ff610000'))), { a: '\ufffda' });
  });

  it('read elements of an array that have no name header', () => {
    const bytes = hex('81000010 00016100 05000008 00000007');
    assert.deepEqual(plain(readMembers(bytes)), { a: [7] });
  });

  it('refuse what cannot be written', () => {
    let deep: UbusValue = 1;
    for (let i = 0; i < 65; i++) deep = [deep];
    assert.throws(() => encode({ deep }), {
      message: 'Cannot encode a value: nested deeper than 64',
    });
    assert.throws(() => encodedSize(deep), {
      message: 'Cannot encode a value: nested deeper than 64',
    });
    assert.throws(() => encode({ big: 2n ** 63n }), RangeError);
    assert.throws(() => encode({ f: (() => 1) as never }), TypeError);
    assert.throws(() => encode({ ['n'.repeat(65_536)]: 1 }), RangeError);
  });

  it('bound how deep they are read', () => {
    // each array is 8 bytes around the next
    const depth = 100_000;
    const bytes = Buffer.alloc(8 * depth);
    for (let i = 0; i < depth; i++) {
      bytes.writeUInt32BE(0x8100_0000 + 8 * (depth - i), 8 * i);
      bytes.writeUInt32BE(i === 0 ? 0x0001_6100 : 0, 8 * i + 4);
    }
    let value = readMembers(bytes)['a'];
    let found = 0;
    for (; Array.isArray(value); found++) value = value[0] as UbusValue;
    assert.equal(found, 64);
  });

  it('fill a message to the byte as encodedSize says', () => {
    const rest = UBUS_REPLY_LIMIT - encodedSize({ text: '' });
    const text = 'x'.repeat(rest + 3);
    assert.equal(encodedSize({ text }), UBUS_REPLY_LIMIT);
    const header = { type: MessageType.DATA, seq: 0, peer: 0 };
    assert.equal(encodeMessage(header, { objectId: 1, data: { text } }).length, 8 + (1 << 20));
    const more = { objectId: 1, data: { text: `${text}x` } };
    assert.throws(() => encodeMessage(header, more), { code: 'NOT_SUPPORTED' });
  });
});
