/** Hosts that lie (W1, L1) and clients that flood (L2), on the wire. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';

import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { until } from '../lab/until.ts';
import { FORGED_DOMAIN, TRUTH } from './support/forgeries.ts';
import { programArgv } from './support/program.ts';
import type { Race, RaceResult } from './support/race.ts';
import { query, startWith, type Fact, type Rules, type Status } from './support/router.ts';

const RULES: Rules = {
  forged: { domain: [FORGED_DOMAIN], interface: 'wan2' },
  planted: { domain: ['planted.example.com'], interface: 'wan2' },
  kept: { domain: ['kept.example.com'], interface: 'wan2' },
};

/** What `option facts` says; the flood is many times as much. */
const FACTS = 2_048;
const KEPT = 200;
const FLOOD = 20_000;

const kept = (i: number): string => `n${i}.kept.example.com`;
const keptAddress = (i: number): string => `203.0.210.${i + 1}`;
const flood = (i: number): string =>
  `r${((i * 2_654_435_761) % 2 ** 32).toString(36)}.flood.example.org`;
const floodAddress = (i: number): string => `203.0.${i >> 8}.${i & 255}`;

const HOSTS = Object.fromEntries([
  ...Array.from({ length: KEPT }, (_, i) => [kept(i), [keptAddress(i)]]),
  ...Array.from({ length: FLOOD }, (_, i) => [flood(i), [floodAddress(i)]]),
]) as Readonly<Record<string, readonly string[]>>;

describe('against those who lie and flood', function () {
  this.timeout(60_000);
  const lab = useLab({
    hosts: HOSTS,
    dnsmasq: [`--server=/${FORGED_DOMAIN}/${ADDRESSES.uplink2.inet}`],
  });
  let forger: ChildProcess | undefined;

  before(async () => {
    const argv = [...programArgv(lab(), 'forger'), ADDRESSES.uplink2.inet];
    forger = lab().uplink2.spawn(argv);
    if (forger.stdout !== null) await once(forger.stdout, 'data');
    await startWith(lab(), RULES, { facts: String(FACTS) });
  });
  after(() => forger?.kill());

  const status = (): Promise<Status> => query<Status>(lab(), 'status');

  /** Facts at the addresses of a prefix, as `client name address`. */
  async function told(prefix: string): Promise<readonly string[]> {
    const facts = await query<readonly Fact[]>(lab(), 'rdns');
    return facts
      .filter(({ address }) => address.startsWith(prefix))
      .map(({ client, name, address }) => `${client ?? '*'} ${name} ${address}`)
      .sort();
  }

  /** Waits until that many more answers were refused than at `before`. */
  async function refused(before: Status, reasons: Readonly<Record<string, number>>): Promise<void> {
    await until(`refused: ${JSON.stringify(reasons)}`, async () => {
      const now = (await status()).reasons;
      return Object.entries(reasons).every(
        ([reason, count]) => (now[reason] ?? 0) - (before.reasons[reason] ?? 0) >= count,
      );
    });
  }

  it("learn nothing from forged answers to the router's resolver (W1)", async () => {
    const before = await status();
    const name = `router.${FORGED_DOMAIN}`;
    const { addresses } = await lab().client.resolve(name);
    assert.deepEqual(addresses, [TRUTH]);
    // ID, port, source, second; name, type. What comes from port 54 is not looked at
    await refused(before, { unasked: 4, other_question: 2 });
    assert.deepEqual(await told('203.0.200.'), [
      `* ${name} ${TRUTH}`,
      `${ADDRESSES.client.mac} ${name} ${TRUTH}`,
    ]);
  });

  it('learn nothing from forged answers to a client that asks a resolver elsewhere (W1)', async () => {
    const before = await status();
    const name = `client.${FORGED_DOMAIN}`;
    // its own socket takes the first answer with the ID
    await lab().client2.resolve(name, 'A', { server: ADDRESSES.uplink2.inet });
    // at the LAN as above; at the WAN all seven from port 53, as the router has not asked
    await refused(before, { unasked: 4 + 7, other_question: 2 });
    const facts = await told('203.0.200.');
    assert.deepEqual(
      facts.filter((fact) => fact.includes(name) || fact.startsWith(ADDRESSES.client2.mac)),
      [`${ADDRESSES.client2.mac} ${name} ${TRUTH}`],
    );
    assert.equal(await lab().whichUplink(lab().client2, TRUTH), 'uplink2');
  });

  it('learn nothing from what a client sends from port 53 (L1)', async () => {
    const { router, client } = lab();
    const table = ['table', 'inet', 'heard'];
    const script = `table inet heard {
  counter answers {}
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname "br-lan" udp sport 53 counter name answers
  }
}`;
    await router.output(['nft', '-f', '-'], script);
    try {
      for (const target of [ADDRESSES.router.inet, ADDRESSES.uplink1.inet])
        await client.output([...programArgv(lab(), 'client-answers'), target]);
      await until('the router has heard them', async () => {
        const text = await router.output(['nft', 'list', ...table]);
        return Number(/packets (\d+)/.exec(text)?.[1]) >= 12;
      });
      assert.deepEqual(await told('203.0.201.'), []);
      const facts = await query<readonly Fact[]>(lab(), 'rdns', '--name', 'planted.example.com');
      assert.deepEqual(facts, []);
      assert.equal(await lab().whichUplink(client, '203.0.201.1'), 'uplink1');
    } finally {
      await router.output(['nft', 'delete', ...table]);
    }
  });

  it('keep what a rule needs of one client, whatever another one asks for (L2)', async () => {
    const { client, client2 } = lab();
    await ask(
      'client2',
      Array.from({ length: KEPT }, (_, i) => kept(i)),
    );
    const before = await told('203.0.210.');
    const { mac } = ADDRESSES.client2;
    assert.equal(before.filter((fact) => fact.startsWith(mac)).length, KEPT);

    await ask(
      'client',
      Array.from({ length: FLOOD }, (_, i) => flood(i)),
    );
    assert.deepEqual(await told('203.0.210.'), before);
    const { facts, verdicts, reasons } = await status();
    assert.ok((reasons['fact_learnt'] ?? 0) >= FLOOD, 'the flood was learnt');
    assert.equal(facts.limit, FACTS);
    assert.ok(facts.matched >= KEPT && facts.matched <= facts.limit, `${facts.matched} matched`);
    // those that no rule matches have as much room again
    assert.ok(facts.used - facts.matched <= facts.limit, `${facts.used} used`);
    assert.ok(verdicts.used <= verdicts.limit, `${verdicts.used} verdicts`);

    for (const i of [0, 1, KEPT / 2, KEPT - 1]) {
      assert.equal(await lab().whichUplink(client2, keptAddress(i)), 'uplink2');
      assert.equal(
        await lab().whichUplink(client2, keptAddress(i), { protocol: 'udp' }),
        'uplink2',
      );
    }
    assert.equal(await lab().whichUplink(client, floodAddress(FLOOD - 1)), 'uplink1');
  });

  /** A client asks the router's resolver for all of these; each must be answered. */
  async function ask(host: 'client' | 'client2', names: readonly string[]): Promise<void> {
    const race: Race = {
      server: ADDRESSES.router.inet,
      runners: names.map((name) => ({ name, type: 'A', dns: 'udp', then: 'none' })),
      concurrency: 48,
    };
    const { status, stdout, stderr } = await lab()[host].request('run', {
      argv: programArgv(lab(), 'race'),
      stdin: JSON.stringify(race),
      timeoutMs: 50_000,
    });
    assert.equal(status, 0, stderr);
    const { answered, failures } = JSON.parse(stdout) as RaceResult;
    assert.deepEqual({ answered, failures }, { answered: names.length, failures: [] });
  }
});
