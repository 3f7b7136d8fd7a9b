import assert from 'node:assert/strict';
import { nearest } from '../../../src/cli/nearest.ts';
import { duration, table, tableRow } from '../../../src/cli/table.ts';

describe('a table', () => {
  it('has columns as wide as their widest cell, numbers on the right', () => {
    const text = table(
      ['NAME', 'N', 'TO'],
      [
        ['a', 5, 'x'],
        ['bbbbbb', 1234, 'y z'],
      ],
    );
    assert.equal(text, 'NAME       N  TO\na          5  x\nbbbbbb  1234  y z\n');
  });

  it('is a header alone where there are no rows', () => {
    assert.equal(table(['A', 'B'], []), 'A  B\n');
  });

  it('shows bytes for a terminal as text (Z6)', () => {
    const text = table(['NAME', 'TO'], [['\x1b[2J', 'ok']]);
    assert.equal(text, 'NAME     TO\n\\x1b[2J  ok\n');
  });

  it('has one line a row even if a cell has a line feed (Z6)', () => {
    assert.equal(table(['NAME'], [['a\nb']]), 'NAME\na\\x0ab\n');
    assert.equal(tableRow(['a\nb', 'c']), 'a\\x0ab  c\n');
  });

  it('leaves the escapes of names as they are', () => {
    assert.equal(table(['NAME'], [['a\\.b.\\000']]), 'NAME\na\\.b.\\000\n');
  });
});

describe('a duration', () => {
  for (const [seconds, text] of [
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [7199, '120m'],
    [7200, '2h'],
    [86400, '24h'],
    [172800, '2d'],
    [-3, '0s'],
  ] as const) {
    it(`of ${seconds} s is ${text}`, () => assert.equal(duration(seconds), text));
  }
});

describe('the nearest word', () => {
  it('is one that a slip of the finger is away', () => {
    assert.equal(nearest('rdsn', ['rdns', 'rule', 'reload']), 'rdns');
    assert.equal(nearest('relaod', ['rdns', 'rule', 'reload']), 'reload');
  });

  it('is none where nothing is near', () => {
    assert.equal(nearest('frobnicate', ['rdns', 'rule', 'reload']), undefined);
  });
});
