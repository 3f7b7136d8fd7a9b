import assert from 'node:assert/strict';

import { NameBudget } from '../../../../src/control/announce/name-budget.ts';

const HOUR_MS = 3_600_000;

/** The address with this number. */
function address(number: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

function takeMany(budget: NameBudget, name: bigint, from: number, to: number): number {
  let taken = 0;
  for (let i = from; i < to; i++) if (budget.take(name, address(i))) taken++;
  return taken;
}

describe('the budget of a name', () => {
  it('is 256 addresses in an hour, and those it has brought are free', () => {
    const budget = new NameBudget(() => 0);
    assert.equal(takeMany(budget, 1n, 0, 300), 256);
    assert.equal(takeMany(budget, 1n, 0, 300), 256);
    assert.equal(budget.take(1n, address(256)), false);
  });

  it('is its own', () => {
    const budget = new NameBudget(() => 0);
    takeMany(budget, 1n, 0, 300);
    assert.equal(takeMany(budget, 2n, 0, 300), 256);
  });

  it('begins anew when the hour is over, which counts from the first address', () => {
    let now = 0;
    const budget = new NameBudget(() => now);
    takeMany(budget, 1n, 0, 200);
    now = HOUR_MS - 1;
    assert.equal(takeMany(budget, 1n, 200, 300), 56);
    now = HOUR_MS;
    assert.equal(takeMany(budget, 1n, 300, 600), 256);
    assert.equal(budget.held, 256);
  });

  it('is told by bytes: what is a view of a buffer that changes is copied', () => {
    const budget = new NameBudget(() => 0);
    const buffer = new Uint8Array(64);
    const view = buffer.subarray(32, 48);
    budget.take(1n, view);
    view[15] = 1;
    budget.take(1n, view);
    assert.equal(budget.held, 2);
  });

  it('holds 16,384 addresses of all names, and forgets the oldest names for more', () => {
    const budget = new NameBudget(() => 0);
    for (let name = 0n; name < 64n; name++) takeMany(budget, name, 0, 256);
    assert.deepEqual([budget.held], [16_384]);
    assert.equal(budget.take(64n, address(0)), true);
    const { held } = budget;
    assert.ok(held > 12_000 && held < 12_500, String(held));
    // the first name was forgotten, the last one not
    assert.equal(budget.take(0n, address(1000)), true);
    assert.equal(budget.take(63n, address(1000)), false);
  });
});
