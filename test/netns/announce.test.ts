/**
 * From the answers of real resolvers to the tables of real BGP neighbours, through the daemon. One file, as its network of
 * five daemons takes longer to build than most tests in it.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

import type { BgpStatus, RouteRow } from '../../src/control/announce/status.ts';
import { ADDRESSES, WAN } from '../lab/topology.ts';
import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import { startBird, startFrr, startGobgp, type Daemon as Bgp } from './support/bgp-daemons.ts';
import { bgpLabOf, tcpCounter, type BgpLab } from './support/bgp-lab.ts';
import { hostRoutes, OUR_ASN, PEER_ASN } from './support/bgp-routes.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { answerOf, connectDnstap, dnstapFrame } from './support/dnstap-frames.ts';
import { startBind, startUnbound } from './support/resolvers.ts';
import { command, query, section, uci, type Options, type Rules } from './support/router.ts';

const HOSTS = {
  'www.example.com': ['203.0.113.10', '2001:db8:113::10'],
  'first.example.com': ['203.0.113.11', '2001:db8:113::11'],
  'second.example.com': ['203.0.113.12', '2001:db8:113::12'],
  'fence.example.com': ['203.0.113.13'],
  'late.example.com': ['203.0.113.14'],
  'www.examplefoo.com': ['203.0.113.20'],
  'quiet.example.org': ['203.0.113.21'],
  'real.example.org': ['203.0.113.22', '2001:db8:113::22'],
  'loop.example.com': ['127.0.0.1', '::1'],
  'private.example.com': ['192.168.1.1', 'fd12::1'],
  'own.example.com': [WAN.wan1.inet, WAN.wan1.inet6],
  // a rule for private addresses has these
  'home.example.net': ['192.168.1.1'],
  'peer.example.net': ['10.9.1.2', 'fd09:2::2'],
  'router.example.net': ['10.9.1.1', ADDRESSES.router.inet],
};
const CNAMES = {
  'shop.example.org': 'alias.example.com',
  'alias.example.com': 'real.example.org',
};

const VIDEO: Options = {
  domain: ['example.com'],
  announce: '1',
  community: [`${OUR_ASN}:100`, `${OUR_ASN}:1:2`],
};
const RULES: Rules = {
  video: VIDEO,
  home: { domain: ['example.net'], private: '1', announce: '1', community: ['no_export'] },
  quiet: { domain: ['quiet.example.org'], mark: '0x23/0xff' },
};

type Neighbors = Readonly<Record<string, Options>>;

const neighbor = (n: number, more: Options = {}): Options => ({
  address: `10.9.${n}.2`,
  asn: String(PEER_ASN),
  next_hop6: `fd09:${n}::1`,
  ...more,
});
const NEIGHBORS: Neighbors = { bird: neighbor(1), frr: neighbor(2), gobgp: neighbor(3) };

const SECONDS = 1000;

/** Of the daemon, and of its neighbours. Fewer with ANNOUNCE_KILLS=2. */
const KILLS = Number(process.env['ANNOUNCE_KILLS'] ?? 20);

describe('announcing', function () {
  this.timeout(90 * SECONDS);
  const lab = useLab({ hosts: HOSTS, cnames: CNAMES, ttlSeconds: 2 }, [
    ...['unbound', 'named', 'bird', 'birdc', 'gobgpd', 'gobgp', 'vtysh'],
  ]);
  const { ubus } = useUbusd(lab);
  const processes: ChildProcess[] = [];
  let bgpLab: BgpLab;
  let daemon: Daemon;
  let neighbors: Readonly<Record<'bird' | 'frr' | 'gobgp', Bgp>>;
  let directory: string;

  function configuration(rules = RULES, sessions = NEIGHBORS, main: Options = {}): string {
    return [
      uci(rules, { facts: '32768', ...main }),
      section('dnstap', 'resolvers', { socket: `${directory}/tap.sock` }),
      section('dnstap', 'remote', { listen: WAN.wan2.inet, port: '6000' }),
      section('bgp', 'bgp', { asn: String(OUR_ASN), router_id: '10.9.0.1' }),
      ...Object.entries(sessions).map(([name, options]) => section('neighbor', name, options)),
    ].join('\n');
  }

  /** Puts it in force by a command in a process of its own. */
  async function apply(rules = RULES, sessions = NEIGHBORS, main: Options = {}): Promise<void> {
    lab().configure(configuration(rules, sessions, main));
    await command(lab(), 'reload');
  }

  async function hasExactly(routes: readonly string[], timeoutMs = 10 * SECONDS): Promise<void> {
    const sorted = [...routes].sort();
    for (const [name, each] of Object.entries(neighbors)) {
      try {
        const isFull = async (): Promise<boolean> => (await each.count()) === sorted.length;
        await until(`${name} has ${sorted.length} routes`, isFull, timeoutMs);
      } catch (error) {
        assert.deepEqual(await each.routes(), sorted, `${name}: ${String(error)}`);
      }
      assert.deepEqual(await each.routes(), sorted, name);
    }
  }

  const status = (): Promise<BgpStatus> => query<BgpStatus>(lab(), 'bgp');
  const rows = (...args: readonly string[]): Promise<readonly RouteRow[]> =>
    query<readonly RouteRow[]>(lab(), 'routes', ...args);
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await status()).neighbors.find((each) => each.section === name)?.state;

  const UNBOUND = '127.0.0.21';
  const BIND = '127.0.0.22';
  /** Asks one of the resolvers at uplink2, whose answers do not pass the devices that are watched for clients. */
  const ask = async (server: string, name: string, type: 'A' | 'AAAA' = 'A'): Promise<void> => {
    const answer = (): Promise<{ readonly addresses: readonly string[] }> =>
      lab().uplink2.resolve(name, type, { server, timeoutMs: 2 * SECONDS });
    await until(`${name} is answered`, async () => (await answer()).addresses.length > 0);
  };
  /** All that has been asked for in these tests up to now. */
  const expected = new Set<string>();
  const expect = (...prefixes: readonly string[]): void => {
    for (const each of prefixes) expected.add(each);
  };

  before(async () => {
    directory = `/run/${lab().name}/announce`;
    mkdirSync(directory);
    bgpLab = bgpLabOf(lab().name);
    const [bird, frr, gobgp] = await Promise.all([
      startBird(bgpLab, bgpLab.peer(1)),
      startFrr(bgpLab, bgpLab.peer(2)),
      startGobgp(bgpLab, bgpLab.peer(3)),
    ]);
    neighbors = { bird, frr, gobgp };
    lab().configure(configuration());
    daemon = await startDaemon(lab());
    // named listens at addresses of devices alone
    await lab().uplink2.output(['ip', 'address', 'add', `${BIND}/8`, 'dev', 'lo']);
    const options = { directory, forwarder: ADDRESSES.uplink1.inet };
    processes.push(
      startUnbound(
        lab().uplink2,
        { ...options, address: UNBOUND },
        `dnstap-ip: "${WAN.wan2.inet}@6000"\n  dnstap-tls: no\n  dnstap-bidirectional: no`,
      ),
      startBind(lab().uplink2, { ...options, address: BIND }, `${directory}/tap.sock`),
    );
    await until(
      'the resolvers and the neighbours are there',
      async () => {
        const { dnstap, neighbors: sessions } = await status();
        return (
          dnstap.every(({ senders }) => senders === 1) &&
          sessions.every(({ state }) => state === 'Established')
        );
      },
      30 * SECONDS,
    );
  });
  after(async () => {
    for (const child of processes) child.kill('SIGKILL');
    // a `before` that failed has not set them
    const started = { daemon, neighbors } as Partial<{
      readonly daemon: Daemon;
      readonly neighbors: Readonly<Record<string, Bgp>>;
    }>;
    await started.daemon?.end('SIGKILL');
    for (const each of Object.values(started.neighbors ?? {})) await each.kill();
  });

  describe('what resolvers tell', () => {
    for (const [name, server, question, n] of [
      ['unbound over TCP', UNBOUND, 'First.Example.com', 11],
      ['BIND over a unix socket', BIND, 'second.example.COM', 12],
    ] as const) {
      it(`of ${name} is with all neighbours, with its communities`, async () => {
        const [v4, v6] = [`203.0.113.${n}/32`, `2001:db8:113::${n}/128`];
        await ask(server, question);
        await ask(server, question, 'AAAA');
        expect(v4, v6);
        await hasExactly([...expected]);
        for (const prefix of [v4, v6]) {
          const [bird, frr, gobgp] = await Promise.all([
            neighbors.bird.route(prefix),
            neighbors.frr.route(prefix),
            neighbors.gobgp.route(prefix),
          ]);
          assert.match(bird, new RegExp(`\\(${OUR_ASN},100\\)[^]*\\(${OUR_ASN}, ?1, ?2\\)`));
          assert.match(frr, new RegExp(`${OUR_ASN}:100[^]*${OUR_ASN}:1:2`));
          assert.match(gobgp, new RegExp(`\\b${OUR_ASN * 65536 + 100}\\b`));
          assert.match(gobgp, new RegExp(`"ASN":${OUR_ASN},"LocalData1":1,"LocalData2":2`));
        }
      });
    }

    it('is announced for every name of a chain', async () => {
      await ask(UNBOUND, 'shop.example.org');
      await ask(BIND, 'shop.example.org', 'AAAA');
      expect('203.0.113.22/32', '2001:db8:113::22/128');
      await hasExactly([...expected]);
      const [row] = await rows('--address', '203.0.113.22');
      assert.deepEqual([row?.name, row?.rule], ['shop.example.org', 'video']);
    });

    it('is announced beside what passes our own devices', async () => {
      await lab().client.resolve('www.example.com', 'A');
      await lab().client.resolve('www.example.com', 'AAAA');
      expect('203.0.113.10/32', '2001:db8:113::10/128');
      await hasExactly([...expected]);
    });

    it('is never announced for other names, nor are protected addresses', async () => {
      const names = Object.keys(HOSTS).filter((name) => !/^(late|fence)/.test(name));
      for (const name of [...names, 'fence.example.com']) {
        if (name in CNAMES) continue;
        const isIpv4 = (address: string): boolean => !address.includes(':');
        const addresses = HOSTS[name as keyof typeof HOSTS];
        if (addresses.some(isIpv4)) await ask(UNBOUND, name);
        if (!addresses.every(isIpv4)) await ask(BIND, name, 'AAAA');
      }
      // of a rule with option private
      expect('203.0.113.13/32', '192.168.1.1/32');
      await hasExactly([...expected]);
      const facts = await query<readonly { address: string; source: string }[]>(lab(), 'rdns');
      const known = facts.map(({ address }) => address);
      assert.ok(known.includes('203.0.113.20'), 'other names are facts, too');
      for (const never of [
        '127.0.0.1',
        '::1',
        WAN.wan1.inet,
        '10.9.1.2',
        'fd09:2::2',
        '10.9.1.1',
      ]) {
        assert.ok(!known.includes(never), never);
      }
    });
  });

  describe('asked for', () => {
    it('tells of neighbours and resolvers', async () => {
      const { neighbors: sessions, dnstap, ...own } = await status();
      assert.deepEqual(own, {
        enabled: true,
        asn: OUR_ASN,
        router_id: '10.9.0.1',
        routes: expected.size,
        refused: 0,
      });
      assert.deepEqual(
        sessions.map(({ section: name, address, asn, state, families, announced, pending }) => {
          return { section: name, address, asn, state, families, announced, pending };
        }),
        Object.entries(NEIGHBORS).map(([name, { address }]) => ({
          section: name,
          address,
          asn: PEER_ASN,
          state: 'Established',
          families: [4, 6],
          announced: expected.size,
          pending: 0,
        })),
      );
      for (const { uptime, sent, received } of sessions) {
        assert.ok(uptime !== null && sent.updates > 0 && received.messages > 0);
      }
      assert.deepEqual(
        dnstap.map(({ section: name, senders, malformed }) => [name, senders, malformed]),
        [
          ['resolvers', 1, 0],
          ['remote', 1, 0],
        ],
      );
      assert.ok(dnstap.every(({ messages }) => messages > 0));
    });

    it('tells of routes, by name, address and rule', async () => {
      const all = await rows();
      assert.deepEqual(all.map(({ prefix }) => prefix).sort(), [...expected].sort());
      const [home] = await rows('--rule', 'home');
      assert.ok(home !== undefined && home.expires_in > 80_000);
      assert.deepEqual(
        { ...home, expires_in: 0 },
        {
          prefix: '192.168.1.1/32',
          name: 'home.example.net',
          rule: 'home',
          communities: ['no_export'],
          expires_in: 0,
        },
      );
      const named = await rows('--name', '*.example.com', '--limit', '3');
      assert.equal(named.length, 3);
      assert.deepEqual(
        (await rows('--name', 'first.example.com')).map(({ prefix, communities }) => [
          prefix,
          communities,
        ]),
        ['203.0.113.11/32', '2001:db8:113::11/128'].map((prefix) => [prefix, VIDEO['community']]),
      );
    });

    it('answers on ubus as on the command line, and in words', async () => {
      const { routes, more } = await ubus().call('routes', { rule: 'home' });
      assert.deepEqual(
        (routes as readonly RouteRow[]).map(({ prefix }) => prefix),
        (await rows('--rule', 'home')).map(({ prefix }) => prefix),
      );
      assert.equal(more, false);
      const bgp = (await ubus().call('bgp')) as unknown as BgpStatus;
      assert.deepEqual(Object.keys(bgp), Object.keys(await status()));
      const { stdout } = await lab().cli('bgp');
      assert.match(stdout, /^AS 65001, router 10\.9\.0\.1, \d+ routes\n/);
      assert.match(stdout, /^bird +10\.9\.1\.2 +65002 +Established .* IPv4 IPv6 +\d+ +0 /m);
      assert.match(stdout, /^resolvers +1 +\d+ +0$/m);
      assert.match(
        (await lab().cli('routes')).stdout,
        /^203\.0\.113\.11\/32 +first\.example\.com /m,
      );
    });
  });

  describe('when the configuration changes', () => {
    const ofVideo = (): string[] => [...expected].filter((prefix) => prefix !== '192.168.1.1/32');

    it('a rule that goes takes its routes with it, and no others', async () => {
      await command(lab(), 'rule', 'del', 'home');
      await hasExactly(ofVideo());
      await apply();
      await hasExactly([...expected]);
    });

    it('other domains of a rule are other routes', async () => {
      await apply({ ...RULES, video: { ...VIDEO, domain: ['=first.example.com'] } });
      await hasExactly(['203.0.113.11/32', '2001:db8:113::11/128', '192.168.1.1/32']);
      await apply();
      await hasExactly([...expected]);
    });

    it('a rule announces no longer', async () => {
      await apply({ ...RULES, video: { ...VIDEO, announce: '0' } });
      await hasExactly(['192.168.1.1/32']);
      await apply();
      await hasExactly([...expected]);
    });

    it('other communities of a rule reach its routes', async () => {
      const has = async (pattern: RegExp): Promise<boolean> =>
        pattern.test(await neighbors.frr.route('203.0.113.11/32'));
      await apply({ ...RULES, video: { ...VIDEO, community: [`${OUR_ASN}:777`] } });
      await until(
        'they are new',
        async () => (await has(/65001:777/)) && !(await has(/65001:1:2/)),
      );
      assert.match(await neighbors.frr.route('192.168.1.1/32'), /no-export/);
      await apply();
      await until('they are old', () => has(/65001:1:2/));
      await hasExactly([...expected]);
    });

    it('a neighbour that comes, changes or goes disturbs no other', async () => {
      const uptimes = async (): Promise<Map<string, number | null>> =>
        new Map((await status()).neighbors.map((each) => [each.section, each.uptime]));
      await until('some time has passed', async () =>
        [...(await uptimes()).values()].every((seconds) => seconds !== null && seconds >= 2),
      );
      const before = await uptimes();
      const { bird, frr } = NEIGHBORS;
      assert.ok(bird !== undefined && frr !== undefined);
      await apply(RULES, { bird, frr: { ...frr, med: '7' }, more: neighbor(4) });
      await until('the new one is asked', async () => (await stateOf('more')) !== undefined);
      await until('the changed one is back', async () => (await stateOf('frr')) === 'Established');
      await until('it is told', async () =>
        / metric 7/.test(await neighbors.frr.route('203.0.113.11/32')),
      );
      assert.equal(await neighbors.gobgp.count(), 0);
      const after = await uptimes();
      assert.ok(Number(after.get('bird')) >= Number(before.get('bird')));
      await apply();
      await until('all are back', async () => (await stateOf('gobgp')) === 'Established', 30_000);
      await hasExactly([...expected]);
      assert.ok(Number((await uptimes()).get('bird')) >= Number(before.get('bird')));
    });

    it('a neighbour that hangs up is in the log, once', async () => {
      const { netns } = bgpLab.peer(4);
      const script = `require('node:net').createServer((socket) => socket.destroy()).listen(179)`;
      const program = bgpLab.spawn(netns, [process.execPath, '-e', script]);
      try {
        await apply(RULES, { ...NEIGHBORS, more: neighbor(4) });
        const lines = (): readonly string[] =>
          daemon.log.filter((line) => line.includes("BGP neighbor 'more': "));
        await until('it is in the log', () => lines().length > 0);
        const { received } =
          (await status()).neighbors.find((each) => each.section === 'more') ?? {};
        assert.equal(received?.messages, 0);
        assert.equal(new Set(lines()).size, lines().length);
      } finally {
        await program.kill();
        await apply();
      }
    });

    it('a wrong key keeps a neighbour away for ever', async () => {
      const unexpected = (): number =>
        tcpCounter(bgpLab.peer(2).netns, 'TCPMD5Unexpected') +
        tcpCounter(bgpLab.netns, 'TCPMD5NotFound');
      const before = unexpected();
      const keyFile = `${directory}/key`;
      writeFileSync(keyFile, 'wrong\n', { mode: 0o600 });
      await apply(RULES, { ...NEIGHBORS, frr: neighbor(2, { password_file: keyFile }) });
      await until('wrong segments are dropped', () => unexpected() >= before + 2, 20_000);
      assert.notEqual(await stateOf('frr'), 'Established');
      assert.equal(await neighbors.bird.count(), expected.size);
      const { stdout } = await lab().cli('bgp');
      assert.ok(!stdout.includes('wrong'));
      await apply();
      await until('it is back', async () => (await stateOf('frr')) === 'Established', 30_000);
      await hasExactly([...expected]);
    });

    it('what ages out is withdrawn, and comes back when it is asked for', async () => {
      await apply(RULES, NEIGHBORS, { hold: '1' });
      await hasExactly([], 15 * SECONDS);
      await ask(BIND, 'late.example.com');
      await hasExactly(['203.0.113.14/32']);
      await hasExactly([], 15 * SECONDS);
      await lab().client.resolve('www.example.com', 'A');
      await hasExactly(['203.0.113.10/32']);
      await hasExactly([], 15 * SECONDS);
      await apply();
    });
  });

  describe('10,000 routes', () => {
    const COUNT = 5_000;
    const all = hostRoutes(0, COUNT);

    it('are with all neighbours', async () => {
      const sender = await connectDnstap(`${directory}/tap.sock`);
      const frames = all.map((prefix, i) =>
        dnstapFrame(answerOf(`name${i}.example.net`, prefix.replace(/\/.*/, ''))),
      );
      await sender.send(frames);
      await hasExactly(all);
      sender.close();
    });

    it('are never fewer nor new while the daemon is killed and comes back', async function () {
      this.timeout((30 + 15 * KILLS) * SECONDS);
      const { bird, frr, gobgp } = neighbors;
      const changes = async (): Promise<unknown> => [await bird.changes?.(), await frr.changes?.()];
      const before = await changes();
      const counts = new Set<number>();
      const look = async (): Promise<void> => {
        for (const count of await Promise.all([bird.count(), frr.count(), gobgp.count()])) {
          counts.add(count);
        }
      };
      for (let round = 1; round <= KILLS; round++) {
        // GoBGP lets nobody in for five seconds: most rounds do without
        const all3 = round === KILLS ? [bird, frr, gobgp] : [bird, frr];
        const up = async (): Promise<readonly boolean[]> => {
          await look();
          return Promise.all(all3.map((each) => each.established()));
        };
        await daemon.end('SIGKILL');
        await until('we are lost', async () => !(await up()).some(Boolean));
        const restarted = startDaemon(lab());
        restarted.catch(() => undefined);
        await until('we are back', async () => (await up()).every(Boolean), 60 * SECONDS);
        await until('all is told again', async () => {
          const { neighbors: sessions } = await status();
          const told = sessions.filter((each) => each.announced === all.length && !each.pending);
          return told.length >= all3.length;
        });
        daemon = await restarted;
        // what was kept and not told again would go now
        for (let i = 0; i < 2; i++) await look();
        assert.deepEqual([...counts], [all.length]);
        assert.deepEqual(await changes(), before);
      }
      await hasExactly(all);
    });

    it('are with neighbours again that were killed', async function () {
      this.timeout((30 + 15 * KILLS) * SECONDS);
      for (let round = 1; round <= KILLS; round++) {
        await Promise.all(Object.values(neighbors).map((each) => each.kill()));
        const [bird, frr, gobgp] = await Promise.all([
          startBird(bgpLab, bgpLab.peer(1)),
          startFrr(bgpLab, bgpLab.peer(2)),
          startGobgp(bgpLab, bgpLab.peer(3)),
        ]);
        neighbors = { bird, frr, gobgp };
        for (const [name, each] of Object.entries(neighbors)) {
          const isFull = async (): Promise<boolean> => (await each.count()) === all.length;
          await until(`${name} has all`, isFull, 15 * SECONDS);
        }
        const sorted = [...all].sort();
        for (const each of [bird, frr]) assert.deepEqual(await each.routes(), sorted);
      }
      // GoBGP needs seconds to write them
      await hasExactly(all);
    });

    it('are all withdrawn by stop, and not there behind it', async () => {
      await command(lab(), 'stop');
      await hasExactly([]);
      const { routes, enabled } = await status();
      assert.deepEqual([routes, enabled], [0, false]);
      assert.deepEqual(await rows(), []);
      assert.equal((await lab().cli('bgp')).status, 0);
    });

    it('are none behind a start, and those that are asked for then are announced', async () => {
      await command(lab(), 'start');
      // the resolver connects again some seconds after it has found nobody
      await until(
        'it is known',
        async () => {
          await ask(BIND, 'fence.example.com');
          return (await status()).routes > 0;
        },
        30 * SECONDS,
      );
      await hasExactly(['203.0.113.13/32'], 30 * SECONDS);
    });
  });

  describe('at the end', () => {
    it('withdraws what is left when it ends behind a stop', async () => {
      const stopped = command(lab(), 'stop');
      await stopped;
      await daemon.end('SIGTERM');
      await hasExactly([]);
      assert.equal((await lab().cli('bgp')).status, 4);
    });

    it('works on a machine that is no router', async () => {
      await command(lab(), 'stop');
      await daemon.end();
      lab().configure(configuration(RULES, NEIGHBORS, { lan: [], wan: [], local: '0' }));
      daemon = await startDaemon(lab());
      await until(
        'all are up',
        async () => {
          const { neighbors: sessions } = await status();
          return sessions.length === 3 && sessions.every(({ state }) => state === 'Established');
        },
        60 * SECONDS,
      );
      // nothing of ours is at its devices
      await lab().client.resolve('www.example.com', 'A');
      // resolvers connect again some seconds after they have found nobody
      await until(
        'both resolvers tell',
        async () => {
          await ask(BIND, 'late.example.com');
          await ask(UNBOUND, 'second.example.com', 'AAAA');
          return (await status()).routes === 2;
        },
        30 * SECONDS,
      );
      await hasExactly(['203.0.113.14/32', '2001:db8:113::12/128']);
    });
  });
});
