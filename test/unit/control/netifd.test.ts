import assert from 'node:assert/strict';
import { parseDump } from '../../../src/control/netifd.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { DUMP } from './netifd-dump.ts';

describe("netifd's dump", () => {
  const byName = new Map(parseDump(DUMP).map((item) => [item.name, item]));
  const find = (name: string) => byName.get(name) ?? assert.fail(name);

  it('has interfaces with their layer 3 device, else the device they are made of', () => {
    assert.deepEqual(
      [...byName.values()].map(({ name, up, device }) => [name, up, device]),
      [
        ['lan', true, 'br-lan'],
        ['wan', true, 'pppoe-wan'],
        ['wan6', true, 'pppoe-wan'],
        ['wanb', true, 'eth2'],
        ['wanc', true, 'eth1'],
        ['lte', false, 'eth3'],
        ['wg0', false, undefined],
      ],
    );
  });

  it('has default routes, with the metric of the interface where they have none', () => {
    assert.deepEqual(find('wanb').routes, [
      { family: 'inet', gateway: '198.51.100.1', source: undefined, metric: 20 },
    ]);
    assert.deepEqual(find('wan').routes, [
      { family: 'inet', gateway: '100.64.0.1', source: undefined, metric: 10 },
    ]);
  });

  it('has default routes of IPv6 by source prefix', () => {
    assert.deepEqual(find('wan6').routes, [
      { family: 'inet6', gateway: 'fe80::1', source: '2001:db8:5::/56', metric: 512 },
      { family: 'inet6', gateway: 'fe80::1', source: '2001:db8:4::7', metric: 512 },
    ]);
  });

  it("has the route that option defaultroute '0' holds back, with its source address", () => {
    assert.deepEqual(find('wanc').routes, [
      { family: 'inet', gateway: '192.0.2.1', source: '192.0.2.100', metric: 15 },
    ]);
  });

  it('has no routes of what is down', () => {
    assert.deepEqual([find('lte').routes, find('wg0').routes], [[], []]);
  });

  it('has addresses, resolvers and the far ends of tunnels', () => {
    assert.deepEqual(find('lan').addresses.map(formatAddress), [
      '192.168.1.1',
      'fd12:3456:789a::1',
    ]);
    assert.deepEqual(find('wan').addresses.map(formatAddress), ['100.64.3.9', '100.64.0.1']);
    assert.deepEqual(find('wan').dnsServers.map(formatAddress), ['203.0.113.53', '2001:db8::53']);
    assert.deepEqual(find('wanb').endpoints.map(formatAddress), ['203.0.113.77']);
  });

  it('may be anything else: then less is read, and nothing fails', () => {
    const odd: readonly unknown[] = [
      undefined,
      null,
      'interface',
      [],
      {},
      { interface: {} },
      { interface: ['wan', null, 7, {}, { interface: 7 }, { interface: '' }] },
    ];
    for (const value of odd) assert.deepEqual(parseDump(value), []);
    const [item] = parseDump({
      interface: [
        {
          interface: '__proto__',
          up: true,
          l3_device: 'eth0\nroute add',
          metric: -1,
          route: [
            { target: '0.0.0.0', mask: 0, nexthop: '192.0.2.1; reboot', source: 'x/y' },
            { target: '0.0.0.0', mask: '0', nexthop: '192.0.2.1' },
            { target: '::', mask: 0, nexthop: '192.0.2.1', source: '192.0.2.0/24', metric: 1e300 },
            { target: '0.0.0.0', mask: 0, nexthop: '0.0.0.0', type: 7 },
            { target: '203.0.113.1', mask: 32, nexthop: '0.0.0.0' },
            'default',
          ],
          'ipv4-address': { address: '192.0.2.1' },
          'ipv6-address': [{ address: 5 }, null],
          'dns-server': ['resolver', {}, null],
          inactive: 'no',
        },
        { interface: '__proto__', up: true },
      ],
    });
    assert.deepEqual(item, {
      name: '__proto__',
      up: true,
      device: undefined,
      routes: [
        { family: 'inet', gateway: undefined, source: undefined, metric: 0xffffffff },
        { family: 'inet6', gateway: undefined, source: undefined, metric: 0xffffffff },
      ],
      addresses: [],
      dnsServers: [],
      endpoints: [],
    });
  });

  it('cannot have more interfaces than there is sense in', () => {
    const many = Array.from({ length: 5000 }, (_, n) => ({ interface: `i${n}`, up: false }));
    assert.equal(parseDump({ interface: many }).length, 1024);
  });
});
