import assert from 'node:assert/strict';

import { deletionOf, parseConnection, type Connection } from '../../../src/datapath/ctnetlink.ts';
import { formatAddress } from '../../../src/model/address.ts';

/**
 * What Linux 6.18 told of entries that conntrack 1.4.7 had made with -I, as `strace -e read=3` showed it to its -L -o
 * extended,id: messages without struct nlmsghdr. The comments are conntrack's own lines, without the reply. A line is an
 * attribute, or goes on with one: tuples of origin and reply, zone, status, mark, id, uses, timeout, protocol, synproxy.
 */
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

// icmp     1 599 src=10.1.1.1 dst=10.1.1.2 type=8 code=0 id=7 … mark=0 use=1 id=2467285583
const ICMP = hex(`
  02000000
  3c00018014000180080001000a010101080002000a010102240002800500010001000000060004000007000005000500
  080000000500060000000000
  3c00028014000180080001000a010102080002000a010101240002800500010001000000060004000007000005000500
  000000000500060000000000
  0800030000000008
  0800080000000000
  08000c00930fca4f
  08000b0000000001
  0800070000000257
  1c001880080001000000000008000200000000000800030000000000
`);

// gre      47 599 src=10.0.0.1 dst=10.0.0.2 srckey=0x4 dstkey=0x5 zone-orig=9 … mark=0 use=1 id=2345352292
const GRE = hex(`
  02000000
  3c00018014000180080001000a000001080002000a0000021c000280050001002f000000060002000004000006000300
  000500000600030000090000
  3400028014000180080001000a000002080002000a0000011c000280050001002f000000060002000005000006000300
  00040000
  0800030000000008
  0800080000000000
  08000c008bcb3c64
  08000b0000000001
  0800070000000257
  1c001880080001000000000008000200000000000800030000000000
`);

// tcp      6 599 ESTABLISHED src=192.168.77.10 dst=203.0.113.20 sport=35182 dport=7000 … mark=1090519809 use=1 id=2162088283
const TCP = hex(`
  02000000
  340001801400018008000100c0a84d0a08000200cb0071141c000280050001000600000006000200896e000006000300
  1b580000
  340002801400018008000100cb00711408000200c0a84d0a1c0002800500010006000000060002001b58000006000300
  896e0000
  0800030000000008
  0800080041000301
  08000c0080ded95b
  08000b0000000001
  0800070000000257
  300004802c000180050001000300000005000200000000000500030000000000060004000a000000060005000a000000
  1c001880080001000000000008000200000000000800030000000000
`);

// udp      17 599 src=2001:db8::1 dst=2001:db8::2 sport=5 dport=6 … mark=0 zone=3 use=1 id=1895006170
const UDP = hex(`
  0a000000
  4c0001802c0001801400030020010db80000000000000000000000011400040020010db8000000000000000000000002
  1c000280050001001100000006000200000500000600030000060000
  4c0002802c0001801400030020010db80000000000000000000000021400040020010db8000000000000000000000001
  1c000280050001001100000006000200000600000600030000050000
  0600120000030000
  0800030000000008
  0800080000000000
  08000c0070f37fda
  08000b0000000001
  0800070000000257
  1c001880080001000000000008000200000000000800030000000000
`);

const NEW = 0x0100;

function connection(payload: Uint8Array): Connection {
  const parsed = parseConnection({ type: NEW, payload });
  assert.ok(parsed);
  return parsed;
}

const inWords = ({ source, destination, mark }: Connection): string =>
  `${formatAddress(source)} ${formatAddress(destination)} 0x${mark.toString(16)}`;

describe('a connection that ctnetlink tells', () => {
  it('has the addresses of its first packet and its mark, whatever its protocol and zone', () => {
    assert.deepEqual(
      [ICMP, GRE, TCP, UDP].map((payload) => inWords(connection(payload))),
      [
        '10.1.1.1 10.1.1.2 0x0',
        '10.0.0.1 10.0.0.2 0x0',
        '192.168.77.10 203.0.113.20 0x41000301',
        '2001:db8::1 2001:db8::2 0x0',
      ],
    );
    const allBits = Buffer.from(TCP);
    allBits.writeUInt32BE(0xffffffff, TCP.indexOf('41000301', 'hex'));
    assert.equal(connection(allBits).mark, 0xffffffff);
  });

  it('has mark 0 where the kernel tells none', () => {
    const mark = TCP.indexOf('0800080041000301', 'hex');
    const without = Buffer.concat([TCP.subarray(0, mark), TCP.subarray(mark + 8)]);
    assert.equal(inWords(connection(without)), '192.168.77.10 203.0.113.20 0x0');
  });

  it('is read past attributes of later kernels, in any order', () => {
    const later = Buffer.concat([TCP.subarray(0, 4), hex('0700ff7f aabbcc00'), TCP.subarray(4)]);
    assert.deepEqual(inWords(connection(later)), inWords(connection(TCP)));
    const [tuple, rest] = [TCP.subarray(4, 56), TCP.subarray(56)];
    const last = Buffer.concat([TCP.subarray(0, 4), rest, tuple]);
    assert.deepEqual(inWords(connection(last)), inWords(connection(TCP)));
  });

  it('is none without both addresses, or of another message', () => {
    assert.equal(parseConnection({ type: 0x0102, payload: TCP }), undefined);
    assert.equal(parseConnection({ type: NEW, payload: new Uint8Array() }), undefined);
    // the original tuple is the first attribute; the destination becomes one of 3 bytes
    for (const length of [4, 8, 12, 20, 28]) {
      assert.equal(parseConnection({ type: NEW, payload: TCP.subarray(0, length) }), undefined);
    }
    const short = Buffer.from(TCP);
    short.writeUInt8(7, TCP.indexOf('08000200cb007114', 'hex'));
    assert.equal(parseConnection({ type: NEW, payload: short }), undefined);
  });

  it('is none where lengths lie, and nothing is read in vain', () => {
    for (let at = 4; at < 32; at += 4) {
      for (const length of [0, 3, 0xffff]) {
        const lying = Buffer.from(TCP.subarray(0, 56));
        lying.writeUInt16LE(length, at);
        parseConnection({ type: NEW, payload: lying });
      }
    }
    const endless = Buffer.from(TCP);
    endless.writeUInt16LE(0, 4);
    assert.equal(parseConnection({ type: NEW, payload: endless }), undefined);
  });
});

describe('the message that deletes a connection', () => {
  const deletion = (payload: Uint8Array): string => {
    const { type, payload: bytes } = deletionOf(connection(payload));
    assert.equal(type, 0x0102);
    return Buffer.from(bytes).toString('hex');
  };

  it("has the kernel's words for family, tuple and id", () => {
    assert.equal(
      deletion(TCP),
      '02000000340001801400018008000100c0a84d0a08000200cb0071141c0002800500010006000000' +
        '06000200896e0000060003001b58000008000c0080ded95b',
    );
    assert.equal(
      deletion(ICMP),
      '020000003c00018014000180080001000a010101080002000a0101022400028005000100010000000600040000' +
        '07000005000500080000000500060000000000' +
        '08000c00930fca4f',
    );
  });

  it('has the zone, of both directions or within the tuple', () => {
    assert.equal(
      deletion(UDP),
      '0a0000004c0001802c0001801400030020010db80000000000000000000000011400040020010db8000000000000' +
        '0000000000021c00028005000100110000000600020000050000060003000006000008000c0070f37fda' +
        '0600120000030000',
    );
    assert.equal(
      deletion(GRE),
      '020000003c00018014000180080001000a000001080002000a0000021c000280050001002f0000000600020000040000' +
        '060003000005000006000300000900' +
        '0008000c008bcb3c64',
    );
  });

  it('is never one without a tuple, which would delete all', () => {
    const entry = Buffer.concat([TCP.subarray(0, 4), hex('08000c0080ded95b')]);
    assert.throws(() => deletionOf({ ...connection(TCP), entry }), RangeError);
  });
});
