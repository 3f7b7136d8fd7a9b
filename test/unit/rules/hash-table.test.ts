import assert from 'node:assert/strict';
import { HashTable } from '../../../src/rules/hash-table.ts';

/** Puts hashes `from` to `to` into a table, each with its number as value. */
function fill(table: HashTable, from: number, to: number): void {
  for (let n = from; n <= to; n++) table.set(table.place(n * 7, -n), n);
}

function contents(table: HashTable): number[][] {
  const found: number[][] = [];
  table.forEach((low, high, value) => found.push([low, high, value]));
  return found.sort(([, , a = 0], [, , b = 0]) => a - b);
}

describe('rules/hash-table', () => {
  const expected = Array.from({ length: 5000 }, (_, i) => [(i + 1) * 7, -(i + 1), i + 1]);

  it('keeps what it has when it grows', () => {
    const table = new HashTable(4);
    fill(table, 1, 5000);
    assert.deepEqual(contents(table), expected);
    assert.equal(table.count, 5000);
  });

  it('keeps what it has when room is made, however much', () => {
    const table = new HashTable(4);
    fill(table, 1, 3);
    table.reserve(4000.5);
    table.reserve(0);
    fill(table, 4, 5000);
    assert.deepEqual(contents(table), expected);
    assert.equal(table.get(table.place(7, -1)), 1);
  });
});
