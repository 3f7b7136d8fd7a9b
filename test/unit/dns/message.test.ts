import assert from 'node:assert/strict';
import { DnsError } from '../../../src/dns/dns-error.ts';
import { learnFrom } from '../../../src/dns/learn.ts';
import { MessageReader } from '../../../src/dns/message-reader.ts';
import { readHeader, readQuestion, readRecord } from '../../../src/dns/message.ts';
import { checkAddress, readPriority, readTarget, svcParamsOf } from '../../../src/dns/rdata.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import { u8 } from '../../bpf/frames/bytes.ts';
import { ANSWER, message, TYPE, type DnsRecord } from '../../bpf/frames/dns.ts';
import { ANSWERS, SERVICE_DATA } from '../../vectors/dns.ts';

const QUESTION = { name: 'a', type: TYPE.A };

/** The records of SVCB and HTTPS with which a message begins, a line each. */
function services(bytes: Uint8Array, count = 1): readonly string[] {
  const reader = new MessageReader(bytes);
  let { end } = readQuestion(reader);
  return Array.from({ length: count }, () => {
    const record = readRecord(reader, reader.name(end));
    ({ end } = record);
    const target = readTarget(reader, record.start, end);
    const params = Array.from(
      svcParamsOf(reader, target.end, end),
      (param) =>
        ` ${param.key}=${Buffer.from(bytes.subarray(param.start, param.end)).toString('hex')}`,
    );
    const priority = readPriority(reader, record.start, end);
    const owner = `${formatDomainName(record.name)} ${record.ttl}`;
    return `${owner} ${priority} ${formatDomainName(target.wire)}${params.join('')}`;
  });
}

describe('a DNS message', () => {
  it('has a header (RFC 1035 §4.1.1)', () => {
    assert.deepEqual(readHeader(new MessageReader(ANSWERS.chain)), {
      qr: true,
      opcode: 0,
      tc: false,
      rcode: 0,
      qdcount: 1,
      ancount: 4,
    });
  });

  it('has every flag at its own bit', () => {
    const flags = (word: number): string => {
      const header = readHeader(new MessageReader(message({ flags: word })));
      return Object.entries(header)
        .filter(([, value]) => value === true || Number(value) > 0)
        .map(([field, value]) => `${field}=${Number(value)}`)
        .join();
    };
    const words = [0x8000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x000f];
    assert.deepEqual(words.map(flags), [
      'qr=1',
      'opcode=15',
      '', // AA
      'tc=1',
      ...['', '', '', '', ''], // RD, RA, Z, AD, CD
      'rcode=15',
    ]);
  });

  it('has a question (RFC 1035 §4.1.2)', () => {
    const { question, end } = readQuestion(new MessageReader(ANSWERS.chain));
    assert.equal(formatDomainName(question.qname), 'www.example.com');
    assert.deepEqual([question.qtype, question.qclass, end], [1, 1, 33]);
  });

  it('says what a service has (RFC 9460 §2.2)', () => {
    assert.deepEqual(services(ANSWERS.https), [
      'svc.example.com 300 1 edge.cdn.example.com 1=026832026833 ' +
        '4=cb007150cb007151 6=20010db8011300000000000000000080',
    ]);
    assert.deepEqual(services(ANSWERS.httpsOfItself), [
      'svc.example.com 60 1 . 1=026832026833 4=cb007150 6=20010db8011300000000000000000080',
    ]);
  });

  it('says what SVCB has, as RFC 9460 appendix D writes it', () => {
    const records = Object.values(SERVICE_DATA).map((data): DnsRecord => ({
      owner: 's',
      type: TYPE.SVCB,
      ttl: 1,
      data,
    }));
    const bytes = message({ flags: ANSWER, question: QUESTION, answers: records });
    assert.deepEqual(services(bytes, records.length), [
      's 1 16 foo.example.com 3=0035',
      's 1 1 foo.example.com 667=68656c6c6f',
      's 1 1 foo.example.com 6=2001' +
        '0db8000000000000000000000001' +
        '20010db8000000000000000000530001',
      's 1 16 foo.example.org 0=00010004 1=0268320568332d3139 4=c0000201',
    ]);
  });

  it('that is wrong is told with offset, section and fault', () => {
    assert.throws(
      () => readHeader(new MessageReader(ANSWERS.twoAddresses.subarray(0, 5))),
      (error) => {
        assert.ok(error instanceof DnsError);
        const { reason, offset, section, message: text } = error;
        assert.deepEqual([reason, offset, section], ['SHORT_MESSAGE', 5, 'RFC 1035 §4.1.1']);
        assert.equal(
          text,
          'Cannot read DNS message at byte 5: header is cut off (RFC 1035 §4.1.1)',
        );
        return true;
      },
    );
    assert.throws(() => checkAddress(TYPE.A, 25, 28), {
      reason: 'BAD_RECORD',
      offset: 25,
      section: 'RFC 1035 §3.4.1',
    });
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
      const bytes = message({
        flags: ANSWER,
        question: QUESTION,
        answers: [{ owner: 'a', ...record }],
        ...behind,
      });
      const learnt = learnFrom(bytes, () => false);
      assert.ok(typeof learnt === 'object');
      assert.deepEqual([learnt.ended, learnt.offChain], ['BAD_RECORD', 0]);
    });
  }
});
