/** An interface that is down, and what is blocked: nothing leaks, and whoever connects is told at once. */
import assert from 'node:assert/strict';

import type { WhichOptions } from '../lab/lab.ts';
import { useLab } from '../lab/mocha.ts';
import { command, linkUp, startWith, type Rules } from './support/router.ts';
import { countAtUplinks, seenAtUplinks } from './support/seen.ts';

const RULES: Rules = {
  strict: { domain: ['strict.example.com'], interface: 'wan2' },
  bound: { domain: ['bound.example.com'], interface: 'wan2', local: 'bind' },
  soft: { domain: ['soft.example.com'], interface: 'wan2', fallback: 'main' },
  ads: { domain: ['ads.example.org'], action: 'block' },
  absent: { domain: ['absent.example.com'], interface: 'wg9' },
};

const HOSTS = {
  'strict.example.com': ['203.0.113.70', '2001:db8:113::70'],
  'bound.example.com': ['203.0.113.71', '2001:db8:113::71'],
  'soft.example.com': ['203.0.113.72', '2001:db8:113::72'],
  'absent.example.com': ['203.0.113.73', '2001:db8:113::73'],
};

const WAYS: readonly WhichOptions[] = ([4, 6] as const).flatMap((family) =>
  (['tcp', 'udp'] as const).map((protocol) => ({ family, protocol })),
);

/** No answer came, and no time was waited for one. */
const REFUSED = /^(EHOSTUNREACH|ENETUNREACH|EACCES|ECONNREFUSED)$/;
/** A UDP socket is not told that a router finds its destination unreachable (udp(7)): nothing comes. */
const UNTOLD = /^(EHOSTUNREACH|ENETUNREACH|EACCES|ECONNREFUSED|ETIMEDOUT)$/;

describe('the kill switch', function () {
  this.timeout(120_000);
  const lab = useLab({ hosts: HOSTS });

  before(() => startWith(lab(), RULES));
  beforeEach(() => countAtUplinks(lab()));

  /** What comes of a connection in each of {@link WAYS}. */
  async function outcomes(host: 'client' | 'router', name: string): Promise<readonly string[]> {
    const found = [];
    for (const way of WAYS) {
      const timeoutMs = way.protocol === 'udp' ? 1_000 : 10_000;
      found.push(await lab().whichUplink(lab()[host], name, { ...way, timeoutMs }));
    }
    return found;
  }

  async function assertRefused(host: 'client' | 'router', name: string): Promise<void> {
    const found = await outcomes(host, name);
    assert.ok(
      found.every((code, i) =>
        (host === 'client' && WAYS[i]?.protocol === 'udp' ? UNTOLD : REFUSED).test(code),
      ),
      `${host}, ${name}: ${found.join(' ')}`,
    );
    const [inet = '', inet6 = ''] = { ...HOSTS, 'ads.example.org': ADS }[name] ?? [];
    for (const [i, packets] of (await seenAtUplinks(lab())).entries()) {
      assert.equal(packets.get(inet) ?? 0, 0, `packets at uplink${i + 1}`);
      assert.equal(packets.get(inet6) ?? 0, 0, `packets at uplink${i + 1}`);
    }
  }
  const ADS = ['203.0.113.40', '2001:db8:113::40'];
  const everyWay = (uplink: string): readonly string[] => WAYS.map(() => uplink);

  for (const host of ['client', 'router'] as const) {
    const who = host === 'client' ? 'a client' : 'the router itself';

    it(`refuses ${who} at once what a rule blocks`, () => assertRefused(host, 'ads.example.org'));

    it(`refuses ${who} at once what goes by an interface that is not there`, () =>
      assertRefused(host, 'absent.example.com'));
  }

  for (const [what, name] of [
    ['a rule blocks', 'ads.example.org'],
    ['goes by an interface that is not there', 'absent.example.com'],
  ] as const) {
    it(`refuses many connections of a client at once, one as fast as the other, to what ${what}`, async () => {
      const { client } = lab();
      for (const type of ['A', 'AAAA'] as const) {
        const [address = ''] = (await client.resolve(name, type)).addresses;
        const started = performance.now();
        const attempts = Array.from({ length: 20 }, async () => {
          const code = await lab().whichUplink(client, address, { timeoutMs: 10_000 });
          assert.match(code, REFUSED);
          return performance.now() - started;
        });
        // a SYN that nobody answered is sent again after a second
        assert.ok(Math.max(...(await Promise.all(attempts))) < 900, type);
      }
    });
  }

  describe('with the link down', () => {
    before(async () => {
      for (const host of ['client', 'router'] as const) {
        for (const name of ['strict.example.com', 'bound.example.com', 'soft.example.com']) {
          assert.deepEqual(await outcomes(host, name), everyWay('uplink2'), `${host}, ${name}`);
        }
      }
      await lab().router.output('ip link set wan2 down'.split(' '));
    });
    after(async () => {
      await linkUp(lab(), 'wan2');
      await command(lab(), 'reload');
    });

    for (const host of ['client', 'router'] as const) {
      const who = host === 'client' ? 'a client' : 'the router itself';
      for (const rule of ['strict', 'bound'] as const) {
        it(`refuses ${who} at once, and leaks nothing (rule '${rule}')`, () =>
          assertRefused(host, `${rule}.example.com`));
      }

      it(`lets ${who} go by the main table where the rule has option fallback 'main'`, async () => {
        assert.deepEqual(await outcomes(host, 'soft.example.com'), everyWay('uplink1'));
      });
    }

    it('stays so after a reload and another start', async () => {
      for (const verb of ['reload', 'start']) {
        await command(lab(), verb);
        for (const host of ['client', 'router'] as const) {
          await assertRefused(host, 'strict.example.com');
          assert.deepEqual(await outcomes(host, 'soft.example.com'), everyWay('uplink1'));
        }
      }
    });
  });

  it('lets go when the link is up again', async () => {
    await linkUp(lab(), 'wan2');
    await command(lab(), 'reload');
    for (const host of ['client', 'router'] as const) {
      for (const name of ['strict.example.com', 'bound.example.com', 'soft.example.com']) {
        assert.deepEqual(await outcomes(host, name), everyWay('uplink2'), `${host}, ${name}`);
      }
    }
  });

  it('stops a live connection with its link, and none of its packets take another way', async () => {
    const address = '203.0.113.70';
    await lab().client.resolve('strict.example.com');
    const connection = await lab().client.open(address);
    try {
      assert.equal(await connection.say('one'), 'uplink2 one');
      await lab().router.output('ip link set wan2 down'.split(' '));
      await assert.rejects(connection.say('two', 1_500));
      const [one, two] = await seenAtUplinks(lab());
      assert.equal(one.get(address) ?? 0, 0);
      assert.ok((two.get(address) ?? 0) > 0);
    } finally {
      await connection.close();
      await linkUp(lab(), 'wan2');
      await command(lab(), 'reload');
    }
  });
});
