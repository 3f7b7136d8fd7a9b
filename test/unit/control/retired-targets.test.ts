import assert from 'node:assert/strict';

import { withRetired } from '../../../src/control/retired-targets.ts';
import type { TargetKey } from '../../../src/control/targets.ts';
import type { KernelRouting } from '../../../src/route/index.ts';

const TABLE = 24000;
const unicast = (number: number, device: string) =>
  ({ type: 'unicast', table: TABLE + number, metric: 0, device }) as const;
const last = (number: number, type: 'unreachable' | 'prohibit') =>
  ({ type, table: TABLE + number, metric: 0xffffffff }) as const;

/** 1: wan1, in force · 2 and 4: wan2 · 3: wan2, fallback main · 5: blocked · 6: a device that is gone. */
const routing: KernelRouting = {
  inet: {
    rules: [],
    main: [],
    gateways: [],
    endpoints: [],
    routes: [
      unicast(1, 'wan1'),
      last(1, 'unreachable'),
      unicast(2, 'wan2'),
      last(2, 'unreachable'),
      unicast(3, 'wan2'),
      unicast(4, 'wan2'),
      last(4, 'unreachable'),
      last(5, 'prohibit'),
      last(6, 'unreachable'),
    ],
  },
  inet6: undefined,
  devices: new Map(),
};
const live = {
  numbers: new Map<TargetKey, number>([['block one', 1]]),
  recent: new Set([1, 2, 3, 4, 5, 6]),
};
const deviceOf = (name: string): string | undefined =>
  new Map([
    ['one', 'wan1'],
    ['two', 'wan2'],
  ]).get(name);

describe('a target that no rule has any more', () => {
  const numberOf = (...wanted: readonly TargetKey[]): ReadonlyMap<TargetKey, number> =>
    withRetired(live, wanted, deviceOf, TABLE, routing).numbers;

  it('has its number again when a rule leads there', () => {
    assert.equal(numberOf('block two').get('block two'), 2);
    assert.equal(numberOf('main two').get('main two'), 3);
    assert.equal(numberOf('blocked').get('blocked'), 5);
  });

  it('is not taken for one that has another device, or none', () => {
    assert.equal(numberOf('block three').has('block three'), false);
    assert.equal(numberOf('main one').has('main one'), false);
  });

  it('leaves those in force their numbers, and no number to two', () => {
    assert.deepEqual(
      [...numberOf('block one', 'block two', 'blocked')],
      [
        ['block one', 1],
        ['block two', 2],
        ['blocked', 5],
      ],
    );
  });
});
