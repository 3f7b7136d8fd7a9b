import assert from 'node:assert/strict';

import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import { parseDevices } from '../../../src/route/device.ts';
import { parseRoutes, parseRules, readRouting } from '../../../src/route/kernel-routing.ts';
import type { CommandResult, Runner } from '../../../src/route/command.ts';

// what iproute2 6.1.0 writes with -N -json on Linux 6.18
const RULES = `[{"priority":0,"src":"all","table":"255"},
{"priority":24001,"src":"all","fwmark":"0x1000000","fwmask":"0x3f000000","table":"24001","protocol":"212"},
{"priority":24002,"src":"all","fwmark":"0x5","table":"24002","protocol":"212"},
{"priority":24003,"src":"all","fwmark":"0x5","table":"254","protocol":"3"},
{"priority":32766,"src":"all","table":"254"}]`;
const OURS = `[{"dst":"default","gateway":"10.0.0.9","dev":"wan1","table":"24001","flags":["onlink"]},
{"type":"7","dst":"default","table":"24001","metric":4294967295,"flags":[]},
{"dst":"default","dev":"tun8","table":"24003","scope":"253","flags":["linkdown"]}]`;
const MAIN6 = `[{"dst":"default","from":"2001:db8::/56","gateway":"fe80::1","dev":"wan1","metric":512,"flags":[],"pref":"medium"},
{"dst":"default","metric":700,"flags":[],"pref":"medium","nexthops":[
{"gateway":"fe80::1","dev":"wan1","weight":1,"flags":[]},{"gateway":"fe80::2","dev":"wan2","weight":1,"flags":[]}]},
{"type":"8","dst":"default","dev":"lo","metric":1024,"flags":[],"pref":"medium"}]`;
const DEFAULTS = `[{"dst":"default","gateway":"192.0.2.1","dev":"wan1","protocol":"4","metric":10,"flags":[]},
{"dst":"default","gateway":"10.0.0.9","dev":"wan1","table":"24001","protocol":"212","flags":["onlink"]},
{"type":"7","dst":"default","table":"24001","protocol":"212","metric":4294967295,"flags":[]},
{"dst":"default","dev":"tun8","table":"24003","protocol":"212","scope":"253","flags":["linkdown"]}]`;
const BOOT = `[{"dst":"198.51.100.9","dev":"wan1","flags":[]},
{"dst":"5.5.0.0/16","via":{"family":"inet6","host":"fe80::1"},"dev":"wan1","flags":[]},
{"dst":"198.51.100.10","gateway":"192.0.2.2","dev":"wan1","table":"100","flags":[]}]`;
const STATIC = `[{"dst":"default","gateway":"192.0.2.1","dev":"wan1","metric":10,"flags":[]},
{"dst":"198.51.100.7","gateway":"192.0.2.1","dev":"wan1","flags":[]}]`;
const DHCP = `[{"dst":"198.51.100.11","gateway":"192.0.2.3","dev":"wan1","flags":[]}]`;
const LINKS = `[{"ifindex":3,"link":"pwan1","ifname":"wan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"link_type":"[1]","address":"1e:a6:b0:ab:a0:42"},
{"ifindex":4,"ifname":"tun8","flags":["NO-CARRIER","POINTOPOINT","MULTICAST","NOARP"],"link_type":"[65534]"}]`;
const ADDRESSES4 = `[{"ifindex":3,"link":"pwan1","ifname":"wan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"addr_info":[
{"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"0","label":"wan1"}]},
{"ifindex":4,"ifname":"tun8","flags":["NO-CARRIER","POINTOPOINT","MULTICAST","NOARP"],"addr_info":[
{"family":"inet","local":"10.9.0.1","address":"10.9.0.2","prefixlen":32,"scope":"0","label":"tun8"}]}]`;
const ADDRESSES6 = `[{"ifindex":3,"link":"pwan1","ifname":"wan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"addr_info":[
{"family":"inet6","local":"fe80::f849:f1ff:fe4a:8e39","prefixlen":64,"scope":"253"}]}]`;

const values = (json: string): readonly unknown[] => JSON.parse(json) as readonly unknown[];

describe('what ip prints', () => {
  it('is read as the rules with our protocol number', () => {
    assert.deepEqual(parseRules(values(RULES)), [
      { priority: 24001, mark: 0x1000000, mask: 0x3f000000, table: 24001 },
      { priority: 24002, mark: 5, mask: 0xffffffff, table: 24002 },
    ]);
  });

  it('is read as routes with and without gateway', () => {
    assert.deepEqual(parseRoutes(values(OURS)), [
      { type: 'unicast', table: 24001, metric: 0, device: 'wan1', gateway: '10.0.0.9' },
      { type: 'unreachable', table: 24001, metric: 4294967295 },
      { type: 'unicast', table: 24003, metric: 0, device: 'tun8' },
    ]);
  });

  it('is read as routes by source, over several next hops, and of IPv6 to nowhere', () => {
    const common = { type: 'unicast', table: 254 };
    assert.deepEqual(parseRoutes(values(MAIN6)), [
      { ...common, metric: 512, from: '2001:db8::/56', device: 'wan1', gateway: 'fe80::1' },
      { ...common, metric: 700, device: 'wan1', gateway: 'fe80::1' },
      { ...common, metric: 700, device: 'wan2', gateway: 'fe80::2' },
      { type: 'prohibit', table: 254, metric: 1024 },
    ]);
  });

  it('is read as an IPv6 gateway of an IPv4 route (RFC 5549)', () => {
    const json =
      '[{"dst":"default","via":{"family":"inet6","host":"fe80::1"},"dev":"wan1","prefsrc":"10.0.0.1"}]';
    assert.deepEqual(parseRoutes(values(json)), [
      {
        type: 'unicast',
        table: 254,
        metric: 0,
        device: 'wan1',
        gateway: 'inet6 fe80::1',
        source: '10.0.0.1',
      },
    ]);
  });
});

describe('the devices that ip prints', () => {
  it('are put together from links and from addresses of both families', () => {
    const address = (text: string) => parseAddress(text);
    assert.deepEqual(
      parseDevices([...values(LINKS), ...values(ADDRESSES4), ...values(ADDRESSES6)]),
      [
        {
          name: 'wan1',
          ifindex: 3,
          up: true,
          ethernet: true,
          pointToPoint: false,
          inet: true,
          // an address of the link does not count
          inet6: false,
          addresses: [
            { address: address('10.0.0.1'), length: 120, peer: undefined },
            { address: address('fe80::f849:f1ff:fe4a:8e39'), length: 64, peer: undefined },
          ],
        },
        {
          name: 'tun8',
          ifindex: 4,
          up: false,
          ethernet: false,
          pointToPoint: true,
          inet: true,
          inet6: false,
          addresses: [{ address: address('10.9.0.1'), length: 128, peer: address('10.9.0.2') }],
        },
      ],
    );
  });

  it('have an Ethernet header by the name of their type as well, or are not there without a number', () => {
    const [device] = parseDevices([{ ifname: 'lan', ifindex: 2, link_type: 'ether' }]);
    assert.equal(device?.ethernet, true);
    assert.deepEqual(parseDevices([{ ifname: 'lan' }, { ifindex: 2 }, 7, null]), []);
  });
});

describe('reading the routing tables', () => {
  const OUTPUTS: Readonly<Record<string, string>> = {
    'rule show': RULES,
    'route show table all exact default': DEFAULTS,
    'route show table all proto 3': BOOT,
    'route show table all proto 4': STATIC,
    'route show table all proto 16': DHCP,
    'link show': LINKS,
    'address show': '[]',
  };

  /** ip -batch: a line of output for each of input; or what is given, for one family or both. */
  const fake =
    (reply: Partial<CommandResult> = {}, family = /^-[46]$/): Runner =>
    (argv, stdin = '') => {
      const commands = stdin.split('\n').filter((line) => line !== '');
      const lines = commands.map((command) => (OUTPUTS[command] ?? '[]').replaceAll('\n', ''));
      const stdout = lines.map((line) => `${line}\n`).join('');
      const result = { status: 0, stdout, stderr: '' };
      return Promise.resolve(family.test(argv[1] ?? '') ? { ...result, ...reply } : result);
    };

  it('tells our routes from those of others, of which it takes gateways and endpoints', async () => {
    const { inet, devices } = await readRouting(fake());
    assert.deepEqual(
      inet.routes.map(({ table }) => table),
      [24001, 24001, 24003],
    );
    assert.deepEqual(
      inet.main.map(({ gateway, metric }) => [gateway, metric]),
      [['192.0.2.1', 10]],
    );
    // our own gateway would keep itself protected for ever
    const gateways = ['192.0.2.1', 'fe80::1', '192.0.2.2', '192.0.2.3'];
    assert.deepEqual(inet.gateways.map(formatAddress), gateways);
    assert.deepEqual(inet.endpoints.map(formatAddress), ['198.51.100.7']);
    assert.deepEqual([...devices.keys()], ['wan1', 'tun8']);
  });

  it('runs two processes', async () => {
    const argvs: string[] = [];
    const run = fake();
    await readRouting((argv, stdin) => {
      argvs.push(argv.join(' '));
      return run(argv, stdin);
    });
    assert.deepEqual(argvs, ['ip -4 -N -json -batch -', 'ip -6 -N -json -batch -']);
  });

  it('does without IPv6', async () => {
    const stderr = 'RTNETLINK answers: Address family not supported by protocol\nDump terminated\n';
    const found = await readRouting(fake({ status: 2, stdout: '', stderr }, /^-6$/));
    assert.equal(found.inet6, undefined);
    assert.equal(found.inet.rules.length, 2);
  });

  for (const stderr of [
    'ip: unrecognized option: N\nBusyBox v1.36.1 (2024-03-01 12:00:00 UTC) multi-call binary.\n',
    'Option "-json" is unknown, try "ip -help".\n',
  ]) {
    it(`asks for ip-full when ip says: ${stderr.split('\n')[0] ?? ''}`, async () => {
      await assert.rejects(readRouting(fake({ status: 1, stdout: '', stderr })), {
        code: 'platform',
        message: "Cannot run 'ip': it lacks an option (install ip-full)",
      });
    });
  }

  it('asks for ip-full when ip prints text', async () => {
    // and where it prints less than it was asked
    for (const stdout of ['0:\tfrom all lookup local\n', '[]\n', '[]\n[]\n{}\n[]\n', '']) {
      await assert.rejects(readRouting(fake({ stdout })), {
        message: "Cannot run 'ip': it writes no JSON (install ip-full)",
      });
    }
  });

  it('says what is not permitted', async () => {
    const stderr = 'RTNETLINK answers: Operation not permitted\n';
    await assert.rejects(readRouting(fake({ status: 2, stdout: '', stderr })), {
      code: 'privilege',
      message: 'Cannot read the routing tables: not permitted (run it as root)',
    });
  });
});
