import assert from 'node:assert/strict';
import { printable } from '../../../src/model/value.ts';

describe('text for a terminal (Z6)', () => {
  const rows: readonly [text: string, shown: string][] = [
    ['example.com', 'example.com'],
    ['пример', 'пример'],
    ["it's", "it's"],
    ['a\nb\r\t\0', 'a\\x0ab\\x0d\\x09\\x00'],
    ['\x1b[31m', '\\x1b[31m'],
    ['\x7f\x9b', '\\x7f\\x9b'],
    ['\\x0a', '\\\\x0a'],
    ['\u202eevil', '\\u{202e}evil'], // right-to-left override
    ['\ufeff\u200b\u2028', '\\u{feff}\\u{200b}\\u{2028}'],
    ['\ud800', '\\u{d800}'],
    ['😀', '😀'],
  ];
  for (const [text, shown] of rows) {
    it(`${JSON.stringify(text)} is shown as ${shown}`, () => {
      assert.equal(printable(text), shown);
    });
  }

  it('it is cut at 80 characters', () => {
    assert.equal(printable('x'.repeat(80)), 'x'.repeat(80));
    assert.equal(printable('x'.repeat(4096)), `${'x'.repeat(80)}…`);
    assert.equal(printable('😀'.repeat(81)), `${'😀'.repeat(80)}…`);
  });
});
