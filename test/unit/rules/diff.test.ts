import assert from 'node:assert/strict';
import { diffRules } from '../../../src/rules/diff.ts';
import { rule } from './fixtures.ts';

const a = rule('a', { domains: ['example.com'] });
const b = rule('b', { domains: ['example.org'], clients: ['192.0.2.0/24'] });
const c = rule('c', { domains: ['example.net'] });

describe('rules/diff', () => {
  it('finds nothing between equal rules', () => {
    const same = rule('b', { domains: ['example.org'], clients: ['192.0.2.0/24'] });
    assert.deepEqual(diffRules([a, b], [a, same]), {
      added: [],
      removed: [],
      changed: [],
      reordered: false,
    });
  });

  it('tells what came, went and changed', () => {
    const other = rule('b', { domains: ['example.org'], clients: ['192.0.2.0/25'] });
    assert.deepEqual(diffRules([a, b], [other, c]), {
      added: ['c'],
      removed: ['a'],
      changed: ['b'],
      reordered: false,
    });
  });

  it('sees a rule that is turned off as gone, one that is turned on as new', () => {
    assert.deepEqual(diffRules([a, { ...b, enabled: false }], [{ ...a, enabled: false }, b]), {
      added: ['b'],
      removed: ['a'],
      changed: [],
      reordered: false,
    });
  });

  it('notices another order of those that stayed, and not what lies between them', () => {
    assert.equal(diffRules([a, b, c], [b, a, c]).reordered, true);
    assert.equal(diffRules([a, c], [a, b, c]).reordered, false);
  });
});
