import assert from 'node:assert/strict';
import { parseUci } from '#uci-parser';
import { formatDiagnostic } from '../../../src/config/diagnostic.ts';
import { parseConfiguration } from '../../../src/config/parse.ts';
import type { NeighborConfig } from '../../../src/bgp/index.ts';
import { formatAddress, parseAddress } from '../../../src/model/address.ts';
import type { Neighbor } from '../../../src/model/bgp.ts';
import type { Configuration } from '../../../src/model/rule.ts';

const BGP = ["config bgp 'bgp'", 'option asn 65001', 'option router_id 192.0.2.1'];
const PEER = ['option address 192.0.2.2', 'option asn 65000'];

const read = (lines: readonly string[]): Configuration =>
  parseConfiguration(parseUci(["config domainroute 'main'", ...lines, ''].join('\n')));

const said = ({ diagnostics }: Configuration): readonly string[] =>
  diagnostics.map((each) => `${each.severity}: ${formatDiagnostic(each)}`);

const bgp = (...options: readonly string[]): Configuration =>
  read(["config bgp 'bgp'", ...options]);

const peer = (...options: readonly string[]): Configuration =>
  read([...BGP, 'option listen ::', "config neighbor 'core'", ...options]);

const bytes = (text: string): Uint8Array => {
  const address = parseAddress(text);
  assert.ok(address !== undefined);
  return address;
};

describe('the configuration of BGP', () => {
  it('everything that can be given is read', () => {
    const configuration = read([
      "config bgp 'bgp'",
      'option enabled 0',
      'option asn 4294967295',
      'option router_id 192.0.2.1',
      'list listen 0.0.0.0',
      'list listen ::',
      'option port 1179',
      'option hold_time 30',
      'option graceful_restart 0',
      'option max_routes 10',
      "config neighbor 'core'",
      'option enabled 0',
      'option address 2001:db8::2',
      'option asn 65000',
      'option port 1180',
      'option local_address 2001:db8::1',
      "option password_file '/etc/domainroute/core.key'",
      'option ttl_security 2',
      'option passive 1',
      'option netns wan',
      'option next_hop 192.0.2.1',
      'option next_hop6 2001:db8::1',
      'option med 0',
      'option local_pref 200',
      'option hold_time 9',
    ]);
    assert.deepEqual(said(configuration), []);
    assert.deepEqual(configuration.bgp, {
      enabled: false,
      asn: 4294967295,
      routerId: bytes('192.0.2.1'),
      listen: [bytes('0.0.0.0'), bytes('::')],
      port: 1179,
      holdTime: 30,
      gracefulRestartSeconds: 0,
      maxRoutes: 10,
    });
    assert.deepEqual(configuration.neighbors, [
      {
        section: 'core',
        enabled: false,
        address: bytes('2001:db8::2'),
        asn: 65000,
        port: 1180,
        localAddress: bytes('2001:db8::1'),
        passwordFile: '/etc/domainroute/core.key',
        multihop: 2,
        ttlSecurity: true,
        passive: true,
        netns: '/var/run/netns/wan',
        nextHop4: bytes('192.0.2.1'),
        nextHop6: bytes('2001:db8::1'),
        multiExitDisc: 0,
        localPref: 200,
        holdTime: 9,
      },
    ]);
  });

  it('has defaults', () => {
    const configuration = read([...BGP, "config neighbor 'core'", ...PEER]);
    assert.deepEqual(said(configuration), []);
    assert.deepEqual(configuration.bgp, {
      enabled: true,
      asn: 65001,
      routerId: bytes('192.0.2.1'),
      listen: [],
      port: 179,
      holdTime: 90,
      gracefulRestartSeconds: 120,
      maxRoutes: 100000,
    });
    assert.deepEqual(configuration.neighbors, [
      {
        section: 'core',
        enabled: true,
        address: bytes('192.0.2.2'),
        asn: 65000,
        port: 179,
        multihop: 1,
        ttlSecurity: false,
        passive: false,
        holdTime: 90,
      },
    ]);
  });

  it("a neighbour is what src/bgp takes for one, with section bgp's hold time", () => {
    const { neighbors } = read([
      "config neighbor 'core'",
      ...PEER,
      ...BGP,
      'option hold_time 0',
      "config neighbor 'own'",
      'option address 192.0.2.3',
      'option asn 1',
      'option hold_time 3',
    ]);
    const taken: readonly NeighborConfig[] = neighbors satisfies readonly Neighbor[];
    assert.deepEqual(
      taken.map(({ address, holdTime }) => [formatAddress(address), holdTime]),
      [
        ['192.0.2.2', 0],
        ['192.0.2.3', 3],
      ],
    );
  });

  describe("what is said of section 'bgp'", () => {
    const asn = 'option asn 65001';
    const id = 'option router_id 192.0.2.1';
    const rows: readonly (readonly [options: readonly string[], said: string])[] = [
      [[id], "needs option 'asn' and option 'router_id'"],
      [[asn], "needs option 'asn' and option 'router_id'"],
      [
        [id, 'option asn 0'],
        "option 'asn' specifies invalid value '0': must be a whole number from 1 to 4294967295",
      ],
      [
        [id, 'option asn 4294967296'],
        "option 'asn' specifies invalid value '4294967296': must be a whole number from 1 to 4294967295",
      ],
      [
        [id, 'option asn 1.10'],
        "option 'asn' specifies invalid value '1.10': must be a whole number from 1 to 4294967295",
      ],
      [
        [id, 'option asn 23456'],
        "option 'asn' specifies invalid value '23456': is reserved (AS_TRANS)",
      ],
      [
        [asn, 'option router_id ::1'],
        "option 'router_id' specifies invalid value '::1': must be an address of IPv4",
      ],
      [
        [asn, 'option router_id 0.0.0.0'],
        "option 'router_id' specifies invalid value '0.0.0.0': must be the address of one host, and no link-local one",
      ],
      [
        [asn, id, 'list listen wan'],
        "option 'listen' specifies invalid value 'wan': must be an address of IPv4 or IPv6",
      ],
      [
        [asn, id, 'option hold_time 2'],
        "option 'hold_time' specifies invalid value '2': must be 0, or 3 and more",
      ],
      [
        [asn, id, 'option hold_time 65536'],
        "option 'hold_time' specifies invalid value '65536': must be a whole number from 0 to 65535",
      ],
      [
        [asn, id, 'option graceful_restart 4096'],
        "option 'graceful_restart' specifies invalid value '4096': must be a whole number from 0 to 4095",
      ],
      [
        [asn, id, 'option max_routes 0'],
        "option 'max_routes' specifies invalid value '0': must be a whole number from 1 to 1048576",
      ],
      [
        [asn, id, 'option port 0'],
        "option 'port' specifies invalid value '0': must be a whole number from 1 to 65535",
      ],
    ];
    for (const [options, expected] of rows) {
      it(options.join(', '), () => {
        const configuration = bgp(...options);
        assert.deepEqual(said(configuration), [`error: bgp 'bgp' ${expected}`]);
        assert.equal(configuration.bgp, undefined);
      });
    }

    it('an unknown option', () => {
      assert.deepEqual(said(bgp(asn, id, 'option as 1')), [
        "warning: bgp 'bgp' option 'as' is unknown and has no effect",
      ]);
    });
  });

  describe('what is said of a neighbour', () => {
    const host = 'must be the address of one host, and no link-local one';
    const rows: readonly (readonly [options: readonly string[], said: string])[] = [
      [['option asn 65000'], "error: neighbor 'core' needs option 'address' and option 'asn'"],
      [
        ['option address 192.0.2.2'],
        "error: neighbor 'core' needs option 'address' and option 'asn'",
      ],
      ...['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', '169.254.0.1', 'ff02::1', 'fe80::1'].map(
        (address) =>
          [
            [`option address ${address}`, 'option asn 1'],
            `error: neighbor 'core' option 'address' specifies invalid value '${address}': ${host}`,
          ] as const,
      ),
      [
        ['option address 192.0.2.0/24', 'option asn 1'],
        "error: neighbor 'core' option 'address' specifies invalid value '192.0.2.0/24': must be an address of IPv4 or IPv6",
      ],
      [
        ['option address 192.0.2.2', 'option asn 23456'],
        "error: neighbor 'core' option 'asn' specifies invalid value '23456': is reserved (AS_TRANS)",
      ],
      [
        [...PEER, 'option local_address 2001:db8::1'],
        "error: neighbor 'core' option 'local_address' specifies invalid value '2001:db8::1': is not of the family of 192.0.2.2",
      ],
      [
        [...PEER, 'option next_hop 2001:db8::1'],
        "error: neighbor 'core' option 'next_hop' specifies invalid value '2001:db8::1': must be an address of IPv4",
      ],
      [
        [...PEER, 'option next_hop6 192.0.2.1'],
        "error: neighbor 'core' option 'next_hop6' specifies invalid value '192.0.2.1': must be an address of IPv6",
      ],
      [
        [...PEER, 'option next_hop6 fe80::1'],
        `error: neighbor 'core' option 'next_hop6' specifies invalid value 'fe80::1': ${host}`,
      ],
      [
        [...PEER, 'option hold_time 1'],
        "error: neighbor 'core' option 'hold_time' specifies invalid value '1': must be 0, or 3 and more",
      ],
      [
        [...PEER, 'option ttl_security 255'],
        "error: neighbor 'core' option 'ttl_security' specifies invalid value '255': must be a whole number from 0 to 254",
      ],
      [
        [...PEER, 'option multihop 0'],
        "error: neighbor 'core' option 'multihop' specifies invalid value '0': must be a whole number from 1 to 255",
      ],
      [
        [...PEER, 'option multihop 2', 'option ttl_security 2'],
        "error: neighbor 'core' has both option 'ttl_security' and option 'multihop': remove one of them",
      ],
      [
        [...PEER, 'option med 4294967296'],
        "error: neighbor 'core' option 'med' specifies invalid value '4294967296': must be a whole number from 0 to 4294967295",
      ],
      [
        [...PEER, 'option remote_as 1'],
        "warning: neighbor 'core' option 'remote_as' is unknown and has no effect",
      ],
    ];
    for (const [options, expected] of rows) {
      it(options.join(', '), () => {
        const configuration = peer(...options);
        assert.deepEqual(said(configuration), [expected]);
        assert.equal(configuration.neighbors.length, expected.startsWith('error') ? 0 : 1);
      });
    }

    for (const netns of ['..', '.', 'a/b', '../x', '-x', 'a b', 'x'.repeat(65)]) {
      it(`netns '${netns}' is no name`, () => {
        const configuration = peer(...PEER, `option netns '${netns}'`);
        assert.deepEqual(configuration.neighbors, []);
        assert.match(said(configuration).join(), /option 'netns' specifies .*: must be a name: up/);
      });
    }

    it('that it is there already', () => {
      const twice = [...BGP, "config neighbor 'a'", ...PEER, "config neighbor 'b'", ...PEER];
      const configuration = read(twice);
      assert.deepEqual(said(configuration), [
        "error: neighbor 'b' is the neighbour of section 'a' once more",
      ]);
      assert.equal(configuration.neighbors.length, 1);
      assert.deepEqual(said(read([...twice, 'option netns wan'])), []);
      assert.deepEqual(said(read([...twice, 'option enabled 0'])), []);
    });

    it('that there is nobody to speak with it', () => {
      assert.deepEqual(said(read(["config neighbor 'core'", ...PEER])), [
        "warning: neighbor 'core' has no effect without a section 'bgp'",
      ]);
    });

    it('that it waits in vain', () => {
      const passive = ["config neighbor 'core'", ...PEER, 'option passive 1'];
      assert.deepEqual(said(read([...BGP, ...passive])), [
        "warning: neighbor 'core' option 'passive' value '1' waits in vain: section 'bgp' has no option 'listen'",
      ]);
      assert.deepEqual(said(peer(...passive.slice(1))), []);
    });
  });
});
