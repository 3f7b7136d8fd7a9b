/** What answers of resolvers elsewhere leave in the maps: the same as if the kernel programs had seen them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { BpfMap } from '#libbpf-ts';
import { RuleFinder } from '../../src/control/announce/rule-finder.ts';
import type { Offer } from '../../src/control/announce/route-table.ts';
import { scanFacts } from '../../src/control/announce/scan.ts';
import { Teacher, type Taught } from '../../src/control/announce/teacher.ts';
import {
  ACTION_ANNOUNCE,
  makePinDirectories,
  MAP_NAMES,
  Maps,
  monotonicNow,
  pinsBelow,
} from '../../src/datapath/index.ts';
import { ZERO } from '../../src/datapath/config-map.ts';
import { FACT, PAIR } from '../../src/datapath/layouts.ts';
import { formatAddress } from '../../src/model/address.ts';
import { formatDomainName } from '../../src/model/domain-name.ts';
import { useKernel } from './fixtures/libbpf-ts.ts';
import { address } from './frames/bytes.ts';
import { ANSWER, message, TYPE, type DnsRecord, type NameLike } from './frames/dns.ts';
import { frame } from './frames/packet.ts';
import { Harness } from './harness.ts';
import { a, cname } from './lab.ts';
import { compilePolicy, never, prefixOf, privatePrefix, type PolicySpec } from './policy.ts';
import { ADDON, OBJECTS } from './setup.ts';

const ROUTER = '203.0.113.5';
const RESOLVER = '9.9.9.9';
const MAC = '02:00:00:00:00:01';
const SECOND = 1e9;
const HOLD = 100 * SECOND;
const MASK = 0x3f000000;

const ANNOUNCE = { mark: 0x01000000, mask: MASK, flags: ACTION_ANNOUNCE };
/** Rule 1 announces, rule 2 does not, rule 3 is for some clients, rule 4 for private addresses, too. */
const POLICY: PolicySpec = {
  rules: [
    { domains: ['example.com', '=exact.example.org'], ...ANNOUNCE },
    { domains: ['quiet.example.net'], mark: 0x02000000, mask: MASK },
    { domains: ['clients.example.net'], ...ANNOUNCE, clients: [prefixOf('192.168.3.0/24')] },
    { domains: ['home.example.net'], ...ANNOUNCE, flags: ACTION_ANNOUNCE | 2 },
  ],
  protected: [never('127.0.0.0/8'), never(`${ROUTER}/32`), privatePrefix('192.168.0.0/16')],
  generation: 1,
  hold: BigInt(HOLD),
};

interface Answer {
  readonly name: NameLike;
  readonly type?: number;
  readonly answers: readonly DnsRecord[];
}

const aaaa = (text: string, owner?: NameLike): DnsRecord => a(text, owner);

/** Answers one after the other. */
const SCENES: Readonly<Record<string, readonly Answer[]>> = {
  'an A record': [{ name: 'www.example.com', answers: [a('5.0.0.1')] }],
  'AAAA records': [
    {
      name: 'www.example.com',
      type: TYPE.AAAA,
      answers: [aaaa('2a00:1450::1'), aaaa('2a00:1450::2')],
    },
  ],
  'a name that no rule has': [{ name: 'www.examplefoo.com', answers: [a('5.0.0.1')] }],
  'the name alone, and one below it': [
    { name: 'exact.example.org', answers: [a('5.0.0.1')] },
    { name: 'below.exact.example.org', answers: [a('5.0.0.2')] },
  ],
  'mixed case': [{ name: 'WwW.eXample.COM', answers: [a('5.0.0.1', 'wWw.ExAmple.com')] }],
  'a chain whose first name matches': [
    {
      name: 'www.example.com',
      answers: [
        cname('www.example.com', 'edge.cdn.example'),
        cname('edge.cdn.example', 'host.cdn.example'),
        a('5.0.0.1', 'host.cdn.example'),
        a('5.0.0.2', 'host.cdn.example'),
      ],
    },
  ],
  'a chain whose last name matches': [
    {
      name: 'shop.example',
      answers: [
        cname('shop.example', 'Edge.cdn.example'),
        cname('edge.CDN.example', 'www.Example.com'),
        a('5.0.0.1', 'www.example.com'),
      ],
    },
  ],
  'a chain that no rule has': [
    {
      name: 'shop.example',
      answers: [cname('shop.example', 'edge.cdn.example'), a('5.0.0.1', 'edge.cdn.example')],
    },
  ],
  'a chain without an address': [
    { name: 'www.example.com', answers: [cname('www.example.com', 'edge.cdn.example')] },
  ],
  'rules for other clients': [{ name: 'clients.example.net', answers: [a('5.0.0.1')] }],
  'protected addresses, and private ones': [
    { name: 'www.example.com', answers: [a('127.0.0.1'), a(ROUTER), a('192.168.1.1')] },
  ],
  'the same once more': [
    { name: 'www.example.com', answers: [a('5.0.0.1')] },
    { name: 'www.example.com', answers: [a('5.0.0.1', undefined, 60)] },
  ],
  'another name for an address': [
    { name: 'www.example.com', answers: [a('5.0.0.1')] },
    { name: 'video.example.com', answers: [a('5.0.0.1')] },
  ],
  'a stray behind a fact, and once more': [
    { name: 'www.example.com', answers: [a('5.0.0.1')] },
    { name: 'other.example', answers: [a('5.0.0.1')] },
    { name: 'other.example', answers: [a('5.0.0.1')] },
  ],
  'a fact behind a stray': [
    { name: 'other.example', answers: [a('5.0.0.1')] },
    { name: 'www.example.com', answers: [a('5.0.0.1')] },
  ],
  'a link that matches only later': [
    { name: 'shop.example', answers: [a('5.0.0.1')] },
    {
      name: 'shop.example',
      answers: [cname('shop.example', 'www.example.com'), a('5.0.0.1', 'www.example.com')],
    },
  ],
  'more than 256 addresses of a name': Array.from({ length: 6 }, (_, i) => ({
    name: 'www.example.com',
    answers: Array.from({ length: 50 }, (__, host) => a(`5.0.${i}.${host}`)),
  })),
};

describe('what dnstap teaches', () => {
  const kernel = useKernel();
  let harness: Harness;
  let maps: Maps;
  let rules: RuleFinder;

  before(() => {
    harness = new Harness({ objectsDirectory: OBJECTS, addonPath: ADDON });
    const pins = pinsBelow(`${kernel.pins}/teaching`);
    makePinDirectories(pins);
    for (const name of MAP_NAMES) harness.map(name).pin(join(pins.maps, name));
    maps = new Maps(pins);
    rules = new RuleFinder(maps);
    inForce(POLICY);
  });
  after(() => {
    rules.close();
    maps.close();
    harness.close();
  });
  beforeEach(() => {
    harness.clearTables();
    inForce(POLICY);
  });

  let generation = 0;
  function inForce(policy: PolicySpec): void {
    harness.writePolicy(compilePolicy({ ...policy, generation: ++generation }));
    const inner: BpfMap | undefined = harness.map('rules').lookupInner(ZERO);
    assert.ok(inner !== undefined);
    maps.pinRules(inner);
    maps.forgetRules(inner.info.id);
    inner.close();
  }

  const bytesOf = ({ name, type = TYPE.A, answers }: Answer, flags: number): Uint8Array =>
    message({ id: 7, flags, question: { name, type }, answers: flags === ANSWER ? answers : [] });

  /** The router itself asks, so that what is learnt is for any client. */
  function showKernel(answer: Answer): void {
    const ends = { source: MAC, destination: MAC, tags: [] };
    const toResolver = { source: ROUTER, destination: RESOLVER };
    const toRouter = { source: RESOLVER, destination: ROUTER };
    const send = (program: 'wan_egress' | 'wan_ingress', bytes: Uint8Array): void => {
      const asks = program === 'wan_egress';
      const ports = { sourcePort: asks ? 4000 : 53, destinationPort: asks ? 53 : 4000 };
      const network = asks ? toResolver : toRouter;
      const whole = frame(ends, network, { protocol: 'udp', ...ports }, bytes);
      assert.ok(
        harness.run({ program, frame: whole.bytes, mark: 0, ifindex: 1 }) !== undefined,
        'the kernel has refused the frame',
      );
    };
    send('wan_egress', bytesOf(answer, 0x0100));
    send('wan_ingress', bytesOf(answer, ANSWER));
  }

  function teach(teacher: Teacher, answer: Answer, client?: Uint8Array): Taught[] {
    const taught: Taught[] = [];
    teacher.teach(bytesOf(answer, ANSWER), client, (each) => taught.push(each));
    return taught;
  }

  /** The tables, with lifetimes for times and without the source. */
  function tables(): Readonly<Record<string, readonly string[]>> {
    const all: Record<string, readonly string[]> = {};
    for (const table of ['facts', 'strays', 'aliases', 'stray_aliases'] as const) {
      all[table] = [...harness.entries(table)]
        .map(([key, value]) => {
          const view = new DataView(value.buffer, value.byteOffset, value.length);
          const told = view.getBigUint64(0, true);
          view.setBigUint64(0, 0n, true);
          if (table === 'facts' || table === 'strays') {
            const { expires, last_seen: seen, source } = FACT.fields;
            assert.equal(view.getBigUint64(seen[1], true), told);
            view.setBigUint64(seen[1], 0n, true);
            view.setBigUint64(expires[1], view.getBigUint64(expires[1], true) - told, true);
            view.setUint8(source[1], 0);
          }
          return `${Buffer.from(key, 'latin1').toString('hex')} ${value.toString('hex')}`;
        })
        .sort();
    }
    return all;
  }

  /** How often the epochs went up during `task`, by place. */
  function epochsOf(task: () => void): readonly (readonly [number, number])[] {
    const before = harness.epochs();
    task();
    return [...harness.epochs()].flatMap((epoch, i) => {
      const steps = epoch - (before[i] ?? 0);
      return steps === 0 ? [] : [[i, steps] as const];
    });
  }

  for (const [title, answers] of Object.entries(SCENES)) {
    it(`is what the programs learn: ${title}`, () => {
      const kernelEpochs = answers.map((answer) => epochsOf(() => showKernel(answer)));
      const expected = tables();
      const learnt = Object.values(expected).flat();
      assert.ok(learnt.length > 0);

      harness.clearTables();
      const teacher = new Teacher(maps, rules);
      const epochs = answers.map((answer) => epochsOf(() => teach(teacher, answer)));
      assert.deepEqual(tables(), expected);
      assert.deepEqual(epochs, kernelEpochs);
    });
  }

  const announced = (answer: Answer, client?: Uint8Array): string[] =>
    teach(new Teacher(maps, rules), answer, client).flatMap((taught) =>
      taught.announce ? [`${formatAddress(taught.address)} ${taught.section ?? ''}`] : [],
    );

  const takes: readonly [string, Answer, readonly string[]][] = [
    ['a name of a rule', { name: 'example.com', answers: [a('5.0.0.1')] }, ['5.0.0.1 rule1']],
    ['mixed case', { name: 'wWw.EXAMPLE.com', answers: [a('5.0.0.1')] }, ['5.0.0.1 rule1']],
    ['not what only ends alike', { name: 'www.examplefoo.com', answers: [a('5.0.0.1')] }, []],
    ['not what only begins alike', { name: 'fooexample.com', answers: [a('5.0.0.1')] }, []],
    [
      'not a rule that does not announce',
      { name: 'quiet.example.net', answers: [a('5.0.0.1')] },
      [],
    ],
    [
      'every name of a chain',
      {
        name: 'shop.example',
        answers: [
          cname('shop.example', 'mid.example.com'),
          cname('mid.example.com', 'edge.cdn.example'),
          a('5.0.0.1', 'edge.cdn.example'),
        ],
      },
      ['5.0.0.1 rule1'],
    ],
    [
      'no protected address',
      { name: 'example.com', answers: [a('127.0.0.1'), a(ROUTER), a('192.168.1.1')] },
      [],
    ],
    [
      'private addresses where a rule wants them',
      { name: 'home.example.net', answers: [a('192.168.1.1'), a('127.0.0.1')] },
      ['192.168.1.1 rule4'],
    ],
    ['no rule for clients, for any', { name: 'clients.example.net', answers: [a('5.0.0.1')] }, []],
  ];
  for (const [title, answer, expected] of takes) {
    it(`announces ${title}`, () => assert.deepEqual(announced(answer), expected));
  }

  it('announces by a rule for clients what one of them was told', () => {
    const answer: Answer = { name: 'clients.example.net', answers: [a('5.0.0.1')] };
    const client = (text: string): Uint8Array => {
      const bytes = new Uint8Array(16);
      bytes.set([0xff, 0xff], 10);
      bytes.set(address(text), 12);
      return bytes;
    };
    assert.deepEqual(announced(answer, client('192.168.3.7')), ['5.0.0.1 rule3']);
    assert.deepEqual(announced(answer, client('192.168.4.7')), []);
  });

  it('teaches nothing while no rules are in force', () => {
    harness.map('config').update(ZERO, new Uint8Array(harness.map('config').info.valueSize));
    assert.deepEqual(announced({ name: 'example.com', answers: [a('5.0.0.1')] }), []);
    assert.deepEqual(Object.values(tables()).flat(), []);
  });

  it('is told as new once, and again by another name', () => {
    const teacher = new Teacher(maps, rules);
    const isNew = (name: string): boolean[] =>
      teach(teacher, { name, answers: [a('5.0.0.1')] }).map((taught) => taught.isNew);
    assert.deepEqual(['www.example.com', 'www.example.com', 'video.example.com'].map(isNew), [
      [true],
      [false],
      [true],
    ]);
  });

  describe('and a look through all of it', () => {
    async function scan(): Promise<readonly string[]> {
      const offers: string[] = [];
      const take = ({ address: at, name, section, until, told }: Offer): void => {
        assert.ok(told <= monotonicNow() && until >= told + HOLD);
        offers.push(`${formatAddress(at)} ${formatDomainName(name)} ${section}`);
      };
      assert.equal(await scanFacts(maps, rules, HOLD, take), true);
      return offers.sort();
    }

    /** A fact of `www.example.com` whose last use and expiry lie so many seconds back. */
    function age(seconds: number): void {
      const { keys, values } = harness.map('facts').entries();
      const fact = FACT.decode(values);
      const then = monotonicNow() - seconds * SECOND;
      const aged = { ...fact, told: then, expires: then, last_seen: then };
      harness.map('facts').update(keys.slice(0, PAIR.size), FACT.encode(aged));
    }

    it('offers what stands and a rule announces, facts and strays', async () => {
      const teacher = new Teacher(maps, rules);
      teach(teacher, { name: 'www.example.com', answers: [a('5.0.0.1')] });
      teach(teacher, { name: 'quiet.example.net', answers: [a('5.0.0.2')] });
      teach(teacher, { name: 'new.example', answers: [a('5.0.0.3')] });
      assert.deepEqual(await scan(), ['5.0.0.1 www.example.com rule1']);
      // the name was there before its rule
      inForce({ ...POLICY, rules: [{ domains: ['new.example'], ...ANNOUNCE }] });
      assert.deepEqual(await scan(), ['5.0.0.3 new.example rule1']);
    });

    it('does not offer what has become protected', async () => {
      teach(new Teacher(maps, rules), { name: 'www.example.com', answers: [a('5.0.0.1')] });
      inForce({ ...POLICY, protected: [never('5.0.0.1/32')] });
      assert.deepEqual(await scan(), []);
    });

    it('forgets what has aged out, so that the next answer is news', async () => {
      const answer: Answer = { name: 'www.example.com', answers: [a('5.0.0.1')] };
      const teacher = new Teacher(maps, rules);
      teach(teacher, answer);
      age(99);
      assert.equal((await scan()).length, 1);
      age(101);
      assert.deepEqual(await scan(), []);
      assert.equal(harness.map('facts').entries().count, 0);
      assert.deepEqual(
        teach(teacher, answer).map(({ isNew }) => isNew),
        [true],
      );
    });
  });
});
