import assert from 'node:assert/strict';

import { decodeNlri } from '../../../src/bgp/nlri.ts';
import { NotificationError } from '../../../src/bgp/notification.ts';
import { decodeUpdate } from '../../../src/bgp/update.ts';
import { formatPrefix } from '../../../src/model/prefix.ts';
import { bytesOf, hexOf } from './vectors.ts';

const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fdea';
const NEXT_HOP = '40 03 04 0a090002';
const GOOD = `${ORIGIN}${AS_PATH}${NEXT_HOP}`;
const NLRI = '18c63364';

/** An UPDATE with these attributes. */
function update(attributes: string, nlri = NLRI, withdrawn = ''): Uint8Array {
  const u16 = (hex: string): string => bytesOf(hex).length.toString(16).padStart(4, '0');
  return bytesOf(`${u16(withdrawn)}${withdrawn}${u16(attributes)}${attributes}${nlri}`);
}

/** What follows: each error's attribute and action, or code, subcode and data of a NOTIFICATION. */
function verdict(body: Uint8Array, internal = false, fourOctetAs = true): unknown {
  try {
    const { errors } = decodeUpdate(body, { internal, fourOctetAs });
    return errors.map(({ type, action }) => `${action} ${type}`);
  } catch (error) {
    if (!(error instanceof NotificationError)) throw error;
    return [error.errorCode, error.errorSubcode, hexOf(error.data)];
  }
}

const MP_REACH = '80 0e 1c 0002 01 10 fd090000000000000000000000000002 00 30 20010db80002';

describe('UPDATE messages that are wrong (RFC 7606)', () => {
  const CASES: readonly (readonly [string, Uint8Array, unknown])[] = [
    ['nothing', update(GOOD), []],
    ['withdrawn routes past the end', bytesOf('0005 18c63364'), [3, 1, '']],
    ['attributes past the end', bytesOf('0000 0005 40010100'), [3, 1, '']],
    ['an IPv4 prefix of 33 bits', update(GOOD, '21c633640000'), [3, 10, '']],
    ['an IPv4 prefix cut short', update(GOOD, '18c633'), [3, 10, '']],
    ['a withdrawn prefix of 33 bits', update('', '', '21c633640000'), [3, 10, '']],
    ['an IPv6 prefix of 129 bits', update('80 0f 04 0002 01 81', ''), [3, 9, '00020181']],
    ['an IPv6 prefix cut short', update('80 0f 05 0002 01 10 20', ''), [3, 9, '0002011020']],
    ['no ORIGIN', update(`${AS_PATH}${NEXT_HOP}`), ['treat-as-withdraw 0']],
    ['no AS_PATH', update(`${ORIGIN}${NEXT_HOP}`), ['treat-as-withdraw 0']],
    ['no NEXT_HOP', update(`${ORIGIN}${AS_PATH}`), ['treat-as-withdraw 0']],
    ['no attributes, but routes', update(''), ['treat-as-withdraw 0']],
    [
      'ORIGIN 3',
      update(`40 01 01 03${AS_PATH}${NEXT_HOP}`),
      ['treat-as-withdraw 1', 'treat-as-withdraw 0'],
    ],
    [
      'ORIGIN of two bytes',
      update(`40 01 02 0000${AS_PATH}${NEXT_HOP}`),
      ['treat-as-withdraw 1', 'treat-as-withdraw 0'],
    ],
    [
      'an AS_PATH segment of type 5',
      update(`${ORIGIN}40 02 06 05 01 0000fdea${NEXT_HOP}`),
      ['treat-as-withdraw 2', 'treat-as-withdraw 0'],
    ],
    [
      'an empty AS_PATH segment',
      update(`${ORIGIN}40 02 02 02 00${NEXT_HOP}`),
      ['treat-as-withdraw 2', 'treat-as-withdraw 0'],
    ],
    [
      'an AS_PATH segment past the end',
      update(`${ORIGIN}40 02 06 02 02 0000fdea${NEXT_HOP}`),
      ['treat-as-withdraw 2', 'treat-as-withdraw 0'],
    ],
    [
      'a byte behind an AS_PATH',
      update(`${ORIGIN}40 02 07 02 01 0000fdea 02${NEXT_HOP}`),
      ['treat-as-withdraw 2', 'treat-as-withdraw 0'],
    ],
    [
      'a NEXT_HOP of five bytes',
      update(`${ORIGIN}${AS_PATH}40 03 05 0a09000200`),
      ['treat-as-withdraw 3', 'treat-as-withdraw 0'],
    ],
    ['MULTI_EXIT_DISC of three bytes', update(`${GOOD}80 04 03 000000`), ['treat-as-withdraw 4']],
    ['LOCAL_PREF of another AS', update(`${GOOD}40 05 04 00000064`), ['attribute-discard 5']],
    ['ATOMIC_AGGREGATE with a value', update(`${GOOD}40 06 01 00`), ['attribute-discard 6']],
    ['AGGREGATOR of six bytes', update(`${GOOD}c0 07 06 fdea0a090002`), ['attribute-discard 7']],
    ['COMMUNITIES of five bytes', update(`${GOOD}c0 08 05 fdea006400`), ['treat-as-withdraw 8']],
    ['COMMUNITIES of none', update(`${GOOD}c0 08 00`), ['treat-as-withdraw 8']],
    ['ORIGINATOR_ID of another AS', update(`${GOOD}80 09 04 0a090002`), ['attribute-discard 9']],
    ['CLUSTER_LIST of another AS', update(`${GOOD}80 0a 04 0a090002`), ['attribute-discard 10']],
    [
      'EXTENDED COMMUNITIES of nine bytes',
      update(`${GOOD}c0 10 09 000000000000000000`),
      ['treat-as-withdraw 16'],
    ],
    ['AS4_PATH of a new speaker', update(`${GOOD}c0 11 06 0201fa56ea02`), ['attribute-discard 17']],
    [
      'AS4_AGGREGATOR of six bytes',
      update(`${GOOD}c0 12 06 fdea0a090002`),
      ['attribute-discard 18'],
    ],
    [
      'LARGE_COMMUNITY of thirteen bytes',
      update(`${GOOD}c0 20 0d 00000000000000000000000000`),
      ['treat-as-withdraw 32'],
    ],
    ['an optional ORIGIN', update(`c0 01 01 00${AS_PATH}${NEXT_HOP}`), ['treat-as-withdraw 1']],
    [
      'COMMUNITIES that are not transitive',
      update(`${GOOD}80 08 04 fdea0064`),
      ['treat-as-withdraw 8'],
    ],
    ['ORIGIN twice', update(`${GOOD}40 01 01 02`), ['attribute-discard 1']],
    ['MP_REACH_NLRI twice', update(`${MP_REACH}${MP_REACH}${ORIGIN}${AS_PATH}`, ''), [3, 1, '']],
    ['MP_UNREACH_NLRI twice', update('80 0f 03 000201 80 0f 03 000201', ''), [3, 1, '']],
    ['MP_REACH_NLRI of four bytes', update('80 0e 04 0002 01 00', ''), [3, 9, '00020100']],
    [
      'a next hop of IPv6 of four bytes',
      update('80 0e 09 0002 01 04 0a090002 00', ''),
      [3, 9, '000201040a09000200'],
    ],
    ['a next hop past its attribute', update('80 0e 05 0002 01 10 00', ''), [3, 9, '0002011000']],
    ['MP_UNREACH_NLRI of two bytes', update('80 0f 02 0002', ''), [3, 9, '0002']],
    ['routes of a family that is not spoken', update('80 0f 05 0001 80 ffff', ''), []],
    ['an unknown well-known attribute', update(`${GOOD}40 63 01 07`), [3, 2, '40630107']],
    ['an unknown optional attribute', update(`${GOOD}c0 63 01 07`), []],
    ['an attribute past the list', update(`${GOOD}c0 08 08 fdea0064`), ['treat-as-withdraw 0']],
    ['half the head of an attribute', update(`${GOOD}c0 08`), ['treat-as-withdraw 0']],
    ['half of an extended length', update(`${GOOD}d0 08 00`), ['treat-as-withdraw 0']],
  ];
  for (const [what, body, expected] of CASES) {
    it(`are judged: ${what}`, () => assert.deepEqual(verdict(body), expected));
  }

  it('are judged by iBGP: LOCAL_PREF is mandatory, of four bytes', () => {
    assert.deepEqual(verdict(update(GOOD), true), ['treat-as-withdraw 0']);
    assert.deepEqual(verdict(update(`${GOOD}40 05 04 00000064`), true), []);
    assert.deepEqual(verdict(update(`${GOOD}40 05 03 000064`), true), [
      'treat-as-withdraw 5',
      'treat-as-withdraw 0',
    ]);
    assert.deepEqual(verdict(update(`${GOOD}40 05 04 00000064 80 09 03 0a0900`), true), [
      'treat-as-withdraw 9',
    ]);
  });

  it('are judged by an old neighbour: AS numbers of two octets, and a bad AS4_PATH is nothing', () => {
    const old = `${ORIGIN}40 02 04 02 01 5ba0${NEXT_HOP}`;
    assert.deepEqual(verdict(update(`${old}c0 07 06 fdea0a090002`), false, false), []);
    assert.deepEqual(verdict(update(`${old}c0 11 05 0201fa56ea`), false, false), [
      'attribute-discard 17',
    ]);
  });
});

describe('NLRI', () => {
  it('are read into prefixes, without what is behind their length', () => {
    const texts = (hex: string, family: 4 | 6): readonly string[] =>
      decodeNlri(bytesOf(hex), family).map(formatPrefix);
    assert.deepEqual(texts('00 20cb007107 13c633ff', 4), [
      '0.0.0.0/0',
      '203.0.113.7',
      '198.51.224.0/19',
    ]);
    assert.deepEqual(texts('00 3020010db80002 80 20010db8000300000000000000000007', 6), [
      '::/0',
      '2001:db8:2::/48',
      '2001:db8:3::7',
    ]);
  });
});
