import assert from 'node:assert/strict';
import { formatAddress, isMapped, parseAddress } from '../../../src/model/address.ts';
import { formatPrefix, parsePrefix } from '../../../src/model/prefix.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');

describe('addresses', () => {
  const rows: readonly [text: string, bytes: string, written: string][] = [
    ['192.0.2.1', '00000000000000000000ffffc0000201', '192.0.2.1'],
    ['0.0.0.0', '00000000000000000000ffff00000000', '0.0.0.0'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '192.0.2.1'],
    ['::FFFF:c000:201', '00000000000000000000ffffc0000201', '192.0.2.1'],
    ['::', '00000000000000000000000000000000', '::'],
    ['::1', '00000000000000000000000000000001', '::1'],
    ['1::', '00010000000000000000000000000000', '1::'],
    // RFC 4291 §2.2
    [
      '2001:DB8:0:0:8:800:200C:417A',
      '20010db80000000000080800200c417a',
      '2001:db8::8:800:200c:417a',
    ],
    ['::13.1.68.3', '0000000000000000000000000d014403', '::d01:4403'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'], // RFC 6052 §2.4
    ['1:2:3:4:5:6:7.8.9.10', '0001000200030004000500060708090a', '1:2:3:4:5:6:708:90a'],
    // RFC 5952 §4.2.2, §4.2.3: one zero group stays, the longest run is cut, the first of equals
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '20010000000000010000000000000001', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ];
  for (const [text, bytes, written] of rows) {
    it(`${text} is ${bytes}`, () => {
      const address = parseAddress(text);
      assert.equal(hex(address), bytes);
      assert.ok(address !== undefined);
      assert.equal(formatAddress(address), written);
    });
  }

  it('IPv4 is told apart by ::ffff:0:0/96', () => {
    assert.equal(isMapped(parseAddress('192.0.2.1') ?? new Uint8Array(16)), true);
    assert.equal(isMapped(parseAddress('::192.0.2.1') ?? new Uint8Array(16)), false);
    assert.equal(isMapped(parseAddress('1::ffff:192.0.2.1') ?? new Uint8Array(16)), false);
  });

  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    'fe80::1%br-lan',
    ':::',
    '1::2::3',
    '12345::',
    'example.com',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '::1/128',
  ]) {
    it(`${JSON.stringify(text)} is no address`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }
});

describe('prefixes', () => {
  const rows: readonly [text: string, bytes: string, length: number, written: string][] = [
    ['192.0.2.0/24', '00000000000000000000ffffc0000200', 120, '192.0.2.0/24'],
    ['192.0.2.77/24', '00000000000000000000ffffc0000200', 120, '192.0.2.0/24'],
    ['192.0.2.255/31', '00000000000000000000ffffc00002fe', 127, '192.0.2.254/31'],
    ['192.0.2.1/32', '00000000000000000000ffffc0000201', 128, '192.0.2.1'],
    ['192.0.2.1', '00000000000000000000ffffc0000201', 128, '192.0.2.1'],
    ['0.0.0.0/0', '00000000000000000000ffff00000000', 96, '0.0.0.0/0'],
    ['::/0', '00000000000000000000000000000000', 0, '::/0'],
    ['2001:db8:ffff::/33', '20010db8800000000000000000000000', 33, '2001:db8:8000::/33'],
    ['fe80::1/10', 'fe800000000000000000000000000000', 10, 'fe80::/10'],
    ['::1/128', '00000000000000000000000000000001', 128, '::1'],
  ];
  for (const [text, bytes, length, written] of rows) {
    it(`${text} is ${bytes}/${length}`, () => {
      const prefix = parsePrefix(text);
      assert.ok(prefix !== undefined);
      assert.equal(hex(prefix.address), bytes);
      assert.equal(prefix.length, length);
      assert.equal(formatPrefix(prefix), written);
    });
  }

  for (const text of [
    '',
    '/',
    '1.2.3.4/',
    '1.2.3.4/33',
    '::/129',
    '1.2.3.4/-1',
    '1.2.3.4/2a',
    '1.2.3.4/24/24',
    '::/ 1',
    '1.2.3.4/255.255.255.0',
  ]) {
    it(`${JSON.stringify(text)} is no prefix`, () => {
      assert.equal(parsePrefix(text), undefined);
    });
  }
});
