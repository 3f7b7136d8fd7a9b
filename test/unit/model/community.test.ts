import assert from 'node:assert/strict';
import { formatCommunity, parseCommunity, type Community } from '../../../src/model/community.ts';
import { ValueError } from '../../../src/model/value.ts';

/** Numbers of well-known ones: IANA, "BGP Well-known Communities". */
const GOOD: readonly (readonly [text: string, community: Community])[] = [
  ['65000:100', 0xfde80064],
  ['0:0', 0],
  ['65535:65535', 0xffffffff],
  ['4200000000:1:2', [4200000000, 1, 2]],
  ['0:0:0', [0, 0, 0]],
  ['4294967295:4294967295:4294967295', [0xffffffff, 0xffffffff, 0xffffffff]],
  ['graceful_shutdown', 0xffff0000],
  ['no_llgr', 0xffff0007],
  ['blackhole', 0xffff029a],
  ['no_export', 0xffffff01],
  ['no_advertise', 0xffffff02],
  ['no_export_subconfed', 0xffffff03],
  ['no_peer', 0xffffff04],
];

const BAD =
  ' |:|1|1:|:1|1:2:|1:2:3:4|65536:1|1:65536|4294967296:1:1|01:1|-1:1|+1:1|1.0:1|0x1:1|1e3:1|1: 1|NO_EXPORT|constructor|١:١'.split(
    '|',
  );

describe('a community', () => {
  for (const [text, community] of GOOD) {
    it(`is ${text}`, () => {
      assert.deepEqual(parseCommunity(text), community);
      assert.equal(formatCommunity(community), text);
    });
  }

  it('may be given as the numbers of a well-known one', () => {
    assert.equal(parseCommunity('65535:65281'), 0xffffff01);
  });

  for (const text of ['', ...BAD]) {
    it(`is not '${text}'`, () => assert.throws(() => parseCommunity(text), ValueError));
  }
});
