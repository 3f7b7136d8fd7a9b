import assert from 'node:assert/strict';

import type { Device } from '../../../src/route/device.ts';
import type {
  DefaultRoute,
  FamilyRouting,
  KernelRouting,
} from '../../../src/route/kernel-routing.ts';
import type { RoutingOptions } from '../../../src/route/target.ts';
import { planRouting } from '../../../src/route/plan-routing.ts';
import type { Target } from '../../../src/route/target.ts';

const OPTIONS = { table: 24000, markMask: 0x3f000000 };
const WAN: Target = { number: 1, kind: 'interface', device: 'wan', fallback: 'block' };
const BLOCK: Target = { number: 63, kind: 'block' };
const EMPTY: FamilyRouting = { rules: [], routes: [], main: [], gateways: [], endpoints: [] };
const ETHERNET: Device = {
  name: 'wan',
  ifindex: 2,
  up: true,
  ethernet: true,
  pointToPoint: false,
  inet: true,
  inet6: true,
  addresses: [],
};
const TUNNEL: Device = { ...ETHERNET, ethernet: false, pointToPoint: true, inet6: false };
const GATEWAY: DefaultRoute = {
  type: 'unicast',
  table: 254,
  metric: 10,
  device: 'wan',
  gateway: '192.0.2.1',
};

const RULE1 = 'priority 24001 fwmark 0x1000000/0x3f000000 table 24001 protocol 212';
const KILL1 = 'unreachable default metric 4294967295 table 24001 proto 212';
const WAN1 = 'default via 192.0.2.1 dev wan onlink metric 10 table 24001 proto 212';

function kernel(inet: Partial<FamilyRouting>, more: Partial<KernelRouting> = {}): KernelRouting {
  return {
    inet: { ...EMPTY, ...inet },
    inet6: undefined,
    devices: new Map([['wan', ETHERNET]]),
    ...more,
  };
}

describe('the plan of routing', () => {
  it('puts the kill switch first, then the routes, then the rule', () => {
    const { inet } = planRouting([WAN], OPTIONS, kernel({ main: [GATEWAY] }));
    assert.deepEqual(inet, [
      `route replace ${KILL1}`,
      `route replace ${WAN1}`,
      `rule add ${RULE1}`,
    ]);
  });

  it('is empty when all is there', () => {
    const routes: DefaultRoute[] = [
      { ...GATEWAY, table: 24001 },
      { type: 'unreachable', table: 24001, metric: 4294967295 },
    ];
    const rules = [{ priority: 24001, mark: 0x1000000, mask: 0x3f000000, table: 24001 }];
    assert.deepEqual(
      planRouting([WAN], OPTIONS, kernel({ main: [GATEWAY], routes, rules })).inet,
      [],
    );
  });

  it('removes the rule before the routes it leads to', () => {
    const routes: DefaultRoute[] = [
      { ...GATEWAY, table: 24001 },
      { type: 'unreachable', table: 24001, metric: 4294967295 },
    ];
    const rules = [{ priority: 24001, mark: 0x1000000, mask: 0x3f000000, table: 24001 }];
    const { inet } = planRouting([], OPTIONS, kernel({ routes, rules }));
    assert.deepEqual(inet, [`rule del ${RULE1}`, `route del ${WAN1}`, `route del ${KILL1}`]);
  });

  it('keeps a target that is not wanted any more if asked to, even of another table', () => {
    const routes: DefaultRoute[] = [{ ...GATEWAY, table: 24001 }];
    const rules = [{ priority: 24001, mark: 0x1000000, mask: 0x3f000000, table: 24001 }];
    const found = kernel({ routes, rules });
    const plan = (options: Partial<RoutingOptions>): readonly string[] =>
      planRouting([], { ...OPTIONS, ...options }, found).inet;
    assert.deepEqual(plan({ keepOthers: true }), []);
    assert.deepEqual(plan({ keepOthers: true, table: 25000 }), []);
    assert.deepEqual(plan({}), [`rule del ${RULE1}`, `route del ${WAN1}`]);
    // a number that is wanted again gets its new routes
    const block = planRouting(
      [{ number: 1, kind: 'block' }],
      { ...OPTIONS, keepOthers: true },
      found,
    );
    assert.deepEqual(block.inet, [
      'route replace prohibit default metric 4294967295 table 24001 proto 212',
      `route del ${WAN1}`,
    ]);
  });

  it('ends an old way before a rule leads to the table that has it', () => {
    const routes = [{ ...GATEWAY, table: 24001 }];
    const { inet } = planRouting([{ number: 1, kind: 'block' }], OPTIONS, kernel({ routes }));
    assert.deepEqual(inet, [
      'route replace prohibit default metric 4294967295 table 24001 proto 212',
      `route del ${WAN1}`,
      `rule add ${RULE1}`,
    ]);
  });

  it('replaces a route whose gateway changed, and does not delete it', () => {
    const routes: DefaultRoute[] = [
      { ...GATEWAY, table: 24001, gateway: '192.0.2.99' },
      { type: 'unreachable', table: 24001, metric: 4294967295 },
    ];
    const rules = [{ priority: 24001, mark: 0x1000000, mask: 0x3f000000, table: 24001 }];
    const { inet } = planRouting([WAN], OPTIONS, kernel({ main: [GATEWAY], routes, rules }));
    assert.deepEqual(inet, [`route replace ${WAN1}`]);
  });

  it('blocks in both families', () => {
    const { inet, inet6 } = planRouting([BLOCK], OPTIONS, kernel({}, { inet6: EMPTY }));
    assert.deepEqual(inet, inet6);
    assert.deepEqual(inet, [
      'route replace prohibit default metric 4294967295 table 24063 proto 212',
      'rule add priority 24063 fwmark 0x3f000000/0x3f000000 table 24063 protocol 212',
    ]);
  });

  it('does without IPv6 where the kernel has none', () => {
    assert.deepEqual(planRouting([BLOCK], OPTIONS, kernel({})).inet6, []);
  });

  describe('of a device', () => {
    const routesOf = (target: Target, found: KernelRouting): readonly string[] => {
      const { inet, inet6 } = planRouting([target], OPTIONS, found);
      return [...inet, ...inet6].filter((line) => line.startsWith('route replace default'));
    };
    const devices = (device: Device): Partial<KernelRouting> => ({
      devices: new Map([['wan', device]]),
    });

    it('copies each of its default routes, with source prefix and source address', () => {
      const main: DefaultRoute[] = [
        { ...GATEWAY, metric: 512, from: '2001:db8::/56', gateway: 'fe80::1' },
        { ...GATEWAY, metric: 1024, gateway: 'fe80::1', source: '2001:db8::5' },
        { ...GATEWAY, metric: 1024, gateway: 'fe80::2' },
        { ...GATEWAY, metric: 5, device: 'other' },
      ];
      assert.deepEqual(routesOf(WAN, kernel({}, { inet6: { ...EMPTY, main } })).slice(1), [
        'route replace default from 2001:db8::/56 via fe80::1 dev wan onlink metric 512 table 24001 proto 212',
        'route replace default via fe80::1 dev wan onlink src 2001:db8::5 metric 1024 table 24001 proto 212',
      ]);
    });

    it('has a route without gateway if the main table has one, or no neighbours to ask', () => {
      const direct = 'route replace default dev wan metric 0 table 24001 proto 212';
      assert.deepEqual(routesOf(WAN, kernel({}, devices(TUNNEL))), [direct]);
      const main: DefaultRoute[] = [{ type: 'unicast', table: 254, metric: 0, device: 'wan' }];
      assert.deepEqual(routesOf(WAN, kernel({ main })), [direct]);
    });

    it('has a route of IPv6 only with a default route or an address of its own', () => {
      const both = { inet6: EMPTY };
      assert.equal(routesOf(WAN, kernel({}, { ...both, ...devices(TUNNEL) })).length, 1);
      assert.deepEqual(
        routesOf(WAN, kernel({}, { ...both, ...devices({ ...TUNNEL, inet6: true }) })).slice(1),
        ['route replace default dev wan metric 1024 table 24001 proto 212'],
      );
      assert.equal(routesOf(WAN, kernel({}, { ...both, ...devices(ETHERNET) })).length, 1);
    });

    it('has none that would hide the main table from a rule with fallback main', () => {
      const target: Target = { ...WAN, fallback: 'main' };
      assert.deepEqual(planRouting([target], OPTIONS, kernel({})).inet, [`rule add ${RULE1}`]);
    });

    it('has the routes that the target came with instead, in each family', () => {
      const routes = {
        inet: [
          { metric: 7, gateway: '192.0.2.9', source: '192.0.2.2' },
          { metric: 7, gateway: '192.0.2.8' },
        ],
        inet6: [{ metric: 0, gateway: 'fe80::9', from: '2001:db8::/56' }],
      };
      const both = kernel({ main: [GATEWAY] }, { inet6: { ...EMPTY, main: [GATEWAY] } });
      assert.deepEqual(routesOf({ ...WAN, routes }, both), [
        'route replace default via 192.0.2.9 dev wan onlink src 192.0.2.2 metric 7 table 24001 proto 212',
        // the kernel would make 1024 of 0, and it would never be the same
        'route replace default from 2001:db8::/56 via fe80::9 dev wan onlink metric 1024 table 24001 proto 212',
      ]);
      const unknown = { ...WAN, routes: { inet: undefined, inet6: [] } };
      assert.deepEqual(routesOf(unknown, both), [`route replace ${WAN1}`]);
    });

    it('has none, and no route of its own, where the target came with none', () => {
      const target: Target = { ...WAN, routes: { inet: [], inet6: [] } };
      for (const device of [ETHERNET, TUNNEL]) {
        const { inet } = planRouting(
          [target],
          OPTIONS,
          kernel({ main: [GATEWAY] }, devices(device)),
        );
        assert.deepEqual(inet, [`route replace ${KILL1}`, `rule add ${RULE1}`]);
      }
    });

    it('has only the kill switch while nobody knows it', () => {
      const target: Target = { ...WAN, device: undefined };
      assert.deepEqual(planRouting([target], OPTIONS, kernel({ main: [GATEWAY] })).inet, [
        `route replace ${KILL1}`,
        `rule add ${RULE1}`,
      ]);
    });

    it('has only the kill switch while it is down or missing', () => {
      const expected = [`route replace ${KILL1}`, `rule add ${RULE1}`];
      for (const more of [devices({ ...ETHERNET, up: false }), { devices: new Map() }]) {
        assert.deepEqual(
          planRouting([WAN], OPTIONS, kernel({ main: [GATEWAY] }, more)).inet,
          expected,
        );
      }
    });
  });

  it('refuses numbers that are no target, or one twice', () => {
    for (const numbers of [[0], [64], [1.5], [7, 7]]) {
      const targets = numbers.map((number): Target => ({ number, kind: 'block' }));
      assert.throws(() => planRouting(targets, OPTIONS, kernel({})), { code: 'internal' });
    }
  });

  it('refuses a number that the mask cannot hold', () => {
    const options = { table: 24000, markMask: 0x700 };
    assert.throws(() => planRouting([{ number: 8, kind: 'block' }], options, kernel({})), {
      code: 'config',
      message: 'Cannot route to 1 targets: mark_mask has too few bits (widen it)',
    });
  });

  it('refuses device names that ip would take for something else', () => {
    for (const device of ['', 'a b', 'wan\nrule', 'x"', '-batch', 'a/b', 'sixteen-letters-']) {
      assert.throws(() => planRouting([{ ...WAN, device }], OPTIONS, kernel({})), {
        code: 'config',
      });
    }
  });
});
