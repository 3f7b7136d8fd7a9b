/** What the data path must not learn or mark: the threats by their ids. */
import assert from 'node:assert/strict';
import { u8 } from './frames/bytes.ts';
import { ANSWER, OPT, pointer, TYPE, type DnsRecord, type NameLike } from './frames/dns.ts';
import {
  a,
  CLIENT,
  cname,
  EXAMPLE,
  IP,
  IP_HEX,
  Lab,
  latin1,
  MARK,
  OTHER,
  OTHER_MAC,
  RESOLVER,
  rule,
  type Exchange,
} from './lab.ts';
import { ACTION, PROTECTED } from './model/layout.ts';
import { never, prefixOf, privatePrefix, type PolicySpec } from './policy.ts';
import { needsKernel } from './setup.ts';

describe('the data path under attack', function () {
  needsKernel(this);
  let lab: Lab;

  before(() => (lab = new Lab()));
  after(() => lab.close());
  beforeEach(() => lab.begin(EXAMPLE));

  describe('follows CNAMEs (Z1)', () => {
    const chain = (links: number): DnsRecord[] => {
      const names = Array.from({ length: links }, (_, i) => `n${i}.test`);
      return names.map((name, i) => cname(i === 0 ? 'www.start.test' : (names[i - 1] ?? ''), name));
    };
    const start = { name: 'www.start.test' };

    it('whose target a rule names', () => {
      lab.learn([cname(pointer(12), 'edge.example.com'), a(IP, 'edge.example.com')], start);
      assert.deepEqual(lab.facts(), [`020000000001 www.start.test ${IP_HEX}`]);
      assert.equal(lab.send(IP), MARK);
    });

    it('compressed to the offset of the target', () => {
      const message = { compress: true };
      lab.learn([cname('www.start.test', 'edge.example.com'), a(IP, 'edge.example.com')], {
        ...start,
        message,
      });
      assert.equal(lab.send(IP), MARK);
    });

    it('for eleven links and no further', () => {
      lab.begin({ rules: [rule(['n10.test'], MARK), rule(['n11.test'], MARK)] });
      assert.deepEqual(lab.learn([...chain(11), a(IP, 'n10.test')], start), ['FACT_LEARNT']);
      assert.equal(lab.send(IP), MARK);
      lab.begin({ rules: [rule(['n10.test'], MARK), rule(['n11.test'], MARK)] });
      assert.deepEqual(lab.learn([...chain(12), a(IP, 'n11.test')], start), ['CHAIN']);
      assert.equal(lab.send(IP), 0);
    });

    it('and nothing that is off the chain', () => {
      const answers = [
        a(IP, 'www.other.test'),
        cname(pointer(12), 'edge.example.com'),
        a(IP, pointer(12)),
        a('198.51.100.2', 'www.example.com'),
      ];
      assert.deepEqual(lab.learn(answers, start), new Array(3).fill('OFF_CHAIN'));
      assert.deepEqual([...lab.facts(), ...lab.strays()], []);
    });

    it('and nothing of the authority and additional sections', () => {
      const message = { authority: [a(IP)], additional: [a(IP), OPT] };
      assert.deepEqual(lab.learn([], { message }), []);
      assert.deepEqual([...lab.facts(), ...lab.strays()], []);
    });
  });

  it('learns nothing from packets that clients send from port 53 (L1)', () => {
    lab.ask();
    const before = lab.pendingCount();
    // the very answer that the client waits for, but sent by a client
    const exchange = {
      client: '192.168.1.1',
      server: CLIENT,
      transport: { sourcePort: 53, destinationPort: 4000 },
    };
    lab.ask({ ...exchange, message: { id: 7, flags: ANSWER, answers: [a(IP)] } });
    assert.equal(lab.pendingCount(), before);
    assert.deepEqual([...lab.facts(), ...lab.strays()], []);
  });

  describe('learns only what answers a query (W1)', () => {
    const forged: [string, Exchange, string][] = [
      ['another ID', { id: 8 }, 'UNASKED'],
      ['another port', { port: 4001 }, 'UNASKED'],
      ['another client', { client: OTHER }, 'UNASKED'],
      ['another server', { server: RESOLVER }, 'UNASKED'],
      ['another protocol', { over: 'tcp' }, 'UNASKED'],
      ['the WAN', { side: 'wan' }, 'UNASKED'],
      ['another name', { name: 'vvw.example.com' }, 'OTHER_QUESTION'],
      ['another case of the name', { name: 'wwW.example.com' }, 'OTHER_QUESTION'],
      ['a longer name', { name: 'a.www.example.com' }, 'OTHER_QUESTION'],
      ['another type', { type: TYPE.AAAA }, 'OTHER_QUESTION'],
      ['another class', { class: 3 }, 'OTHER_QUESTION'],
    ];
    for (const [what, exchange, reason] of forged) {
      it(`not from ${what}, and the query stays`, () => {
        lab.ask();
        assert.deepEqual(lab.reply([a(IP)], exchange), [reason]);
        assert.deepEqual(lab.facts(), []);
        assert.deepEqual(lab.reply([a(IP)]), ['FACT_LEARNT']);
      });
    }

    it('once', () => {
      lab.learn([a(IP)]);
      assert.deepEqual(lab.reply([a('198.51.100.2')]), ['UNASKED']);
      assert.equal(lab.facts().length, 1);
    });

    it('within ten seconds', () => {
      lab.ask();
      lab.agePending(7);
      assert.deepEqual(lab.reply([a(IP)]), ['FACT_LEARNT']);
      lab.ask();
      lab.agePending(13);
      assert.deepEqual(lab.reply([a('198.51.100.2')]), ['LATE']);
      assert.equal(lab.pendingCount(), 0);
      assert.equal(lab.facts().length, 1);
    });
  });

  describe('learns nothing from what is no plain answer (W2)', () => {
    const v6 = { client: 'fd00:1::11', server: 'fd00:1::1' };
    const wrong: [string, Exchange, Exchange, string[]][] = [
      ['a first fragment', {}, { network: { fragment: { offset: 0, more: true } } }, ['FRAGMENT']],
      ['a later fragment', {}, { network: { fragment: { offset: 8, more: false } } }, []],
      [
        'a first IPv6 fragment',
        v6,
        { ...v6, network: { fragment: { offset: 0, more: true } } },
        ['FRAGMENT'],
      ],
      [
        'an atomic IPv6 fragment',
        v6,
        { ...v6, network: { fragment: { offset: 0, more: false } } },
        ['FRAGMENT'],
      ],
      [
        'a later IPv6 fragment',
        v6,
        { ...v6, network: { fragment: { offset: 8, more: false } } },
        [],
      ],
      ['TC', {}, { message: { flags: 0x8380 } }, ['TRUNCATED']],
      ['QR=0', {}, { message: { flags: 0x0180 } }, ['NOT_ANSWER']],
      ['opcode 4', {}, { message: { flags: 0xa180 } }, ['NOT_ANSWER']],
      ['NXDOMAIN', {}, { message: { flags: 0x8183 } }, ['RCODE']],
      ['no question', {}, { message: { counts: [0, 1, 0, 0] } }, ['QDCOUNT']],
      ['two questions', {}, { message: { counts: [2, 1, 0, 0] } }, ['QDCOUNT']],
      ['a UDP length too short', {}, { transport: { lengthError: -1 } }, ['LENGTH']],
      ['a UDP length too long', {}, { transport: { lengthError: 1 } }, ['LENGTH']],
      ['an IP length too short', {}, { network: { lengthError: -1 } }, ['LENGTH']],
      ['an IP length too long', {}, { network: { lengthError: 1 } }, ['SHORT_PACKET']],
      [
        'an IP length that takes in padding',
        {},
        { network: { lengthError: 1 }, padding: 4 },
        ['LENGTH'],
      ],
    ];
    for (const [what, query, exchange, reasons] of wrong) {
      it(what, () => {
        lab.ask(query);
        assert.deepEqual(lab.reply([a(IP)], exchange), reasons);
        assert.deepEqual([...lab.facts(), ...lab.strays()], []);
        assert.deepEqual(lab.reply([a(IP)], query), ['FACT_LEARNT']);
      });
    }

    it('a message over TCP that goes on in another segment', () => {
      lab.ask({ over: 'tcp' });
      assert.deepEqual(lab.reply([a(IP)], { over: 'tcp', network: { lengthError: -1 } }), [
        'SEGMENTED',
      ]);
      assert.deepEqual(lab.facts(), []);
    });
  });

  describe('protects addresses (Z2)', () => {
    it('never learns or marks some', () => {
      lab.begin({
        ...EXAMPLE,
        protected: [never('127.0.0.0/8'), never('fe80::/10'), never(`${IP}/32`)],
      });
      const answers = [a('127.0.0.1'), a(IP), a('198.51.100.2')];
      assert.deepEqual(lab.learn(answers), ['FACT_LEARNT', 'PROTECTED_ANSWER', 'PROTECTED_ANSWER']);
      assert.equal(lab.send(IP), 0);
      assert.equal(lab.send('198.51.100.2'), MARK);
      const any: PolicySpec = { rules: [rule(['.'], MARK)], protected: [never('127.0.0.0/8')] };
      lab.begin(any);
      assert.equal(lab.send('127.0.0.1'), 0);
      assert.equal(lab.send(IP), MARK);
    });

    it('neither learns nor marks IPv4 in the form of IPv6', () => {
      const mapped = u8(...new Array<number>(10).fill(0), 0xff, 0xff, 198, 51, 100, 7);
      const record = { ...a('2001:db8::1'), data: mapped };
      assert.deepEqual(lab.learn([record], { type: TYPE.AAAA }), ['PROTECTED_ANSWER']);
      lab.begin({ rules: [rule(['.'], MARK)] });
      assert.equal(lab.send('::ffff:c633:6407', { client: '2001:db8:1::5' }), 0);
      assert.equal(lab.send('2001:db8:2::7', { client: '::ffff:c633:6407' }), 0);
      assert.equal(lab.send('2001:db8:2::7', { client: '2001:db8:1::5' }), MARK);
    });

    it('takes no source for a key of ours where there is no MAC address', () => {
      lab.begin({ rules: [rule(['.'], MARK)] });
      for (const client of ['::', '100::1', '100:0:0:1::2']) {
        assert.equal(lab.send('2001:db8:2::7', { client, layer3: true }), 0, client);
      }
      assert.equal(lab.send('2001:db8:2::7', { client: '100:0:0:2::2', layer3: true }), MARK);
    });

    it('marks private ones only for rules that opt in, with exceptions inside', () => {
      const ranges = [
        privatePrefix('10.0.0.0/8'),
        { ...prefixOf('10.5.0.0/16'), value: PROTECTED.OPEN },
      ];
      lab.begin({ ...EXAMPLE, protected: ranges });
      lab.learn([a('10.1.1.1'), a('10.5.0.1')]);
      assert.equal(lab.send('10.1.1.1'), 0);
      assert.equal(lab.send('10.5.0.1'), MARK);
      lab.change({
        rules: [rule(['example.com'], MARK, { flags: ACTION.PRIVATE })],
        protected: ranges,
        generation: 2,
      });
      assert.equal(lab.send('10.1.1.1'), MARK);
    });
  });

  describe('keeps to limits (Z3)', () => {
    const many = (count: number, from = 0): DnsRecord[] =>
      Array.from({ length: count }, (_, i) => a(`198.18.${(from + i) >> 8}.${(from + i) & 255}`));

    it('256 new addresses a name', () => {
      for (let from = 0; from < 256; from += 64) lab.learn(many(64, from));
      assert.equal(lab.facts().length, 256);
      assert.deepEqual(lab.learn(many(2, 255)), ['FACT_REFRESHED', 'NAME_FULL']);
      assert.equal(lab.facts().length, 256);
      assert.deepEqual(lab.learn(many(1, 1000), { name: 'ftp.example.com' }), ['FACT_LEARNT']);
      assert.deepEqual(lab.learn(many(1, 1000), { mac: OTHER_MAC, client: OTHER }), [
        'FACT_LEARNT',
      ]);
    });

    it('128 records a message', () => {
      const reasons = lab.learn(many(129));
      assert.equal(reasons.at(-1), 'RECORDS');
      assert.equal(lab.facts().length, 128);
    });

    it('256 steps a message', () => {
      const name = new Array<Uint8Array>(100).fill(latin1('a'));
      lab.begin({ rules: [rule([name.slice(-1)], MARK)] });
      // 100 labels, the root, a suffix; an answer takes two steps and its owner 101
      const answers = Array.from({ length: 10 }, (_, i) => a(`198.51.100.${i}`, name));
      assert.deepEqual(lab.learn(answers, { name }), ['FACT_LEARNT', 'STEPS']);
    });

    const ttls: [number, bigint][] = [
      [0, 0n],
      [1, 1n],
      [86_400, 86_400n],
      [86_401, 86_400n],
      [0x7fffffff, 86_400n],
      [0x80000000, 0n],
      [0xffffffff, 0n],
    ];
    for (const [ttl, seconds] of ttls) {
      it(`a TTL of ${ttl} is ${seconds}`, () => {
        lab.learn([a(IP, pointer(12), ttl)]);
        const fact = lab.fact(IP);
        assert.equal(fact && fact.expires - fact.told, seconds * 1_000_000_000n);
      });
    }
  });

  describe('compares names label by label (Z5)', () => {
    const names: [string, NameLike, number][] = [
      ['a label with a dot', [latin1('www.example'), latin1('com')], 0],
      ['a label with a dot at the end', [latin1('www'), latin1('example.com')], 0],
      ['a label with NUL', [latin1('example\0'), latin1('com')], 0],
      ['a label that ends as the rule does', [latin1('badexample'), latin1('com')], 0],
      [
        'a letter with its eighth bit',
        [u8(0xe5, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65), latin1('com')],
        0,
      ],
      ['the name itself', 'example.com', MARK],
      ['upper case', 'WWW.EXAMPLE.COM', MARK],
      ['the parent', 'com', 0],
    ];
    for (const [what, name, mark] of names) {
      it(what, () => {
        lab.learn([a(IP)], { name });
        assert.equal(lab.send(IP), mark);
      });
    }

    it('folds ASCII letters alone', () => {
      const labels: NameLike = [u8(0x5b, 0x40, 0xc9), latin1('test')];
      lab.begin({
        rules: [
          rule([[u8(0x7b, 0x60, 0xe9), latin1('test')]], MARK),
          rule([[u8(0x5b, 0x40, 0xc9), latin1('test')]], 2 * MARK),
        ],
      });
      lab.learn([a(IP)], { name: labels });
      assert.equal(lab.send(IP), 2 * MARK);
    });

    it('does not take a length byte for a letter', () => {
      const long = latin1('-'.repeat(45));
      lab.begin({ rules: [rule([[long, latin1('test')]], MARK)] });
      lab.learn([a(IP)], { name: [latin1(`a-${'-'.repeat(45)}`), latin1('test')] });
      assert.equal(lab.send(IP), 0);
      lab.learn([a(IP)], { name: [latin1('a'), long, latin1('test')] });
      assert.equal(lab.send(IP), MARK);
    });
  });
});
