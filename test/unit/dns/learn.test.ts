import assert from 'node:assert/strict';
import { learnFrom, type Lesson } from '../../../src/dns/learn.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { address, concat, u16, u8 } from '../../bpf/frames/bytes.ts';
import {
  ANSWER,
  message,
  pointer,
  TYPE,
  type DnsRecord,
  type Message,
  type NameLike,
} from '../../bpf/frames/dns.ts';
import { ANSWERS } from '../../vectors/dns.ts';

const none = (): boolean => false;

function lesson(bytes: Uint8Array, isNever: (address: Uint8Array) => boolean = none): Lesson {
  const learnt = learnFrom(bytes, isNever);
  if (typeof learnt === 'string') assert.fail(`teaches nothing: ${learnt}`);
  return learnt;
}

/** Links, addresses, and why it ended, in one line. */
function told({ links, addresses, ended }: Lesson): string {
  return [
    ...links.map(({ owner, target }) => `${formatDomainName(owner)}>${formatDomainName(target)}`),
    ...addresses.map(
      (a) => `${formatDomainName(a.name)}=${formatAddress(a.address)}/${a.ttlSeconds}`,
    ),
    ...(ended === undefined ? [] : [ended]),
  ].join(' ');
}

const QUESTION = { name: 'q', type: TYPE.A };
const answer = (answers: readonly DnsRecord[], more: Message = {}): Uint8Array =>
  message({ flags: ANSWER, question: QUESTION, answers, ...more });
const a = (owner: NameLike, host = 1, ttl = 300): DnsRecord => ({
  owner,
  type: TYPE.A,
  ttl,
  data: u8(203, 0, 113, host),
});
const cname = (owner: NameLike, target: NameLike): DnsRecord => ({
  owner,
  type: TYPE.CNAME,
  data: { name: target },
});
const https = (
  priority: number,
  ...params: readonly (readonly [number, Uint8Array])[]
): DnsRecord => ({
  owner: 'q',
  type: TYPE.HTTPS,
  data: { priority, target: '', params: params.map(([key, value]) => ({ key, value })) },
});

describe('learning from a DNS answer', () => {
  it('gives the addresses of the name asked for', () => {
    assert.equal(
      told(lesson(ANSWERS.twoAddresses)),
      'v4.example.com=203.0.113.81/300 v4.example.com=203.0.113.80/300',
    );
    assert.equal(told(lesson(ANSWERS.ipv6)), 'v6.example.com=2001:db8:113::80/3600');
  });

  it('gives every name of a CNAME chain, whatever its case (Z1, Z5)', () => {
    assert.equal(
      told(lesson(ANSWERS.chain)),
      'www.example.com>cdn.example.com cdn.example.com>edge.cdn.example.com ' +
        'www.example.com=203.0.113.81/300 www.example.com=203.0.113.80/300',
    );
  });

  it('gives the hints of HTTPS, but not what the additional section adds', () => {
    assert.equal(
      told(lesson(ANSWERS.https)),
      'svc.example.com=203.0.113.80/300 svc.example.com=203.0.113.81/300 ' +
        'svc.example.com=2001:db8:113::80/300',
    );
  });

  it('gives nothing of an alias (RFC 9460 §2.4.2)', () => {
    assert.equal(told(lesson(answer([https(0, [4, u8(1, 2, 3, 4)])]))), '');
  });

  it('says how the question was, lower-cased', () => {
    const { question } = lesson(ANSWERS.chain);
    assert.equal(formatDomainName(question.qname), 'www.example.com');
    assert.deepEqual([question.qtype, question.qclass], [1, 1]);
  });

  const reasons: readonly (readonly [string, Uint8Array])[] = [
    ['NOT_ANSWER', message({ flags: 0x0100, question: QUESTION })],
    ['NOT_ANSWER', message({ flags: 0x8900, question: QUESTION })], // opcode 1
    ['TRUNCATED', message({ flags: 0x8380, question: QUESTION, answers: [a('q')] })],
    ['RCODE', message({ flags: 0x8183, question: QUESTION, answers: [a('q')] })],
    ['QDCOUNT', message({ flags: ANSWER, answers: [a('q')] })],
    ['QDCOUNT', answer([a('q')], { counts: [2, 1, 0, 0] })],
    ['SHORT_MESSAGE', new Uint8Array(11)],
    ['SHORT_MESSAGE', answer([]).subarray(0, 18)],
    ['BAD_NAME', answer([], { question: { name: { raw: u8(0x40, 0) }, type: TYPE.A } })],
    ['QTYPE', answer([a('q')], { question: { name: 'q', type: TYPE.TXT } })],
    ['QTYPE', answer([a('q')], { question: { name: 'q', type: 255 } })],
    ['QTYPE', answer([a('q')], { question: { name: 'q', type: TYPE.A, class: 3 } })],
  ];
  for (const [reason, bytes] of reasons) {
    it(`teaches nothing of ${Buffer.from(bytes).toString('hex')}: ${reason} (W2)`, () =>
      assert.equal(learnFrom(bytes, none), reason));
  }

  it('takes no name for one of a label that ends like it', () => {
    const { addresses, offChain } = lesson(answer([a('aq'), a('q.q'), a(''), a('q\0')]));
    assert.deepEqual([addresses.length, offChain], [0, 4]);
  });

  it('goes by the order of the records, as a CNAME that comes late is not followed (Z1)', () => {
    const late = lesson(answer([a('t'), cname('q', 't')]));
    assert.deepEqual([told(late), late.offChain], ['q>t', 1]);
    const both = lesson(answer([a('q', 1), cname('q', 't'), a('q', 2), a('t', 3)]));
    assert.deepEqual([told(both), both.offChain], ['q>t q=203.0.113.1/300 q=203.0.113.3/300', 1]);
  });

  it('follows 11 links and no more (Z1)', () => {
    const links = Array.from({ length: 12 }, (_, i) => cname(i === 0 ? 'q' : `l${i}`, `l${i + 1}`));
    const eleven = lesson(answer([...links.slice(0, 11), a('l11')]));
    assert.match(told(eleven), /l10>l11 q=203\.0\.113\.1\/300$/);
    assert.match(told(lesson(answer([...links, a('l12')]))), /l10>l11 CHAIN$/);
  });

  it('ends in a loop of CNAMEs', () => {
    const loop = [cname('q', 'r'), cname('r', 'q')];
    assert.match(told(lesson(answer(new Array(8).fill(loop).flat() as DnsRecord[]))), / CHAIN$/);
  });

  it('reads 128 records and no more (Z3)', () => {
    const many = Array.from({ length: 129 }, (_, i) => a(pointer(12), i));
    assert.equal(lesson(answer(many.slice(1))).ended, undefined);
    const { addresses, ended } = lesson(answer(many));
    assert.deepEqual([addresses.length, ended], [128, 'RECORDS']);
  });

  it('takes 256 addresses and no more (Z3)', () => {
    const hints = (count: number): Lesson =>
      lesson(answer([https(1, [4, new Uint8Array(4 * count)])]));
    assert.deepEqual([hints(256).addresses.length, hints(256).ended], [256, undefined]);
    assert.deepEqual([hints(257).addresses.length, hints(257).ended], [256, 'NAME_FULL']);
  });

  it('gives TTLs up to a day; one of 2^31 or more is 0 (Z3, RFC 2181 §8)', () => {
    const ttls = [0, 86_399, 86_400, 86_401, 0x7fffffff, 0x80000000, 0xffffffff];
    const { addresses } = lesson(answer(ttls.map((ttl) => a('q', 1, ttl))));
    assert.deepEqual(
      addresses.map(({ ttlSeconds }) => ttlSeconds),
      [0, 86_399, 86_400, 86_400, 86_400, 0, 0],
    );
  });

  it('leaves out what is protected, and IPv4 in the form of IPv6 (Z2)', () => {
    const aaaa = (data: Uint8Array): DnsRecord => ({ owner: 'q', type: TYPE.AAAA, data });
    const hidden = concat(new Uint8Array(10), u8(255, 255, 203, 0, 113, 5));
    const bytes = answer([a('q', 1), a('q', 2), aaaa(hidden), aaaa(address('2001:db8::1'))]);
    const found = lesson(bytes, (one) => formatAddress(one) === '203.0.113.1');
    assert.equal(told(found), 'q=203.0.113.2/300 q=2001:db8::1/300');
    assert.equal(found.protectedAnswers, 2);
  });

  it('keeps what came before a fault', () => {
    const short = { ...a('q', 9), data: u8(1, 2, 3) };
    assert.equal(told(lesson(answer([a('q'), short, a('q', 2)]))), 'q=203.0.113.1/300 BAD_RECORD');
    const hint = https(1, [4, u8(203, 0, 113, 7)], [6, u8(1, 2)]);
    assert.equal(told(lesson(answer([hint]))), 'q=203.0.113.7/300 BAD_RECORD');
    const beyond = { owner: 'q', type: TYPE.HTTPS, data: u8(0, 1, 0, 0, 4, 0, 4, 1, 2, 3) };
    assert.equal(told(lesson(answer([beyond], { trailer: u8(4, 0, 0) }))), 'BAD_RECORD');
    const empty = https(1, [4, u8()]);
    assert.equal(told(lesson(answer([empty]))), 'BAD_RECORD');
  });

  it('passes over other classes and types', () => {
    const chaos = { ...a('q'), class: 3 };
    const text = { owner: 'q', type: TYPE.TXT, data: u8(1, 65) };
    assert.equal(told(lesson(answer([chaos, text, a('q', 2)]))), 'q=203.0.113.2/300');
  });

  it('learns of a message that is cut only what was whole', () => {
    for (const bytes of Object.values(ANSWERS)) {
      const whole = told(lesson(bytes));
      for (let length = 0; length < bytes.length; length++) {
        const learnt = learnFrom(bytes.subarray(0, length), none);
        if (typeof learnt === 'string') continue;
        const { links, addresses } = lesson(bytes);
        assert.deepEqual(learnt.links, links.slice(0, learnt.links.length));
        assert.deepEqual(learnt.addresses, addresses.slice(0, learnt.addresses.length));
        assert.ok(learnt.ended !== undefined || told(learnt) === whole, `${length} bytes`);
      }
    }
  });

  it('lets an error that is none of the message through', () => {
    const fault = new Error('of the caller');
    const broken = (): boolean => {
      throw fault;
    };
    assert.throws(() => learnFrom(ANSWERS.ipv6, broken), fault);
  });
});

/** Counts how often a byte is read. */
function counting(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, key): unknown {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { bytes: proxy, reads: () => reads };
}

describe('hostile DNS answers', () => {
  /** Two names of 255 bytes in each of 128 records, 4,096 pointers of two bytes, and what is read once or twice. */
  const bound = (length: number): number => 128 * 2 * 256 + 4096 * 2 + 3 * length;

  const header = (ancount: number, qname: Uint8Array): Uint8Array =>
    concat(u16(1, ANSWER, 1, ancount, 0, 0), qname, u16(TYPE.HTTPS, 1));
  /** `unit` again and again up to `size` bytes. */
  const fill = (size: number, unit: Uint8Array): Uint8Array =>
    new Uint8Array(size).map((_, i) => unit[i % unit.length] ?? 0);
  const record = (owner: Uint8Array, type: number, data: Uint8Array): Uint8Array =>
    concat(owner, u16(type, 1, 0, 60, data.length), data);
  const LONG = concat(...new Array<Uint8Array>(127).fill(u8(1, 97)), u8(0));

  /** Pointers from 0x14 on, each to the one before, and records whose owners point to the last. */
  function chainOfPointers(size: number): Uint8Array {
    const question = header(0xffff, u8(0));
    const first = question.length + 11;
    const count = Math.min(size >> 2, (0x3fff - first) >> 1);
    const chain = concat(
      u8(0, 0),
      ...Array.from({ length: count - 1 }, (_, i) => u16(0xc000 | (first + 2 * i))),
    );
    const last = u16(0xc000 | (first + chain.length - 2));
    const rest = fill(size - chain.length - question.length, record(last, TYPE.TXT, u8()));
    return concat(question, record(u8(0), TYPE.TXT, chain), rest).subarray(0, size);
  }

  const messages: readonly (readonly [string, (size: number) => Uint8Array])[] = [
    ['0xc0 bytes alone', (size) => fill(size, u8(0xc0))],
    [
      '0xc0 bytes behind the question',
      (size) => concat(header(0xffff, u8(0)), fill(size - 17, u8(0xc0))),
    ],
    [
      'pointers to the question',
      (size) => concat(header(0xffff, LONG), fill(size - 271, u16(0xc00c))),
    ],
    ['a chain of pointers', chainOfPointers],
    [
      'owners of 255 bytes by pointer',
      (size) => {
        const owners = record(u16(0xc00e), TYPE.A, u8());
        return concat(header(0xffff, LONG), fill(size - 271, owners));
      },
    ],
    [
      'records without data',
      (size) => concat(header(0xffff, u8(0)), fill(size - 17, record(u8(0), 99, u8()))),
    ],
    [
      'hints',
      (size) => {
        const length = size - 17 - 11 - 3 - 4;
        const params = concat(u16(1), u8(0), u16(4, length - (length % 4)), new Uint8Array(length));
        return concat(
          header(1, u8(0)),
          record(u8(0), TYPE.HTTPS, params.subarray(0, 7 + length - (length % 4))),
        );
      },
    ],
    [
      'empty SvcParams',
      (size) => {
        const params = fill(4 * ((size - 31) >> 2), u16(9, 0));
        return concat(header(1, u8(0)), record(u8(0), TYPE.HTTPS, concat(u16(1), u8(0), params)));
      },
    ],
  ];

  for (const size of [1232, 65_535]) {
    for (const [what, make] of messages) {
      it(`of ${size} bytes with ${what} are read in few steps (Z4)`, () => {
        const bytes = make(size);
        assert.ok(bytes.length > size - 8 && bytes.length <= size, `${bytes.length} bytes`);
        for (const isNever of [none, () => true]) {
          const counted = counting(bytes);
          learnFrom(counted.bytes, isNever);
          assert.ok(counted.reads() < bound(size), `${counted.reads()} reads`);
        }
      });
    }
  }

  it('with too many pointers end with STEPS', () => {
    assert.equal(lesson(chainOfPointers(65_535)).ended, 'STEPS');
  });
});
