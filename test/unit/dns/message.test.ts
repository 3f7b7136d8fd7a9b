import assert from 'node:assert/strict';
import dnsPacket from 'dns-packet';
import { DnsError } from '../../../src/dns/dns-error.ts';
import { MessageReader } from '../../../src/dns/message-reader.ts';
import { decodeMessage, type DnsMessage } from '../../../src/dns/message.ts';
import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { concat, u16, u8 } from '../../bpf/frames/bytes.ts';
import { ANSWER, message, pointer, TYPE, type DnsRecord } from '../../bpf/frames/dns.ts';
import { seededRandom, type Random } from '../../bpf/random.ts';
import { ANSWERS, COMPRESSED_NAMES, SERVICE_DATA } from '../../vectors/dns.ts';

/** What decoding throws, which must be a DnsError. */
function faultOf(bytes: Uint8Array): DnsError | undefined {
  try {
    decodeMessage(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof DnsError) return error;
    throw error;
  }
}

/** A line for each record. */
function lines({ answers }: DnsMessage): readonly string[] {
  return answers.map(({ name, ttl, rdata }) => {
    const owner = `${formatDomainName(name)} ${ttl}`;
    switch (rdata.kind) {
      case 'address':
        return `${owner} ${formatAddress(mapped(rdata.address))}`;
      case 'cname':
        return `${owner} CNAME ${formatDomainName(rdata.cname)}`;
      case 'service': {
        const params = rdata.svcParams.map(
          ({ key, value }) => ` ${key}=${Buffer.from(value).toString('hex')}`,
        );
        return `${owner} ${rdata.svcPriority} ${formatDomainName(rdata.targetName)}${params.join('')}`;
      }
      case 'other':
        return `${owner} \\# ${Buffer.from(rdata.bytes).toString('hex')}`;
    }
  });
}

function mapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 ? bytes : concat(new Uint8Array(10), u8(255, 255), bytes);
}

describe('decoding a DNS message', () => {
  it('gives header and question (RFC 1035 §4.1.1, §4.1.2)', () => {
    const { header, question } = decodeMessage(ANSWERS.chain);
    assert.deepEqual(header, {
      id: 0x1234,
      qr: true,
      opcode: 0,
      aa: true,
      tc: false,
      rd: true,
      ra: false,
      ad: false,
      cd: false,
      rcode: 0,
      qdcount: 1,
      ancount: 4,
      nscount: 1,
      arcount: 1,
    });
    assert.equal(formatDomainName(question?.qname ?? u8()), 'www.example.com');
    assert.deepEqual([question?.qtype, question?.qclass], [1, 1]);
  });

  it('reads every flag from its own bit', () => {
    const flags = (word: number): string => {
      const { header } = decodeMessage(message({ flags: word }));
      return Object.entries(header)
        .filter(([field, value]) => field !== 'id' && (value === true || Number(value) > 0))
        .map(([field, value]) => `${field}=${Number(value)}`)
        .join();
    };
    const words = [0x8000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x000f];
    assert.deepEqual(words.map(flags), [
      'qr=1',
      'opcode=15',
      'aa=1',
      'tc=1',
      'rd=1',
      'ra=1',
      '',
      'ad=1',
      'cd=1',
      'rcode=15',
    ]);
  });

  it('gives addresses and CNAMEs with their owners', () => {
    assert.deepEqual(lines(decodeMessage(ANSWERS.chain)), [
      'www.example.com 300 CNAME cdn.example.com',
      'cdn.example.com 60 CNAME edge.cdn.example.com',
      'edge.cdn.example.com 300 203.0.113.81',
      'edge.cdn.example.com 300 203.0.113.80',
    ]);
    assert.deepEqual(lines(decodeMessage(ANSWERS.ipv6)), ['v6.example.com 3600 2001:db8:113::80']);
  });

  it('gives what HTTPS says (RFC 9460 §2.2)', () => {
    assert.deepEqual(lines(decodeMessage(ANSWERS.https)), [
      'svc.example.com 300 1 edge.cdn.example.com 1=026832026833 ' +
        '4=cb007150cb007151 6=20010db8011300000000000000000080',
    ]);
    assert.deepEqual(lines(decodeMessage(ANSWERS.httpsOfItself)), [
      'svc.example.com 60 1 . 1=026832026833 4=cb007150 6=20010db8011300000000000000000080',
    ]);
  });

  it('reads SVCB as RFC 9460 appendix D writes it', () => {
    const records = Object.values(SERVICE_DATA).map((data): DnsRecord => ({
      owner: 's',
      type: TYPE.SVCB,
      ttl: 1,
      data,
    }));
    assert.deepEqual(lines(decodeMessage(message({ flags: ANSWER, answers: records }))), [
      's 1 16 foo.example.com 3=0035',
      's 1 1 foo.example.com 667=68656c6c6f',
      's 1 1 foo.example.com 6=2001' +
        '0db8000000000000000000000001' +
        '20010db8000000000000000000530001',
      's 1 16 foo.example.org 0=00010004 1=0268320568332d3139 4=c0000201',
    ]);
  });

  it('leaves other types and classes as bytes', () => {
    const data = u8(1, 2, 3, 4, 5);
    const answers = [
      { owner: 'a', type: TYPE.TXT, data },
      { owner: 'a', type: TYPE.A, class: 3, data },
    ];
    assert.deepEqual(lines(decodeMessage(message({ answers }))), [
      'a 300 \\# 0102030405',
      'a 300 \\# 0102030405',
    ]);
  });

  it('reads 128 records and says how many there are', () => {
    const answers = new Array<DnsRecord>(200).fill({ owner: '', type: TYPE.TXT, data: u8() });
    const decoded = decodeMessage(message({ answers }));
    assert.deepEqual([decoded.answers.length, decoded.header.ancount], [128, 200]);
  });

  it('has no question where QDCOUNT is 0, and refuses two (RFC 9619 §4)', () => {
    assert.equal(decodeMessage(message({})).question, undefined);
    assert.equal(faultOf(message({ counts: [2, 0, 0, 0] }))?.reason, 'QDCOUNT');
  });

  it('says offset, section and fault', () => {
    const cut = faultOf(ANSWERS.twoAddresses.subarray(0, 5));
    assert.equal(
      cut?.message,
      'Cannot read DNS message at byte 5: header is cut off (RFC 1035 §4.1.1)',
    );
    const answers = [{ owner: 'a', type: TYPE.A, data: u8(1, 2, 3) }];
    const short = faultOf(message({ answers }));
    assert.deepEqual(
      [short?.reason, short?.offset, short?.section],
      ['BAD_RECORD', 25, 'RFC 1035 §3.4.1'],
    );
  });

  const faults: readonly (readonly [string, Omit<DnsRecord, 'owner'>])[] = [
    ['an AAAA of 4 bytes', { type: TYPE.AAAA, data: u8(1, 2, 3, 4) }],
    ['a CNAME that ends before RDATA', { type: TYPE.CNAME, data: u8(1, 97, 0, 0) }],
    ['a CNAME that ends behind RDATA', { type: TYPE.CNAME, data: u8(1, 97, 0), lengthError: -1 }],
    ['an SVCB of 2 bytes', { type: TYPE.SVCB, data: u8(0, 1) }],
    [
      'a TargetName that leaves RDATA',
      { type: TYPE.SVCB, data: u8(0, 1, 1, 97, 0), lengthError: -1 },
    ],
    ['a SvcParam without length', { type: TYPE.HTTPS, data: u8(0, 1, 0, 0, 4, 0) }],
    ['a SvcParam that leaves RDATA', { type: TYPE.HTTPS, data: u8(0, 1, 0, 0, 1, 0, 2, 9) }],
    ['RDATA that leaves the message', { type: TYPE.TXT, data: u8(), lengthError: 1 }],
  ];
  for (const [what, record] of faults) {
    it(`finds ${what} to be BAD_RECORD`, () => {
      const behind = record.lengthError === -1 ? { trailer: u8(0, 0, 0) } : {};
      const bytes = message({ answers: [{ owner: 'a', ...record }], ...behind });
      assert.equal(faultOf(bytes)?.reason, 'BAD_RECORD');
    });
  }

  it('throws DnsError wherever a message is cut before its last answer ends', () => {
    const { twoAddresses, ipv6, httpsOfItself } = ANSWERS; // nothing follows their answers
    for (const bytes of [twoAddresses, ipv6, httpsOfItself]) {
      assert.equal(faultOf(bytes), undefined);
      for (let length = 0; length < bytes.length; length++) {
        assert.notEqual(faultOf(bytes.subarray(0, length)), undefined, `${length} bytes`);
      }
    }
  });
});

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

describe('DNS messages of a second encoder', () => {
  const TYPES = ['A', 'AAAA', 'CNAME', 'TXT'] as const;
  const NAMES = ['example.com', 'www.Example.com', 'a.b.c.d.example.com', 'x-1_y.test', 'com'];

  function answer(random: Random): dnsPacket.Answer {
    const base = { name: random.pick(NAMES), ttl: random.below(0x7fffffff), class: 'IN' as const };
    const type = random.pick(TYPES);
    switch (type) {
      case 'A':
        return { ...base, type, data: Array.from(random.bytes(4)).join('.') };
      case 'AAAA':
        return { ...base, type, data: formatAddress(concat(u8(0x20, 1), random.bytes(14))) };
      case 'CNAME':
        return { ...base, type, data: random.pick(NAMES) };
      case 'TXT':
        return { ...base, type, data: [Buffer.from(random.bytes(random.below(20)))] };
    }
  }

  it('are decoded to what was encoded', () => {
    const random = seededRandom(0x5eed);
    for (let i = 0; i < 2_000; i++) {
      const answers = Array.from({ length: random.below(6) }, () => answer(random));
      const question = { type: random.pick(TYPES), name: random.pick(NAMES) };
      const id = random.below(0x10000);
      const bytes = dnsPacket.encode({ type: 'response', id, questions: [question], answers });
      assert.deepEqual(lines(decodeMessage(bytes)), answers.map(line), bytes.toString('hex'));
    }
  });

  it('and those of ours are decoded by it to the same', () => {
    const random = seededRandom(0x5eed + 1);
    for (let i = 0; i < 2_000; i++) {
      const answers = Array.from({ length: random.below(6) }, (): DnsRecord => {
        const owner = random.pick([...NAMES, pointer(12)]);
        const type = random.pick([TYPE.A, TYPE.AAAA, TYPE.CNAME]);
        const ttl = random.below(0x7fffffff);
        if (type === TYPE.CNAME) return { owner, type, ttl, data: { name: random.pick(NAMES) } };
        const data = type === TYPE.A ? random.bytes(4) : concat(u16(0x2001), random.bytes(14));
        return { owner, type, ttl, data };
      });
      const name = random.pick(NAMES);
      const bytes = message({
        flags: ANSWER,
        question: { name, type: TYPE.A },
        answers,
        compress: random.oneIn(2),
      });
      const decoded = dnsPacket.decode(Buffer.from(bytes));
      assert.deepEqual(lines(decodeMessage(bytes)), decoded.answers?.map(line));
    }
  });

  /** As {@link lines} has it. */
  function line(record: dnsPacket.Answer): string {
    assert.ok('data' in record && 'ttl' in record);
    const owner = `${record.name.toLowerCase()} ${record.ttl}`;
    if (record.type === 'CNAME') return `${owner} CNAME ${record.data.toLowerCase()}`;
    if (record.type === 'A' || record.type === 'AAAA') {
      return `${owner} ${formatAddress(parseAddress(record.data) ?? u8())}`;
    }
    assert.equal(record.type, 'TXT');
    const [text] = record.data as Buffer[];
    assert.ok(text !== undefined);
    return `${owner} \\# ${Buffer.concat([u8(text.length), text]).toString('hex')}`;
  }
});
