/** A name decides by which uplink a connection leaves: real DNS, real traffic, counted where it arrives. */
import assert from 'node:assert/strict';

import type { WhichOptions } from '../lab/lab.ts';
import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { until } from '../lab/until.ts';
import { programArgv } from './support/program.ts';
import type { Race, RaceResult, Runner } from './support/race.ts';
import { command, query, startWith, type Decision, type Rules } from './support/router.ts';
import { countAtUplinks, seenAtUplinks } from './support/seen.ts';

const HOSTS = {
  'bound.example.com': ['203.0.113.60', '2001:db8:113::60'],
  'off.example.com': ['203.0.113.61', '2001:db8:113::61'],
};

const RULES: Rules = {
  video: { domain: ['video.example.com', 'one.example.net'], interface: 'wan2' },
  bound: { domain: ['bound.example.com'], interface: 'wan2', local: 'bind' },
  off: { domain: ['off.example.com'], interface: 'wan2', local: 'off' },
};

const WAYS: readonly Required<Pick<WhichOptions, 'family' | 'protocol'>>[] = [
  { family: 4, protocol: 'tcp' },
  { family: 4, protocol: 'udp' },
  { family: 6, protocol: 'tcp' },
  { family: 6, protocol: 'udp' },
];

describe('steering', function () {
  this.timeout(60_000);
  const lab = useLab({ hosts: HOSTS });

  before(() => startWith(lab(), RULES));

  for (const host of ['client', 'router'] as const) {
    const whose = host === 'client' ? 'a forwarded' : "the router's own";
    for (const way of WAYS) {
      const what = `${whose} IPv${way.family} ${way.protocol} connection`;

      it(`sends ${what} to a rule's name by the rule's uplink`, async () => {
        assert.equal(await lab().whichUplink(lab()[host], 'video.example.com', way), 'uplink2');
      });

      it(`leaves ${what} to a name without a rule on the main uplink`, async () => {
        assert.equal(await lab().whichUplink(lab()[host], 'plain.example.org', way), 'uplink1');
      });
    }
  }

  for (const protocol of ['tcp', 'udp'] as const) {
    it(`steers the router's own ${protocol} connection to an IPv4 address on an IPv6 socket`, async () => {
      const { router } = lab();
      const answers = [];
      for (const name of ['video.example.com', 'plain.example.org']) {
        const [address = ''] = (await router.resolve(name)).addresses;
        answers.push(await router.ask(`::ffff:${address}`, { protocol }));
      }
      assert.deepEqual(answers, ['uplink2', 'uplink1']);
    });
  }

  for (const way of WAYS) {
    const what = `IPv${way.family} ${way.protocol}`;

    it(`binds the router's own ${what} sockets where the rule has option local 'bind'`, async () => {
      const { router } = lab();
      const rules = ['-4', '-6'].map((family) => [
        'ip',
        family,
        'rule',
        'flush',
        'protocol',
        '212',
      ]);
      try {
        // without ip rules a mark leads nowhere
        for (const argv of rules) await router.output(argv);
        const names = ['bound.example.com', 'video.example.com'];
        const answers = [];
        for (const name of names) answers.push(await lab().whichUplink(router, name, way));
        assert.deepEqual(answers, ['uplink2', 'uplink1']);
      } finally {
        await command(lab(), 'reload');
      }
      assert.equal(await lab().whichUplink(router, 'bound.example.com', way), 'uplink2');
      assert.equal(await lab().whichUplink(lab().client, 'bound.example.com', way), 'uplink2');
    });

    it(`leaves the router's own ${what} sockets alone where the rule has option local 'off'`, async () => {
      assert.equal(await lab().whichUplink(lab().router, 'off.example.com', way), 'uplink1');
      assert.equal(await lab().whichUplink(lab().client, 'off.example.com', way), 'uplink2');
    });
  }

  it('sends two clients that were told different names for one address different ways at the same time', async () => {
    const { client, client2 } = lab();
    for (const [family, type] of [
      [4, 'A'],
      [6, 'AAAA'],
    ] as const) {
      const [address = ''] = (await client.resolve('one.example.net', type)).addresses;
      const [other = ''] = (await client2.resolve('two.example.net', type)).addresses;
      assert.equal(address, other, 'the names share an address');
      const asked = Array.from({ length: 40 }, (_, i) => {
        const protocol = i % 2 === 0 ? 'tcp' : 'udp';
        return Promise.all([
          client.ask(address, { protocol }),
          client2.ask(address, { protocol }),
        ]).then((pair) => pair.join(' and '));
      });
      assert.deepEqual(
        [...new Set(await Promise.all(asked))],
        ['uplink2 and uplink1'],
        `IPv${family}`,
      );
    }
  });

  it('goes by the last name that the client was told for an address', async () => {
    const { client } = lab();
    const answers = [];
    for (const name of ['one.example.net', 'two.example.net', 'one.example.net']) {
      answers.push(await lab().whichUplink(client, name));
    }
    assert.deepEqual(answers, ['uplink2', 'uplink1', 'uplink2']);
  });
});

describe('ten thousand fresh names', function () {
  this.timeout(120_000);
  const NAMES = 10_000;
  /** Where the name of a kind must arrive: none, uplink1 or uplink2. */
  const KINDS = [
    { domain: 'west.example.com', uplink: 2 },
    { domain: 'plain.example.com', uplink: 1 },
    { domain: 'far.example.net', uplink: 2 },
    { domain: 'plain.example.org', uplink: 1 },
    { domain: 'blocked.example.org', uplink: 0 },
  ] as const;
  const RACE_RULES: Rules = {
    west: { domain: ['west.example.com'], interface: 'wan2' },
    far: { domain: ['far.example.net'], interface: 'wan2', fallback: 'main' },
    blocked: { domain: ['blocked.example.org'], action: 'block' },
  };
  const lab = useLab();

  interface Contender {
    readonly runner: Runner;
    readonly address: string;
    readonly uplink: 0 | 1 | 2;
  }

  function contender(index: number): Contender {
    const { domain, uplink } = KINDS[index % KINDS.length] ?? KINDS[0];
    const ipv6 = index % 7 === 0;
    const name = `n${index}.${domain}`;
    const address = ipv6
      ? `2001:db8:113:1::${(index + 1).toString(16)}`
      : `203.0.${index >> 8}.${index & 255}`;
    const runner: Runner = {
      name,
      type: ipv6 ? 'AAAA' : 'A',
      dns: index % 11 === 0 ? 'tcp' : 'udp',
      then: index % 3 === 0 ? 'tcp' : 'udp',
    };
    return { runner, address, uplink };
  }

  it('have no first packet on a wrong uplink, though it leaves the moment the answer is there', async () => {
    const contenders = Array.from({ length: NAMES }, (_, index) => contender(index));
    await lab().zone.addHosts(
      Object.fromEntries(contenders.map(({ runner, address }) => [runner.name, [address]])),
    );
    await startWith(lab(), RACE_RULES);
    await countAtUplinks(lab());

    const race: Race = {
      server: ADDRESSES.router.inet,
      runners: contenders.map(({ runner }) => runner),
      concurrency: 24,
    };
    const { status, stdout, stderr } = await lab().client.request('run', {
      argv: programArgv(lab(), 'race'),
      stdin: JSON.stringify(race),
      timeoutMs: 100_000,
    });
    assert.equal(status, 0, stderr);
    const { answered, failures } = JSON.parse(stdout) as RaceResult;
    assert.deepEqual({ answered, failures }, { answered: NAMES, failures: [] });

    const expected = [1, 2].map(
      (uplink) => contenders.filter((contender) => contender.uplink === uplink).length,
    );
    const seen = await until(
      'all first packets have arrived',
      async () => {
        const packets = await seenAtUplinks(lab());
        return packets.every((each, i) => each.size >= (expected[i] ?? 0)) && packets;
      },
      20_000,
    );
    const strayed = contenders.filter(({ address, uplink }) =>
      seen.some((packets, i) => packets.has(address) !== (uplink === i + 1)),
    );
    assert.deepEqual(strayed, []);
    assert.deepEqual(
      seen.map((packets) => packets.size),
      expected,
    );
  });

  it('are known one by one, and none was left out', async () => {
    const decisions = await query<readonly Decision[]>(lab(), 'decisions');
    const { mac } = ADDRESSES.client;
    const rules = new Map<string | null, number>();
    for (const { client, rule } of decisions) {
      if (client === mac) rules.set(rule, (rules.get(rule) ?? 0) + 1);
    }
    // the map is LRU: it may evict a few early
    for (const rule of ['west', 'far', 'blocked']) {
      assert.ok((rules.get(rule) ?? 0) > NAMES * 0.19, `${rule}: ${rules.get(rule)}`);
    }
  });
});
