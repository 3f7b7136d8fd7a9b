import assert from 'node:assert/strict';
import { mountPoints } from '../../../src/control/environment.ts';
import { ownAddresses, parseResolvers } from '../../../src/control/host.ts';
import { identifier, parseNeighbours } from '../../../src/control/neighbours.ts';
import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import { clientOfInterface, clientOfMac, parseMac } from '../../../src/model/client.ts';
import { formatPrefix } from '../../../src/model/prefix.ts';
import type { Device } from '../../../src/route/index.ts';

describe('what is read of the machine', () => {
  it('has the nameservers of resolv.conf(5), with and without a zone', () => {
    const text = [
      '# made by netifd',
      'search lan',
      'nameserver 192.0.2.1',
      '  nameserver\t2001:db8::1  ',
      'nameserver fe80::1%eth0',
      'nameserver resolver.example',
      'nameserver',
    ].join('\n');
    assert.deepEqual(parseResolvers(text).map(formatAddress), [
      '192.0.2.1',
      '2001:db8::1',
      'fe80::1',
    ]);
  });

  it('has mount points by type, with their blanks', () => {
    const mounts = [
      'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
      'cgroup2 /sys/fs/cgroup\\040v2 cgroup2 rw 0 0',
      '',
    ].join('\n');
    assert.deepEqual(mountPoints(mounts, 'cgroup2'), ['/sys/fs/cgroup v2']);
  });

  it('has as its own the addresses of devices, gateways and endpoints, and what netifd adds', () => {
    const address = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array();
    const family = { rules: [], routes: [], main: [] };
    const device: Device = {
      name: 'ppp0',
      ifindex: 5,
      up: true,
      ethernet: false,
      pointToPoint: true,
      inet: true,
      inet6: false,
      addresses: [
        { address: address('10.9.0.1'), length: 128, peer: address('10.9.0.2') },
        { address: address('10.8.3.4'), length: 112, peer: undefined },
      ],
    };
    const { connected, addresses } = ownAddresses({
      devices: [device],
      routing: {
        inet: { ...family, gateways: [address('192.0.2.1')], endpoints: [address('192.0.2.99')] },
        inet6: { ...family, gateways: [address('fe80::1')], endpoints: [] },
        devices: new Map(),
      },
      netifd: [
        {
          name: 'wan',
          up: true,
          device: 'ppp0',
          routes: [{ family: 'inet', gateway: '192.0.2.3', source: undefined, metric: 0 }],
          addresses: [address('192.0.2.4')],
          dnsServers: [address('192.0.2.5')],
          endpoints: [address('192.0.2.6')],
        },
      ],
      resolvers: [address('192.0.2.7')],
    });
    assert.deepEqual(connected.map(formatPrefix), ['10.9.0.1', '10.8.0.0/16']);
    assert.deepEqual(addresses.map(formatAddress).sort(), [
      '10.8.3.4',
      '10.9.0.1',
      '10.9.0.2',
      '192.0.2.1',
      '192.0.2.3',
      '192.0.2.4',
      '192.0.2.5',
      '192.0.2.6',
      '192.0.2.7',
      '192.0.2.99',
      'fe80::1',
    ]);
  });
});

describe('a client', () => {
  const mac = parseMac('02:00:00:00:77:10') ?? new Uint8Array();
  const bytes = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array();
  // ip -json neighbour show, iproute2 6.1
  const neighbours = parseNeighbours(
    JSON.stringify([
      { dst: '192.168.77.10', dev: 'br-lan', lladdr: '02:00:00:00:77:10', state: ['REACHABLE'] },
      { dst: 'fe80::10', dev: 'br-lan', lladdr: '02:00:00:00:77:10', state: ['STALE'] },
      { dst: '192.168.77.99', dev: 'br-lan', state: ['FAILED'] },
    ]),
  );
  const device = (name: string, ifindex: number, prefix: string, length: number): Device => ({
    name,
    ifindex,
    up: true,
    ethernet: true,
    pointToPoint: false,
    inet: true,
    inet6: false,
    addresses: [{ address: bytes(prefix), length, peer: undefined }],
  });
  const identify = identifier(neighbours, [
    device('br-lan', 3, '192.168.77.1', 120),
    device('wg0', 9, '10.9.0.1', 120),
  ]);
  const hex = (list: readonly Uint8Array[]): string[] => [
    ...new Set(list.map((item) => Buffer.from(item).toString('hex'))),
  ];

  it('with a MAC address is known by it first, then by its addresses and its interface', () => {
    const expected = [
      clientOfMac(mac),
      bytes('192.168.77.10'),
      bytes('fe80::10'),
      clientOfInterface(3),
    ];
    assert.deepEqual(hex(identify(bytes('192.168.77.10'))), hex(expected));
    assert.deepEqual(hex(identify(clientOfMac(mac))), hex(expected));
  });

  it('of a tunnel is known by its address, and by the interface that has its prefix', () => {
    const client = bytes('10.9.0.7');
    assert.deepEqual(hex(identify(client)), hex([client, clientOfInterface(9)]));
  });

  it('that nobody knows is known by what it was asked for', () => {
    assert.deepEqual(hex(identify(bytes('203.0.113.1'))), hex([bytes('203.0.113.1')]));
  });
});
