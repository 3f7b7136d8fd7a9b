/**
 * Interfaces that come, go and change while packets flow: the daemon follows netifd and the kernel, and not one packet of
 * a rule with option fallback 'block' takes another way meanwhile.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import type { Host } from '../lab/host.ts';
import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { until } from '../lab/until.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { moveToGuests } from './support/guests.ts';
import { catchLeaks, caughtLeaks } from './support/leaks.ts';
import { NetifdDouble, type InterfaceConfig } from './support/netifd.ts';
import { programArgv } from './support/program.ts';
import { command, query, uci, type Rules, type Status } from './support/router.ts';
import { countAtUplinks, seenAtUplinks } from './support/seen.ts';
import { kernelObjects, TRACES_PROGRAMS } from './support/traces.ts';

const RULES: Rules = {
  strict: { domain: ['strict.example.com'], interface: 'vpn' },
  bound: { domain: ['bound.example.com'], interface: 'vpn', local: 'bind' },
  soft: { domain: ['soft.example.com'], interface: 'vpn', fallback: 'main' },
  guests: { domain: ['guests.example.com'], client: ['@guest'], interface: 'vpn' },
};

const HOSTS = {
  'strict.example.com': ['203.0.113.70', '2001:db8:113::70'],
  'bound.example.com': ['203.0.113.71', '2001:db8:113::71'],
  'soft.example.com': ['203.0.113.72', '2001:db8:113::72'],
  'guests.example.com': ['203.0.113.74', '2001:db8:113::74'],
} as const;

/** What must not leak. */
const BLOCKED = [...HOSTS['strict.example.com'], ...HOSTS['bound.example.com']];

/** netifd's: IPv4 and IPv6 of one uplink, as most providers have it; their routes are for rules alone. */
const VPN: InterfaceConfig = {
  device: 'wan2',
  addresses: ['198.51.101.2/24'],
  gateways: ['198.51.101.1'],
  defaultRoute: false,
  dns: ['203.0.113.153'],
};
const VPN6: InterfaceConfig = {
  device: 'wan2',
  addresses: ['2001:db8:2::2/64'],
  gateways: ['2001:db8:2::1'],
  defaultRoute: false,
};

/** The goal is a second; machines that test have other things to do. */
const SOON_MS = 5_000;

const REFUSED = /^(EHOSTUNREACH|ENETUNREACH|EACCES|ECONNREFUSED)$/;

describe('an interface', function () {
  this.timeout(120_000);
  const lab = useLab({ hosts: HOSTS }, TRACES_PROGRAMS);
  const { ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;
  let netifd: NetifdDouble | undefined;
  const streams: ChildProcess[] = [];

  before(async () => {
    const { client, router } = lab();
    // what is left must come from netifd
    for (const family of ['-4', '-6']) {
      await router.output(['ip', family, 'route', 'del', 'default', 'dev', 'wan2']);
    }
    netifd = await NetifdDouble.start(lab(), {
      lan: { device: 'br-lan', addresses: ['192.168.77.1/24'] },
      wan: { device: 'wan1', addresses: ['198.51.100.2/24'], gateways: ['198.51.100.1'] },
      vpn: VPN,
      vpn6: VPN6,
    });
    lab().configure(uci(RULES, { lan: ['lan', 'guest'], wan: ['wan'] }));
    daemon = await startDaemon(lab());
    for (const host of [client, router]) {
      for (const name of Object.keys(HOSTS)) {
        await host.resolve(name);
        await host.resolve(name, 'AAAA');
      }
    }
    await bothBy('uplink2', 'the start');
    await countAtUplinks(lab());
    await catchLeaks(lab().uplink1, BLOCKED);
    const argv = programArgv(lab(), 'stream');
    for (const host of [client, router]) {
      const stream = host.spawn([...argv, JSON.stringify(BLOCKED)], { stdio: ['pipe', 2, 2] });
      streams.push(stream);
      // the router's own sockets are those of its cgroup, which nsenter has not entered
      if (host === router) {
        writeFileSync(`${lab().directories.cgroup}/cgroup.procs`, String(stream.pid));
      }
      stream.stdin?.write('begin\n');
    }
  });

  after(async () => {
    for (const stream of streams) stream.kill('SIGKILL');
    netifd?.close();
    await daemon?.end('SIGKILL');
  });

  const netifdDouble = (): NetifdDouble => netifd ?? assert.fail('there is no netifd');

  /** By which uplink, or with which error, new connections to a name go now, in both families. */
  async function ways(host: Host, name: keyof typeof HOSTS): Promise<string> {
    const found = HOSTS[name].map((address) =>
      lab().whichUplink(host, address, { timeoutMs: 1_000 }),
    );
    const [inet = '', inet6 = ''] = await Promise.all(found);
    return REFUSED.test(inet) && REFUSED.test(inet6) ? 'refused' : `${inet} ${inet6}`;
  }

  /** Waits until both hosts find what the rules tell, and tells how long it took. */
  async function bothBy(uplink: 'uplink2' | 'refused', after: string): Promise<void> {
    const expected = uplink === 'uplink2' ? 'uplink2 uplink2' : 'refused';
    const started = performance.now();
    const { client, router } = lab();
    for (const host of [client, router]) {
      for (const name of ['strict.example.com', 'bound.example.com'] as const) {
        let found = '';
        await until(
          `${host.name}, ${name}: ${expected} after ${after}`,
          async () => (found = await ways(host, name)) === expected,
          SOON_MS,
        ).catch((error: unknown) => {
          const log = daemon?.log.slice(-5).join('; ') ?? '';
          throw new Error(`${host.name}, ${name}: ${found} after ${after}: ${log}`, {
            cause: error,
          });
        });
      }
    }
    if (process.env['MEASURE'] !== undefined) {
      console.log(`      ${after}: ${Math.round(performance.now() - started)} ms`);
    }
  }

  /** Nothing of a strict rule was seen at the other uplink, ever; and it flows, or it does not. */
  async function assertNoLeak(flows: boolean): Promise<void> {
    const arrived = async (): Promise<number> => {
      const [, seen] = await seenAtUplinks(lab());
      return BLOCKED.reduce((sum, address) => sum + (seen.get(address) ?? 0), 0);
    };
    const before = await arrived();
    if (flows) await until('packets flow', async () => (await arrived()) > before + 20, SOON_MS);
    assert.deepEqual(await caughtLeaks(lab().uplink1), []);
  }

  async function generation(): Promise<number> {
    return (await query<Status>(lab(), 'status')).generation;
  }

  const ip = (...lines: readonly string[]): Promise<string> =>
    lab().router.output(['ip', '-batch', '-'], lines.join('\n'));

  it('of netifd leads by its own routes, though the main table has none', async () => {
    await bothBy('uplink2', 'nothing');
    await assertNoLeak(true);
    const table = await lab().router.output(['ip', '-4', 'route', 'show', 'default']);
    assert.doesNotMatch(table, /wan2/);
  });

  it('that goes down takes what its rules take with it, and nothing leaks', async () => {
    await netifdDouble().down('vpn');
    await netifdDouble().down('vpn6');
    await bothBy('refused', 'down');
    await until(
      'the rule with a fallback goes by the main table',
      async () => (await ways(lab().client, 'soft.example.com')) === 'uplink1 uplink1',
      SOON_MS,
    );
    await assertNoLeak(false);
  });

  it('that comes up is used again', async () => {
    await netifdDouble().up('vpn');
    await netifdDouble().up('vpn6');
    await bothBy('uplink2', 'up');
    assert.equal(await ways(lab().client, 'soft.example.com'), 'uplink2 uplink2');
    await assertNoLeak(true);
  });

  it('whose link goes without a word of netifd is followed as well', async () => {
    await ip('link set wan2 down');
    await bothBy('refused', 'link down');
    await assertNoLeak(false);
    await ip('link set wan2 up', 'address replace 2001:db8:2::2/64 dev wan2 nodad');
    await bothBy('uplink2', 'link up');
  });

  it('that gets another address and gateway leads there, and both are protected', async () => {
    await lab().uplink2.output(['ip', 'address', 'add', '198.51.101.9/24', 'dev', 'eth0']);
    await netifdDouble().configure('vpn', {
      ...VPN,
      addresses: ['198.51.101.22/24'],
      gateways: ['198.51.101.9'],
      dns: ['203.0.113.154'],
    });
    await lab().uplink2.output('ip route replace 0.0.0.0/0 via 198.51.101.22'.split(' '));
    await bothBy('uplink2', 'another gateway');
    const tables = await lab().router.output('ip -4 route show table all proto 212'.split(' '));
    assert.match(tables, /default via 198\.51\.101\.9 dev wan2/);
    assert.doesNotMatch(tables, /via 198\.51\.101\.1 /);
    const reason = async (address: string): Promise<string> =>
      (await query<{ readonly reason: string }>(lab(), 'explain', address)).reason;
    for (const address of ['198.51.101.9', '198.51.101.22', '203.0.113.154']) {
      assert.match(await reason(address), /protected/, address);
    }
    assert.doesNotMatch(await reason('203.0.113.153'), /protected/);
    await assertNoLeak(true);
  });

  it('that gets another device leads by it', async () => {
    const { uplink2 } = lab();
    await ip(`link add wan3 type veth peer name eth1 netns ${uplink2.netns}`, 'link set wan3 up');
    const peer = [
      'link set eth1 up',
      'address add 198.51.102.1/24 dev eth1',
      'address add 2001:db8:3::1/64 dev eth1 nodad',
      'route replace 0.0.0.0/0 via 198.51.102.2 dev eth1',
      'route replace ::/0 via 2001:db8:3::2 dev eth1',
    ];
    await uplink2.output(['ip', '-batch', '-'], peer.join('\n'));
    const moved = { device: 'wan3', defaultRoute: false };
    await netifdDouble().configure('vpn', {
      ...moved,
      addresses: ['198.51.102.2/24'],
      gateways: ['198.51.102.1'],
    });
    await netifdDouble().configure('vpn6', {
      ...moved,
      addresses: ['2001:db8:3::2/64'],
      gateways: ['2001:db8:3::1'],
    });
    await bothBy('uplink2', 'another device');
    await assertNoLeak(false);
  });

  it('that connects again, with another ifindex, is used again', async () => {
    const { uplink2 } = lab();
    const back = [
      'route replace 0.0.0.0/0 via 198.51.101.2 dev eth0',
      'route replace ::/0 via 2001:db8:2::2 dev eth0',
    ];
    await uplink2.output(['ip', '-batch', '-'], back.join('\n'));
    await netifdDouble().configure('vpn', VPN);
    await netifdDouble().configure('vpn6', VPN6);
    await bothBy('uplink2', 'the first device again');
    for (let round = 1; round <= 3; round++) {
      await ip('link del wan2');
      await netifdDouble().down('vpn');
      await netifdDouble().down('vpn6');
      await bothBy('refused', `hang-up ${round}`);
      await assertNoLeak(false);
      await ip(
        // the numbers of devices that are gone are not given again
        `link add wan2 type veth peer name eth0 address ${ADDRESSES.uplink2.mac} netns ${uplink2.netns}`,
      );
      const peer = [
        'link set eth0 up',
        'address add 198.51.101.1/24 dev eth0',
        'address add 2001:db8:2::1/64 dev eth0 nodad',
        ...back,
      ];
      await uplink2.output(['ip', '-batch', '-'], peer.join('\n'));
      await netifdDouble().up('vpn');
      await netifdDouble().up('vpn6');
      await bothBy('uplink2', `connection ${round}`);
      await assertNoLeak(true);
    }
  });

  it('of guests, when it appears, is steered, without another program being loaded', async () => {
    const { programs } = await kernelObjects(lab());
    const before = await query<Status>(lab(), 'status');
    assert.equal(before.devices.filter(({ role }) => role === 'lan').length, 1);
    const started = performance.now();
    await moveToGuests(lab());
    await netifdDouble().configure('guest', { device: 'lan2', addresses: ['192.168.78.1/24'] });
    await until(
      'the device is attached',
      async () =>
        (await query<Status>(lab(), 'status')).devices.some(({ name }) => name === 'lan2'),
      SOON_MS,
    );
    if (process.env['MEASURE'] !== undefined) {
      console.log(`      guests: ${Math.round(performance.now() - started)} ms`);
    }
    const { client, client2 } = lab();
    assert.equal(await lab().whichUplink(client2, 'guests.example.com'), 'uplink2');
    assert.equal(await lab().whichUplink(client, 'guests.example.com'), 'uplink1');
    assert.deepEqual([...(await kernelObjects(lab())).programs].sort(), [...programs].sort());
  });

  /** Our routes. */
  const tables = (): Promise<string> =>
    lab().router.output('ip -4 route show table all proto 212'.split(' '));

  /** Somebody empties our tables: then all is as it was, and the daemon has looked at everything before. */
  async function assertRepaired(): Promise<void> {
    const whole = await tables();
    for (const number of new Set([...whole.matchAll(/ table (\d+)/g)].map(([, table]) => table))) {
      await lab().router.output(['ip', 'route', 'flush', 'table', number ?? '']);
    }
    await until('the routes are back', async () => (await tables()) === whole, SOON_MS);
  }

  it('keeps its routes and its kill switch when somebody removes them', async () => {
    await assertRepaired();
    await netifdDouble().down('vpn');
    await bothBy('refused', 'down');
    await assertRepaired();
    await netifdDouble().up('vpn');
    await bothBy('uplink2', 'up');
    await assertRepaired();
  });

  it('keeps its kill switch while netifd does not answer', async () => {
    const rules = (): Promise<string> => lab().router.output(['ip', '-4', 'rule', 'show']);
    await assertRepaired();
    const whole = await rules();
    netifdDouble().busy = true;
    try {
      for (const [, priority = ''] of whole.matchAll(/^(24\d{3}):/gm)) {
        await lab().router.output(['ip', 'rule', 'del', 'priority', priority]);
      }
      await until('the rules are back', async () => (await rules()) === whole, SOON_MS);
    } finally {
      netifdDouble().busy = false;
    }
    await bothBy('uplink2', 'netifd was busy');
  });

  it('that says the same again makes no verdict void', async () => {
    await assertRepaired();
    const at = await generation();
    for (let i = 0; i < 10; i++) netifdDouble().update('vpn');
    await ip('route add 203.0.113.250/32 dev wan1', 'route del 203.0.113.250/32 dev wan1');
    await assertRepaired();
    assert.equal(await generation(), at);
  });

  it('tells ubus of what it does', async () => {
    const told: Readonly<Record<string, unknown>>[] = [];
    const subscription = ubus().client.subscribe('domainroute', (type, data) => {
      if (type === 'interface' && data['interface'] === 'vpn') told.push(data);
    });
    await until('it is subscribed', () => subscription.subscribed);
    await netifdDouble().down('vpn');
    const state = await until('it is told', () => told.find(({ up }) => up === false), SOON_MS);
    assert.deepEqual([state['device'], state['roles']], ['wan2', ['rule']]);
    subscription.close();
    await netifdDouble().up('vpn');
  });

  it('leaves nothing behind when it is stopped', async () => {
    await daemon?.end();
    await command(lab(), 'stop');
    const left = await lab().router.output('ip -4 route show table all proto 212'.split(' '));
    assert.equal(left, '');
  });
});
