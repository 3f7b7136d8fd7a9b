import assert from 'node:assert/strict';
import {
  assignTargets,
  liveTargets,
  routeTargets,
  type LiveTargets,
} from '../../../src/control/targets.ts';
import { DomainrouteError } from '../../../src/base/errors.ts';
import type { KernelRouting } from '../../../src/route/index.ts';

const MASK = 0x3f000000;
const NOTHING: LiveTargets = { numbers: new Map(), recent: new Set() };

function action(fields: { mark: number; flags?: number; interface?: string; mask?: number }) {
  return {
    rule: 1,
    next: 0,
    mask: MASK,
    ifindex: 0,
    flags: 0,
    section: 'x',
    interface: '',
    ...fields,
  };
}

const FAMILY = { rules: [], routes: [], main: [], gateways: [], endpoints: [] };
const ROUTING: KernelRouting = { inet: FAMILY, inet6: undefined, devices: new Map() };

describe('the number of a target', () => {
  it('is one for each interface and fallback, and one for all that is blocked', () => {
    const numbers = assignTargets(['block wg0', 'main wg0', 'blocked', 'block wg0'], MASK, NOTHING);
    assert.deepEqual(
      [...numbers],
      [
        ['block wg0', 1],
        ['main wg0', 2],
        ['blocked', 3],
      ],
    );
  });

  it('stays, and is not given to another while connections may carry it', () => {
    const live: LiveTargets = {
      numbers: new Map([
        ['block wg0', 2],
        ['block wg1', 1],
      ]),
      recent: new Set([3]),
    };
    const numbers = assignTargets(['main wg9', 'block wg0'], MASK, live);
    assert.deepEqual(Object.fromEntries(numbers), { 'block wg0': 2, 'main wg9': 4 });
  });

  it('is one that was used when there is no other', () => {
    const live: LiveTargets = { numbers: new Map([['block old', 1]]), recent: new Set([1, 2, 3]) };
    assert.equal(assignTargets(['block new'], 0x3, live).get('block new'), 1);
  });

  it('must fit the mask', () => {
    assert.throws(
      () => assignTargets(['block a', 'block b', 'block c', 'block d'], 0x3, NOTHING),
      (error) => error instanceof DomainrouteError && error.code === 'config',
    );
  });

  it('is read back from cells', () => {
    const live = liveTargets(
      [
        action({ mark: 0x01000000, interface: 'wg0' }),
        action({ mark: 0x02000000, interface: 'wg0', flags: 1 << 5 }),
        action({ mark: 0x03000000, flags: 1 << 2 }),
        action({ mark: 0x23, mask: 0xff }),
      ],
      MASK,
      24000,
      ROUTING,
    );
    assert.deepEqual(Object.fromEntries(live.numbers), {
      'block wg0': 1,
      'main wg0': 2,
      blocked: 3,
    });
  });

  it('is read back under a mask with the highest bit', () => {
    const mask = 0xc0000000;
    const cells = [action({ mark: 0x80000000, mask, interface: 'wg0' })];
    assert.equal(liveTargets(cells, mask, 24000, ROUTING).numbers.get('block wg0'), 2);
  });

  it('leads to a device', () => {
    const targets = routeTargets(
      new Map([
        ['block wan6', 1],
        ['blocked', 2],
      ]),
      (name) => ({ device: `dev-${name}` }),
    );
    assert.deepEqual(targets, [
      { number: 1, kind: 'interface', device: 'dev-wan6', fallback: 'block' },
      { number: 2, kind: 'block' },
    ]);
  });
});
