import assert from 'node:assert/strict';
import { address, checksum, concat, hex, toHex, u16, u8 } from './bytes.ts';
import { ANSWER, message, OPT, pointer, TYPE, withLength } from './dns.ts';
import { frame } from './packet.ts';

describe('frame builders', () => {
  const link = { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' };

  it('compute the checksum of RFC 1071 §3', () => {
    // the example's words 0001 f203 f4f5 f6f7 sum to ddf2
    assert.equal(checksum(hex('0001 f203 f4f5 f6f7')), 0xffff & ~0xddf2);
  });

  it('write addresses', () => {
    assert.equal(toHex(address('192.0.2.1')), 'c0000201');
    assert.equal(toHex(address('2001:db8::1')), '20010db8000000000000000000000001');
    assert.equal(toHex(address('::')), '00'.repeat(16));
  });

  it('write a query as RFC 1035 §4.1 lays it out', () => {
    const bytes = message({
      id: 0xbeef,
      question: { name: 'www.Example.com', type: TYPE.A },
      additional: [OPT],
    });
    const expected = `beef 0100 0001 0000 0000 0001 03777777 07 4578616d706c65 03636f6d 00 0001 0001
      00 0029 04d0 00000000 0000`;
    assert.equal(toHex(bytes), toHex(hex(expected)));
  });

  it('compress names as RFC 1035 §4.1.4 does', () => {
    const bytes = message({
      id: 1,
      flags: ANSWER,
      compress: true,
      question: { name: 'a.example', type: TYPE.A },
      answers: [
        { owner: 'a.example', type: TYPE.CNAME, ttl: 60, data: { name: 'b.example' } },
        { owner: 'b.example', type: TYPE.A, ttl: 60, data: u8(192, 0, 2, 1) },
      ],
    });
    const expected = `0001 8180 0001 0002 0000 0000 0161 07 6578616d706c65 00 0001 0001
      c00c 0005 0001 0000003c 0004 0162 c00e
      c027 0001 0001 0000003c 0004 c0000201`;
    assert.equal(toHex(bytes), toHex(hex(expected)));
  });

  it('write HTTPS records with hints', () => {
    const bytes = message({
      id: 1,
      flags: ANSWER,
      question: { name: 'a', type: TYPE.HTTPS },
      answers: [
        {
          owner: pointer(12),
          type: TYPE.HTTPS,
          ttl: 1,
          data: { priority: 1, target: '', params: [{ key: 4, value: u8(192, 0, 2, 1) }] },
        },
      ],
    });
    const expected = `0001 8180 0001 0001 0000 0000 016100 0041 0001
      c00c 0041 0001 00000001 000b 0001 00 0004 0004 c0000201`;
    assert.equal(toHex(bytes), toHex(hex(expected)));
  });

  it('write UDP over IPv4 with checksums that verify', () => {
    const { bytes, network, transport, payload } = frame(
      link,
      { source: '192.0.2.1', destination: '192.0.2.2', options: u8(1, 1, 1, 0) },
      { protocol: 'udp', sourcePort: 4000, destinationPort: 53 },
      u8(1, 2, 3),
      5,
    );
    assert.deepEqual([network, transport, payload, bytes.length], [14, 38, 46, 54]);
    assert.equal(checksum(bytes.subarray(14, 38)), 0);
    const segment = bytes.subarray(38, 49);
    assert.equal(checksum(concat(bytes.subarray(26, 34), u16(17, 11), segment)), 0);
  });

  it('write TCP over IPv6 behind VLAN tags and extension headers', () => {
    const body = withLength(u8(9, 9, 9));
    const { bytes, transport } = frame(
      {
        ...link,
        tags: [
          { tpid: 0x88a8, tci: 7 },
          { tpid: 0x8100, tci: 8 },
        ],
      },
      {
        source: '2001:db8::1',
        destination: '2001:db8::2',
        extensions: [
          { type: 0, body: u8(1, 4, 0, 0, 0, 0) },
          { type: 60, body: new Uint8Array(14) },
        ],
      },
      { protocol: 'tcp', sourcePort: 53, destinationPort: 4000 },
      body,
    );
    assert.equal(
      toHex(bytes.subarray(12, 24)),
      '88a80007810000 0886dd60000000'.replace(' ', '').slice(0, 24),
    );
    assert.equal(toHex(bytes.subarray(62, 64)), '3c00');
    assert.equal(toHex(bytes.subarray(70, 72)), '0601');
    assert.equal(transport, 22 + 40 + 8 + 16);
    const segment = bytes.subarray(transport);
    assert.equal(checksum(concat(bytes.subarray(30, 62), u16(6, segment.length), segment)), 0);
  });

  it('write fragments', () => {
    const v4 = frame(
      undefined,
      { source: '192.0.2.1', destination: '192.0.2.2', fragment: { offset: 16, more: true } },
      { protocol: 'udp', sourcePort: 53, destinationPort: 53 },
      u8(),
    );
    assert.equal(toHex(v4.bytes.subarray(6, 8)), '2002');
    const v6 = frame(
      undefined,
      { source: '2001:db8::1', destination: '2001:db8::2', fragment: { offset: 16, more: true } },
      { protocol: 'udp', sourcePort: 53, destinationPort: 53 },
      u8(),
    );
    assert.equal(toHex(v6.bytes.subarray(40, 48)), '1100001112345678');
    assert.equal(v6.bytes[6], 44);
  });
});
