import assert from 'node:assert/strict';

import {
  parseDevices,
  parseRoutes,
  parseRules,
  readRouting,
} from '../../../src/route/kernel-routing.ts';
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
const ADDRESSES = `[{"ifindex":3,"link":"pwan1","ifname":"wan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"addr_info":[
{"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"0","label":"wan1"},
{"family":"inet6","local":"fe80::f849:f1ff:fe4a:8e39","prefixlen":64,"scope":"253"}]},
{"ifindex":4,"ifname":"tun8","flags":["NO-CARRIER","POINTOPOINT","MULTICAST","NOARP"],"addr_info":[]}]`;

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

  it('is read as devices; addresses of the link do not count', () => {
    assert.deepEqual(
      [...parseDevices(values(ADDRESSES))],
      [
        ['wan1', { up: true, pointToPoint: false, inet: true, inet6: false }],
        ['tun8', { up: false, pointToPoint: true, inet: false, inet6: false }],
      ],
    );
  });
});

describe('reading the routing tables', () => {
  /** Answers by the first pattern that the command line matches. */
  const fake =
    (...replies: readonly (readonly [RegExp, Partial<CommandResult>])[]): Runner =>
    (argv) => {
      const reply = replies.find(([pattern]) => pattern.test(argv.join(' ')))?.[1];
      return Promise.resolve({ status: 0, stdout: '[]', stderr: '', ...reply });
    };

  it('does without IPv6', async () => {
    const stderr = 'RTNETLINK answers: Address family not supported by protocol\nDump terminated\n';
    const found = await readRouting(fake([/-6 .*rule/, { status: 2, stdout: '', stderr }]));
    assert.deepEqual(found, {
      inet: { rules: [], routes: [], main: [] },
      inet6: undefined,
      devices: new Map(),
    });
  });

  it('takes no output for an empty list', async () => {
    const found = await readRouting(fake([/rule/, { stdout: '' }]));
    assert.deepEqual(found.inet.rules, []);
  });

  for (const stderr of [
    'ip: unrecognized option: N\nBusyBox v1.36.1 (2024-03-01 12:00:00 UTC) multi-call binary.\n',
    'Option "-json" is unknown, try "ip -help".\n',
  ]) {
    it(`asks for ip-full when ip says: ${stderr.split('\n')[0] ?? ''}`, async () => {
      await assert.rejects(readRouting(fake([/./, { status: 1, stdout: '', stderr }])), {
        code: 'platform',
        message: "Cannot run 'ip': it lacks an option (install ip-full)",
      });
    });
  }

  it('asks for ip-full when ip prints text', async () => {
    const stdout = '0:\tfrom all lookup local\n';
    await assert.rejects(readRouting(fake([/rule/, { stdout }])), {
      message: "Cannot run 'ip': it writes no JSON (install ip-full)",
    });
  });

  it('says what is not permitted', async () => {
    const stderr = 'RTNETLINK answers: Operation not permitted\n';
    await assert.rejects(readRouting(fake([/rule/, { status: 2, stdout: '', stderr }])), {
      code: 'privilege',
      message: 'Cannot read the routing tables: not permitted (run it as root)',
    });
  });
});
