import assert from 'node:assert/strict';
import { assignNumbers } from '../../../src/datapath/rule-numbers.ts';

describe('the number of a rule', () => {
  it('stays while its section is in force', () => {
    const numbers = assignNumbers(
      ['b', 'a'],
      new Map([
        ['a', 7],
        ['b', 2],
      ]),
    );
    assert.deepEqual([...numbers].sort(), [
      ['a', 7],
      ['b', 2],
    ]);
  });

  it('is not that of a section that leaves, nor one before it', () => {
    const numbers = assignNumbers(['new'], new Map([['old', 1]]), new Set([2]));
    assert.equal(numbers.get('new'), 3);
  });

  it('is one that was used before when there is no other', () => {
    const live = new Map(Array.from({ length: 1023 }, (_, i) => [`old${i}`, i + 1]));
    assert.equal(assignNumbers(['new'], live).get('new'), 1);
  });

  it('is there for 1,023 rules and not for one more', () => {
    const sections = Array.from({ length: 1024 }, (_, i) => `rule${i}`);
    assert.equal(assignNumbers(sections.slice(1), new Map()).size, 1023);
    assert.throws(() => assignNumbers(sections, new Map()), RangeError);
  });
});
