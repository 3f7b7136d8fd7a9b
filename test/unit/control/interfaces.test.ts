import assert from 'node:assert/strict';
import type { Host } from '../../../src/control/host.ts';
import { hostInterfaces } from '../../../src/control/interfaces.ts';
import { parseDump } from '../../../src/control/netifd.ts';
import { parseAddress } from '../../../src/model/address.ts';
import type { Device } from '../../../src/route/index.ts';
import { DUMP } from './netifd-dump.ts';

const device = (name: string, ifindex: number, more: Partial<Device> = {}): Device => ({
  name,
  ifindex,
  up: true,
  ethernet: true,
  pointToPoint: false,
  inet: true,
  inet6: true,
  addresses: [],
  ...more,
});

const own = (text: string): Device['addresses'] => [
  { address: parseAddress(text) ?? new Uint8Array(), length: 128, peer: undefined },
];

const DEVICES = [
  device('br-lan', 2),
  device('eth1', 3, { addresses: own('192.0.2.100') }),
  device('eth2', 4, { up: false }),
  device('eth3', 5),
  device('pppoe-wan', 6, { ethernet: false, pointToPoint: true }),
  // a port of a switch can have the name of an interface that is made of something else
  device('wan', 7),
  device('tun7', 8),
];

function host(netifd: Host['netifd']): Host {
  const family = { rules: [], routes: [], main: [], gateways: [], endpoints: [] };
  const routing = { inet: family, inet6: family, devices: new Map() };
  return { devices: DEVICES, netifd, resolvers: [], routing };
}

describe('the interfaces of a host', () => {
  const { resolve, uplink, way, isUp } = hostInterfaces(host(parseDump(DUMP)));

  it("are netifd's first, then the devices", () => {
    const names = ['lan', 'wan', 'wan6', 'wanc', 'lte', 'wg0', 'tun7', 'nope'];
    assert.deepEqual(
      names.map((name) => resolve(name)?.name),
      ['br-lan', 'pppoe-wan', 'pppoe-wan', 'eth1', 'eth3', undefined, 'tun7', undefined],
    );
  });

  it('are devices alone where there is no netifd', () => {
    const without = hostInterfaces(host(undefined));
    assert.deepEqual(without.way('wan'), { device: 'wan' });
    assert.deepEqual(without.way('lan'), { device: undefined });
    assert.deepEqual(
      [without.isUp('wan'), without.isUp('eth2'), without.isUp('lan')],
      [true, false, false],
    );
  });

  it('lead nowhere while netifd says that they are down, though their device is up', () => {
    assert.deepEqual(way('lte'), { device: undefined, routes: { inet: [], inet6: [] } });
    assert.deepEqual([uplink('lte'), isUp('lte')], [undefined, false]);
    // packets of a LAN that comes up are to be seen from the first one on
    assert.equal(resolve('lte')?.name, 'eth3');
  });

  it('lead by the default routes of netifd', () => {
    assert.deepEqual(way('wanb'), {
      device: 'eth2',
      routes: { inet: [{ gateway: '198.51.100.1', metric: 20 }], inet6: undefined },
    });
    assert.equal(isUp('wanb'), false);
  });

  it('share the routes of the families that they lack with others on their device', () => {
    const inet = [{ gateway: '100.64.0.1', metric: 10 }];
    const inet6 = [
      { gateway: 'fe80::1', from: '2001:db8:5::/56', metric: 512 },
      { gateway: 'fe80::1', from: '2001:db8:4::7', metric: 512 },
    ];
    assert.deepEqual(way('wan'), { device: 'pppoe-wan', routes: { inet, inet6 } });
    assert.deepEqual(way('wan6'), { device: 'pppoe-wan', routes: { inet, inet6 } });
  });

  it('have a preferred source address as long as the machine has it', () => {
    const inet = [{ gateway: '192.0.2.1', source: '192.0.2.100', metric: 15 }];
    assert.deepEqual(way('wanc').routes?.inet, inet);
    const renumbered = { ...host(parseDump(DUMP)), devices: [device('eth1', 3)] };
    assert.deepEqual(hostInterfaces(renumbered).way('wanc').routes?.inet, [
      { gateway: '192.0.2.1', metric: 15 },
    ]);
  });

  it('leave to the main table what netifd does not know', () => {
    assert.deepEqual(way('lan'), {
      device: 'br-lan',
      routes: { inet: undefined, inet6: undefined },
    });
  });
});
