/** What the data path learns and decides; every step is compared with the model, whole. */
import assert from 'node:assert/strict';
import { address as addressBytes, concat, mac, u16, u32, u8 } from './frames/bytes.ts';
import { ANSWER, labelsOf, OPT, pointer, TYPE, type NameLike } from './frames/dns.ts';
import {
  a,
  cname,
  EXAMPLE,
  IP,
  IP6,
  IP6_HEX,
  IP_HEX,
  Lab,
  latin1,
  MARK,
  OTHER,
  OTHER_MAC,
  RESOLVER,
  ROUTER,
  rule,
  type Exchange,
} from './lab.ts';
import { ANY, clientOfInterface, clientOfMac } from './model/layout.ts';
import { prefixOf, type RuleSpec } from './policy.ts';
import { needsKernel } from './setup.ts';

describe('the data path', function () {
  needsKernel(this);
  let lab: Lab;

  before(() => (lab = new Lab()));
  after(() => lab.close());
  beforeEach(() => lab.begin(EXAMPLE));

  describe('learns what a client was told', () => {
    it('and marks its packets there, and no one else’s', () => {
      assert.deepEqual(lab.ask(), ['QUERY_NOTED']);
      assert.deepEqual(lab.reply([a(IP)]), ['FACT_LEARNT']);
      assert.deepEqual(lab.facts(), [`020000000001 www.example.com ${IP_HEX}`]);
      assert.equal(lab.send(IP), MARK);
      assert.equal(lab.send(IP, { mac: OTHER_MAC, client: OTHER }), 0);
      assert.equal(lab.send('198.51.100.2'), 0);
      assert.equal(lab.pendingCount(), 0);
    });

    it('again and again, as one fact', () => {
      lab.learn([a(IP)]);
      assert.deepEqual(lab.learn([a(IP, pointer(12), 60)]), ['FACT_REFRESHED']);
      const fact = lab.fact(IP);
      assert.equal(fact && fact.expires - fact.told, 60_000_000_000n);
      assert.equal(lab.facts().length, 1);
    });

    const shapes: [string, Exchange][] = [
      ['over UDP and IPv4', {}],
      ['over UDP and IPv6', { client: 'fd00:1::11', server: 'fd00:1::1' }],
      ['over TCP', { over: 'tcp' }],
      [
        'over TCP with options',
        { over: 'tcp', transport: { options: new Uint8Array(12).fill(1) } },
      ],
      ['over TCP and IPv6', { over: 'tcp', client: 'fd00:1::11', server: 'fd00:1::1' }],
      ['behind a VLAN tag', { tags: [{ tpid: 0x8100, tci: 5 }] }],
      [
        'behind two VLAN tags',
        {
          tags: [
            { tpid: 0x88a8, tci: 5 },
            { tpid: 0x8100, tci: 6 },
          ],
        },
      ],
      ['with IPv4 options', { network: { options: new Uint8Array(40).fill(1) } }],
      [
        'with IPv6 extension headers',
        {
          client: 'fd00:1::11',
          server: 'fd00:1::1',
          network: {
            extensions: [0, 60, 43].map((type) => ({ type, body: new Uint8Array(14) })),
          },
        },
      ],
      ['in a padded frame', { padding: 17 }],
      ['in another class of letters', { name: 'wWw.ExAmPlE.cOm' }],
    ];
    for (const [what, exchange] of shapes) {
      it(what, () => {
        assert.deepEqual(lab.learn([a(IP)], exchange), ['FACT_LEARNT']);
        assert.deepEqual(lab.facts(), [`020000000001 www.example.com ${IP_HEX}`]);
        assert.equal(lab.send(IP), MARK);
      });
    }

    it('without an Ethernet header, by its address', () => {
      for (const client of ['10.9.0.2', 'fd09::2']) {
        lab.begin(EXAMPLE);
        const exchange = {
          layer3: true,
          client,
          server: client === '10.9.0.2' ? '10.9.0.1' : 'fd09::1',
        };
        assert.deepEqual(lab.learn([a(IP), a(IP6)], exchange), ['FACT_LEARNT', 'FACT_LEARNT']);
        assert.equal(lab.send(client === '10.9.0.2' ? IP : IP6, exchange), MARK);
      }
    });

    it('when the router itself asked, for every client', () => {
      const exchange: Exchange = { side: 'wan', client: ROUTER, server: RESOLVER };
      assert.deepEqual(lab.learn([a(IP)], exchange), ['FACT_LEARNT']);
      assert.deepEqual(lab.facts(), [`any www.example.com ${IP_HEX}`]);
      assert.equal(lab.fact(IP, ANY)?.source, 1);
      assert.equal(lab.send(IP, { mac: OTHER_MAC, client: OTHER }), MARK);
    });

    it('from AAAA, compressed and plain owners, EDNS beside it', () => {
      const plain = labelsOf('www.EXAMPLE.com');
      const message = { additional: [OPT] };
      lab.learn([a(IP6), a('2001:db8:a::2', plain)], { type: TYPE.AAAA, message });
      assert.deepEqual(lab.facts(), [
        `020000000001 www.example.com ${IP6_HEX}`,
        '020000000001 www.example.com 20010db8000a00000000000000000002',
      ]);
      assert.equal(lab.send(IP6), MARK);
    });

    it('from the hints of SVCB and HTTPS', () => {
      for (const type of [TYPE.SVCB, TYPE.HTTPS]) {
        lab.begin(EXAMPLE);
        const params = [
          { key: 1, value: u8(2, 0x68, 0x32) },
          { key: 4, value: concat(addressBytes(IP), addressBytes('198.51.100.2')) },
          { key: 6, value: addressBytes(IP6) },
        ];
        const data = { priority: 1, target: 'svc.example.net', params };
        assert.deepEqual(
          lab.learn([{ owner: pointer(12), type, data }], { type }),
          new Array(3).fill('FACT_LEARNT'),
        );
        const alias = { priority: 0, target: 'svc.example.net', params };
        assert.deepEqual(lab.learn([{ owner: pointer(12), type, data: alias }], { type }), []);
      }
    });

    it('from names of 255 bytes and of 127 labels', () => {
      const names: NameLike[] = [
        ['x', 'y', 'z'].map((c) => latin1(c.repeat(63))).concat([latin1('w'.repeat(61))]),
        new Array<Uint8Array>(127).fill(latin1('a')),
      ];
      for (const name of names) {
        lab.begin({ rules: [rule([(name as Uint8Array[]).slice(-2)], MARK)] });
        assert.deepEqual(lab.learn([a(IP)], { name }), ['FACT_LEARNT']);
        assert.equal(lab.facts().length, 1);
        assert.equal(lab.send(IP), MARK);
      }
    });
  });

  describe('decides', () => {
    it('by the longest suffix, then the exact name, then the order', () => {
      lab.begin({
        rules: [
          rule(['.'], 1 << 24),
          rule(['com'], 2 << 24),
          rule(['example.com'], 3 << 24),
          rule(['=www.example.com'], 4 << 24),
          rule(['example.com', '=www.example.com', '.'], 5 << 24),
        ],
      });
      const cases: [string, string, number][] = [
        ['www.example.com', '198.51.100.1', 4],
        ['a.www.example.com', '198.51.100.2', 3],
        ['example.com', '198.51.100.3', 3],
        ['other.com', '198.51.100.4', 2],
        ['example.org', '198.51.100.5', 1],
      ];
      for (const [name, address, mark] of cases) {
        lab.learn([a(address)], { name });
        assert.equal(lab.send(address), mark << 24, name);
      }
      assert.equal(lab.send('198.51.100.99'), 1 << 24, 'no name');
    });

    it('for clients by prefix, MAC address and interface', () => {
      const only = (...clients: RuleSpec['clients'] & object): RuleSpec =>
        rule(['example.com'], MARK, { clients });
      const cases: [RuleSpec, number, number][] = [
        [only(prefixOf('192.168.1.11/32')), MARK, 0],
        [only(prefixOf('192.168.1.0/24')), MARK, MARK],
        [only(prefixOf('192.168.2.0/24')), 0, 0],
        [only({ address: clientOfMac(mac(OTHER_MAC)), bits: 128 }), 0, MARK],
        [only({ address: clientOfInterface(1), bits: 128 }), MARK, MARK],
        [only({ address: clientOfInterface(2), bits: 128 }), 0, 0],
      ];
      for (const [spec, mine, theirs] of cases) {
        lab.begin({ rules: [spec] });
        const other = { mac: OTHER_MAC, client: OTHER };
        lab.learn([a(IP)]);
        lab.learn([a(IP)], other);
        assert.deepEqual([lab.send(IP), lab.send(IP, other)], [mine, theirs]);
      }
    });

    it('by the next rule of a suffix, or a shorter suffix, when a client is not meant', () => {
      const clients = [prefixOf('192.168.1.12/32')];
      lab.begin({
        rules: [
          rule(['www.example.com'], MARK, { clients }),
          rule(['example.com'], 2 * MARK, { clients }),
          rule(['example.com'], 3 * MARK),
        ],
      });
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP), 3 * MARK);
    });

    it('anew when rules change, and keeps the counts of the same rule', () => {
      lab.learn([a(IP)]);
      lab.send(IP);
      lab.change({ ...EXAMPLE, generation: 2 });
      assert.equal(lab.send(IP), MARK);
      assert.equal(lab.verdict(IP)?.packets, 2);
      lab.change({ rules: [rule(['example.org'], MARK)], generation: 3 });
      assert.equal(lab.send(IP), 0);
      assert.equal(lab.verdict(IP)?.packets, 1);
      lab.change({
        rules: [rule(['example.org'], MARK), rule(['www.example.com'], 2 * MARK)],
        generation: 4,
        cells: 2048,
      });
      assert.equal(lab.send(IP), 2 * MARK);
    });

    it('anew when a name comes to have the address', () => {
      assert.equal(lab.send(IP), 0);
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP), MARK);
      lab.learn([a(IP)], { name: 'www.other.test' });
      assert.equal(lab.send(IP), 0, 'the newest name counts');
    });

    it('by a stray when a rule comes to name it, which then is a fact', () => {
      const other = { name: 'www.other.test' };
      lab.learn([cname(pointer(12), 'edge.other.net'), a(IP, 'edge.other.net')], other);
      assert.deepEqual(lab.facts(), []);
      assert.equal(lab.send(IP), 0);
      lab.change({ rules: [rule(['other.net'], MARK)], generation: 2 });
      assert.equal(lab.send(IP), MARK);
      assert.deepEqual(lab.strays(), []);
      assert.deepEqual(lab.facts(), [`020000000001 www.other.test ${IP_HEX}`]);
    });

    it('a default rule takes everything and makes no fact of a stray', () => {
      lab.begin({ rules: [rule(['.'], MARK)] });
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP), MARK);
      assert.equal(lab.send('198.51.100.200'), MARK);
      assert.equal(lab.strays().length, 1);
    });

    it('and sets only the bits of its mask', () => {
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP, { mark: 0xffffffff }), 0xc1ffffff);
      assert.equal(lab.send('198.51.100.2', { mark: 0x12345678 }), 0x12345678);
    });

    it('as long as a fact is held', () => {
      lab.begin({ ...EXAMPLE, hold: 0n });
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP), MARK);
      lab.ageFact(IP);
      lab.change({ ...EXAMPLE, hold: 0n, generation: 2 });
      assert.equal(lab.send(IP), 0);
    });

    it('for fragments, ICMP and padded packets as for others, and counts IP bytes', () => {
      lab.learn([a(IP)]);
      assert.equal(lab.send(IP, { network: { fragment: { offset: 64, more: false } } }), MARK);
      assert.equal(lab.send(IP, { padding: 30 }), MARK);
      assert.deepEqual([lab.verdict(IP)?.packets, lab.verdict(IP)?.bytes], [2, 100]);
    });
  });

  describe('lets pass what it cannot read', () => {
    const frames: [string, Uint8Array, string][] = [
      ['ARP', concat(new Uint8Array(12), u16(0x0806), new Uint8Array(28)), 'NOT_IP'],
      [
        'three VLAN tags',
        concat(
          new Uint8Array(12),
          u16(0x8100, 1, 0x8100, 1, 0x8100, 1, 0x0800),
          new Uint8Array(40),
        ),
        'NOT_IP',
      ],
      ['a VLAN tag that is cut', concat(new Uint8Array(12), u16(0x8100), u8(0)), 'SHORT_PACKET'],
      [
        'IPv4 of version 5',
        concat(new Uint8Array(12), u16(0x0800), u32(0x55000014), new Uint8Array(16)),
        'SHORT_PACKET',
      ],
      [
        'IPv4 with IHL 4',
        concat(new Uint8Array(12), u16(0x0800), u32(0x44000014), new Uint8Array(16)),
        'SHORT_PACKET',
      ],
      [
        'an IPv4 length beyond the frame',
        concat(new Uint8Array(12), u16(0x0800), u32(0x45000015), new Uint8Array(16)),
        'SHORT_PACKET',
      ],
      [
        'an IPv6 length beyond the frame',
        concat(new Uint8Array(12), u16(0x86dd), u32(0x60000000), u16(1), new Uint8Array(34)),
        'SHORT_PACKET',
      ],
    ];
    for (const [what, bytes, reason] of frames) {
      it(what, () => {
        assert.equal(lab.run('lan_ingress', bytes, 5), 5);
        assert.deepEqual(lab.counted(), [reason]);
      });
    }

    const queries: [string, Exchange, string][] = [
      ['an answer to port 53', { message: { flags: ANSWER } }, 'NOT_QUERY'],
      ['an update', { message: { flags: 0x2800 } }, 'NOT_QUERY'],
      ['a query for TXT', { type: TYPE.TXT }, 'QTYPE'],
      ['a query of class CH', { class: 3 }, 'QTYPE'],
      ['a name that is a loop', { name: pointer(12) }, 'BAD_NAME'],
      [
        'a name of 256 bytes',
        { name: new Array<Uint8Array>(127).fill(latin1('a')).concat(u8()) },
        'QTYPE',
      ],
      ['a name of 257 bytes', { name: new Array<Uint8Array>(128).fill(latin1('a')) }, 'BAD_NAME'],
    ];
    for (const [what, exchange, reason] of queries) {
      it(what, () => assert.deepEqual(lab.ask(exchange), [reason]));
    }
  });

  it('identifies a client by its MAC address over IPv4 and IPv6', () => {
    lab.learn([a(IP6)], { type: TYPE.AAAA });
    assert.equal(lab.send(IP6, { client: 'fd00:1::abcd' }), MARK);
    assert.equal(lab.send(IP6, { client: 'fd00:1::abcd', mac: OTHER_MAC }), 0);
  });
});
