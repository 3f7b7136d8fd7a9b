import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';

import { createLab } from '../lab/lab.ts';
import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';

describe('the lab', () => {
  const lab = useLab({ cnames: { 'alias.example.com': 'www.example.com' }, ttlSeconds: 120 });

  for (const name of ['client', 'client2', 'router'] as const) {
    for (const family of [4, 6] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        it(`${name} resolves a name and reaches uplink1 by IPv${family} and ${protocol}`, async () => {
          assert.equal(
            await lab().whichUplink(lab()[name], 'www.example.com', { family, protocol }),
            'uplink1',
          );
        });
      }
    }
  }

  it('has an uplink2 that says who it is', async () => {
    assert.equal(await lab().whichUplink(lab().client, ADDRESSES.uplink2.inet), 'uplink2');
    assert.equal(await lab().whichUplink(lab().client, ADDRESSES.uplink2.inet6), 'uplink2');
  });

  it('lets curl resolve with the resolver of its host', async () => {
    const url = 'http://www.example.com/';
    assert.equal(await lab().client2.output(['curl', '-sS', '-6', url]), 'uplink1\n');
  });

  it('answers over TCP, by IPv6 and with the TTL asked for', async () => {
    const expected = { rcode: 0, addresses: ['203.0.113.10'], ttlSeconds: 120 };
    const options = { protocol: 'tcp', server: ADDRESSES.router.inet6 } as const;
    const answer = await lab().client.resolve('www.example.com', 'A', options);
    // the router's resolver counts down
    assert.ok((answer.ttlSeconds ?? 0) > 100 && (answer.ttlSeconds ?? 0) <= 120);
    assert.deepEqual({ ...answer, ttlSeconds: 120 }, expected);
  });

  it('follows an alias, and learns new ones and new names while it runs', async () => {
    const hosts: Record<string, string[]> = {};
    for (let i = 0; i < 10_000; i++) {
      hosts[`n${i}.example.com`] = [
        `203.0.${i >> 8}.${i & 255}`,
        `2001:db8:113:1::${i.toString(16)}`,
      ];
    }
    await lab().zone.addHosts(hosts);
    await lab().zone.addCnames({ 'late.example.org': 'n9999.example.com' });
    const addresses = async (name: string, type: 'A' | 'AAAA'): Promise<readonly string[]> =>
      (await lab().client.resolve(name, type)).addresses;
    assert.deepEqual(await addresses('alias.example.com', 'A'), ['203.0.113.10']);
    assert.deepEqual(await addresses('n258.example.com', 'A'), ['203.0.1.2']);
    assert.deepEqual(await addresses('late.example.org', 'AAAA'), ['2001:db8:113:1::270f']);
    assert.equal((await lab().client.resolve('unknown.example.com')).rcode, 3);
  });

  it('counts the queries that clients made', async () => {
    const before = lab().zone.queries('two.example.net');
    await lab().client.resolve('two.example.net');
    await lab().client2.resolve('two.example.net', 'AAAA');
    assert.equal(lab().zone.queries('two.example.net') - before, 2);
  });

  it('runs what is of the router in a cgroup of its own', async () => {
    assert.match(
      await lab().router.output(['cat', '/proc/self/cgroup']),
      new RegExp(`^0::.*/${lab().name}$`, 'm'),
    );
  });

  it('leaves nothing behind', async () => {
    const short = await createLab();
    await short.close();
    const left = readdirSync('/run/netns').filter((entry) => entry.startsWith(`${short.name}-`));
    assert.deepEqual(left, []);
    assert.equal(existsSync(`/run/${short.name}`), false);
    assert.equal(existsSync(short.directories.cgroup), false);
  });
});
