import assert from 'node:assert/strict';
import {
  formatMark,
  markOfIndex,
  maxIndex,
  parseMark,
  parseMask,
} from '../../../src/model/mark.ts';
import { ValueError } from '../../../src/model/value.ts';

describe('marks as netifd writes them', () => {
  const rows: readonly [text: string, value: number, mask: number][] = [
    ['0x23/0xff', 0x23, 0xff],
    ['35', 35, 0xffffffff],
    ['0x23', 0x23, 0xffffffff],
    ['0X2F/0XFF', 0x2f, 0xff],
    ['0xFF000000/0xff000000', 0xff000000, 0xff000000],
    ['4294967295', 0xffffffff, 0xffffffff],
    ['0', 0, 0xffffffff],
    ['0/0x5', 0, 5],
    ['0x00000023/255', 0x23, 0xff],
  ];
  for (const [text, value, mask] of rows) {
    it(`${text} is read`, () => {
      assert.deepEqual(parseMark(text), { value, mask });
    });
  }

  const bad: readonly [text: string, reason: RegExp][] = [
    ['0x1ff/0xff', /^value has bits outside the mask$/],
    ['0x80000000/0x7fffffff', /^value has bits outside the mask$/],
    ['0/0', /^mask has no bits$/],
    ['4294967296', /^is more than 32 bits$/],
    ...[
      '',
      '/',
      '1/',
      '/1',
      '-1',
      '+1',
      '1.5',
      '1e3',
      '010',
      '0x',
      '0xg',
      '0x123456789',
      ' 1',
      '1 ',
      '1/2/3',
      '1\n',
      '0b1',
      'NaN',
      '１',
    ].map((text): [string, RegExp] => [text, /must be numbers/]),
  ];
  for (const [text, reason] of bad) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parseMark(text),
        (error) => error instanceof ValueError && reason.test(error.reason),
      );
    });
  }

  it('a mark is written in hexadecimal, unsigned', () => {
    assert.equal(formatMark(35), '0x23');
    assert.equal(formatMark(0), '0x0');
    assert.equal(formatMark(0xffffffff), '0xffffffff');
    assert.equal(formatMark(0x80000000 | 0), '0x80000000');
  });
});

describe('the mask of our marks', () => {
  const rows: readonly [text: string, max: number, last: number][] = [
    ['0x3f000000', 63, 0x3f000000],
    ['0x1', 1, 1],
    ['0x80000000', 1, 0x80000000],
    ['0xffffffff', 0xffffffff, 0xffffffff],
    ['0xff00', 255, 0xff00],
    ['24', 3, 24],
  ];
  for (const [text, max, last] of rows) {
    it(`${text} has ${max} marks`, () => {
      const mask = parseMask(text);
      assert.equal(maxIndex(mask), max);
      assert.equal(markOfIndex(mask, max), last);
      assert.equal(markOfIndex(mask, 0), 0);
      assert.throws(() => markOfIndex(mask, max + 1), RangeError);
    });
  }

  it('indexes count up from the lowest bit', () => {
    assert.equal(markOfIndex(0x3f000000, 1), 0x01000000);
    assert.equal(markOfIndex(0x3f000000, 35), 0x23000000);
  });

  it('only whole numbers from 0 are indexes', () => {
    assert.throws(() => markOfIndex(0xff, -1), RangeError);
    assert.throws(() => markOfIndex(0xff, 0.5), RangeError);
  });

  const bad: readonly [text: string, reason: RegExp][] = [
    ['0', /no bits/],
    ['0x5', /side by side/],
    ['0x80000001', /side by side/],
    ['0xff/0xff', /must be numbers/],
    ['0x100000000', /must be numbers/],
  ];
  for (const [text, reason] of bad) {
    it(`${text} is refused`, () => {
      assert.throws(
        () => parseMask(text),
        (error) => error instanceof ValueError && reason.test(error.reason),
      );
    });
  }
});
