import assert from 'node:assert/strict';
import { DnsError } from '../../../src/dns/dns-error.ts';
import { MessageReader } from '../../../src/dns/message-reader.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { concat, u8 } from '../../bpf/frames/bytes.ts';
import { COMPRESSED_NAMES } from '../../vectors/dns.ts';

describe('names of a DNS message (RFC 1035 §4.1.4)', () => {
  const header = new Uint8Array(12);
  const read = (bytes: Uint8Array, start = 12): string => {
    try {
      const { wire, end } = new MessageReader(concat(header, bytes)).name(start);
      return `${formatDomainName(wire)} ${end}`;
    } catch (error) {
      if (error instanceof DnsError) return `${error.reason} ${error.offset}`;
      throw error;
    }
  };
  const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

  it('are read as the RFC has them', () => {
    const reader = new MessageReader(COMPRESSED_NAMES.message);
    for (const { offset, name, end } of COMPRESSED_NAMES.names) {
      const found = reader.name(offset);
      assert.deepEqual([formatDomainName(found.wire), found.start, found.end], [name, offset, end]);
    }
  });

  it('are lower-cased, ASCII letters alone (RFC 4343 §3)', () => {
    assert.equal(read(ascii('\x06@AZ[\xc1\xe0\x00')), '@az[\\193\\224 20');
  });

  it('keep dots, NULs and bytes above 0x7f as bytes of their label (Z5)', () => {
    assert.equal(read(ascii('\x03a.b\x02\0\xff\x00')), 'a\\.b.\\000\\255 20');
  });

  it('have 255 bytes and 127 labels at most (RFC 1035 §2.3.4)', () => {
    const full = new Uint8Array(255).map((_, i) => (i === 254 ? 0 : i % 2 === 0 ? 1 : 97));
    assert.equal(read(full), `${'a.'.repeat(126)}a 267`);
    assert.equal(read(concat(u8(1, 97), full)), 'BAD_NAME 266');
    assert.equal(read(concat(full, u8(1, 97, 0xc0, 12)), 267), 'BAD_NAME 264');
  });

  const bad: readonly (readonly [string, Uint8Array, number?])[] = [
    ['a pointer to itself', u8(0xc0, 12)],
    ['a pointer forwards', u8(0xc0, 14, 0)],
    ['a pointer into the header', u8(0, 0xc0, 11), 13],
    ['a pointer into the same piece', u8(1, 97, 1, 98, 0xc0, 14)],
    ['two pointers to each other', u8(0xc0, 14, 0xc0, 12), 14],
    ['a pointer back to where the last one led', u8(1, 97, 0xc0, 12, 0xc0, 12), 16],
    ['label type 01', u8(0x40, 0)],
    ['label type 10', u8(0x80, 0)],
    ['a label that leaves the message', u8(2, 97)],
    ['half a pointer', u8(1, 97, 0xc0)],
    ['no root', u8(1, 97)],
    ['nothing', u8()],
  ];
  for (const [what, bytes, start] of bad) {
    it(`are BAD_NAME with ${what}`, () => assert.match(read(bytes, start), /^BAD_NAME /));
  }

  it('reach up to the highest offset that a pointer can tell', () => {
    const bytes = new Uint8Array(0x4010);
    bytes.set(u8(1, 97, 0), 0x3fff);
    bytes.set(u8(1, 98, 0xff, 0xff), 0x4002);
    const reader = new MessageReader(bytes);
    assert.equal(formatDomainName(reader.name(0x4002).wire), 'b.a');
    // 0x4001 is no offset of a pointer: c001 leads to 1, which is in the header
    bytes.set(u8(0xc0, 0x01), 0x4008);
    assert.throws(
      () => reader.nameOr({ wire: u8(), start: 0x4001, end: 0x4002 }, 0x4008),
      DnsError,
    );
  });
});
