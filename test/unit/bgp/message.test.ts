import assert from 'node:assert/strict';

import { decodeMessage, encodeMessage, MessageStream } from '../../../src/bgp/message.ts';
import { NotificationError, shutdownCommunication } from '../../../src/bgp/notification.ts';
import { describeNotification } from '../../../src/bgp/notification.ts';
import { bytesOf, framed, hexOf, plain, VECTORS } from './vectors.ts';

const CONTEXT = { fourOctetAs: true, internal: false };

/** Code, subcode and data of the NOTIFICATION that answers the bytes. */
function answer(bytes: Uint8Array): unknown {
  try {
    for (const message of new MessageStream().push(bytes)) decodeMessage(message, CONTEXT);
    return 'none';
  } catch (error) {
    if (!(error instanceof NotificationError)) throw error;
    return [error.errorCode, error.errorSubcode, hexOf(error.data)];
  }
}

describe('BGP messages', () => {
  for (const { origin, hex, fourOctetAs, message } of VECTORS) {
    it(`are read: ${origin}`, () => {
      const decoded = decodeMessage(bytesOf(hex), { fourOctetAs, internal: false });
      assert.deepEqual(plain(decoded), message);
    });
  }

  it('come out of a stream whole, however it is cut', () => {
    const stream = bytesOf(VECTORS.map(({ hex }) => hex).join(''));
    const all = VECTORS.map(({ hex }) => hex);
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new MessageStream();
      const got = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((chunk) =>
        [...reader.push(chunk)].map(hexOf),
      );
      assert.deepEqual(got, all);
    }
    const reader = new MessageStream();
    const got = [...stream].flatMap((byte) => [...reader.push(Uint8Array.of(byte))].map(hexOf));
    assert.deepEqual(got, all);
  });

  it('that end early, with a length that says so, are an error or read, and nothing else', () => {
    for (const { hex, fourOctetAs } of VECTORS) {
      const whole = bytesOf(hex);
      for (let length = 19; length < whole.length; length++) {
        const cut = framed(hexOf(whole.subarray(18, length)));
        try {
          for (const message of new MessageStream().push(cut)) {
            decodeMessage(message, { fourOctetAs, internal: false });
          }
        } catch (error) {
          assert.ok(error instanceof NotificationError, String(error));
        }
      }
    }
  });

  it('are written as RFC 4271 and RFC 2918 have them', () => {
    const marker = 'f'.repeat(32);
    assert.equal(hexOf(encodeMessage({ type: 'KEEPALIVE' })), `${marker}001304`);
    assert.equal(
      hexOf(encodeMessage({ type: 'ROUTE-REFRESH', family: 6 })),
      `${marker}00170500020001`,
    );
    const notification = { errorCode: 6, errorSubcode: 2, data: shutdownCommunication('bye') };
    assert.equal(
      hexOf(encodeMessage({ type: 'NOTIFICATION', notification })),
      `${marker}0019030602` + '03627965',
    );
  });

  it('are written: an OPEN with all capabilities, of an AS number of four octets', () => {
    const bytes = encodeMessage({
      type: 'OPEN',
      open: {
        myAs: 4200000002,
        holdTime: 240,
        bgpIdentifier: 0xc0000202,
        capabilities: {
          multiprotocol: [4, 6],
          routeRefresh: true,
          fourOctetAs: 4200000002,
          gracefulRestart: {
            restartState: true,
            restartTime: 120,
            families: new Map([
              [4, true],
              [6, false],
            ]),
          },
        },
      },
    });
    // by hand, after the OPEN of BIRD above
    assert.equal(
      hexOf(bytes),
      `${'f'.repeat(32)}003f01045ba000f0c00002022202200104000100010104000200010200` +
        '400a8078000101800002010041' +
        '04fa56ea02',
    );
  });

  const MARKER_WRONG = `${'f'.repeat(30)}fe001304`;
  const HEADERS: readonly (readonly [string, Uint8Array, unknown])[] = [
    ['a marker that is not all ones', bytesOf(MARKER_WRONG), [1, 1, '']],
    ['one wrong byte of a marker, with nothing behind it', bytesOf('00'), [1, 1, '']],
    ['a length below 19', bytesOf(`${'f'.repeat(32)}001204`), [1, 2, '0012']],
    ['a length above 4096', bytesOf(`${'f'.repeat(32)}100102`), [1, 2, '1001']],
    ['a KEEPALIVE with a byte more', bytesOf(`${'f'.repeat(32)}00140400`), [1, 2, '0014']],
    ['an OPEN that is too short', framed('01 04 fdea 005a c0000202'), [1, 2, '001c']],
    ['an UPDATE that is too short', framed('02 0000 00'), [1, 2, '0016']],
    ['a NOTIFICATION without subcode', framed('03 06'), [1, 2, '0014']],
    ['a ROUTE-REFRESH that is too short', framed('05 0001 00'), [1, 2, '0016']],
    ['type 0', framed('00'), [1, 3, '00']],
    ['type 6', framed('06'), [1, 3, '06']],
  ];
  for (const [what, bytes, expected] of HEADERS) {
    it(`answers ${what}`, () => assert.deepEqual(answer(bytes), expected));
  }

  const OPENS: readonly (readonly [string, string, unknown])[] = [
    ['version 3', '01 03 fdea 005a c0000202 00', [2, 1, '0004']],
    ['AS 0', '01 04 0000 005a c0000202 00', [2, 2, '']],
    ['AS 0 in the capability', '01 04 5ba0 005a c0000202 08 0206 4104 00000000', [2, 2, '']],
    ['identifier 0.0.0.0', '01 04 fdea 005a 00000000 00', [2, 3, '']],
    ['a parameter that is no capability', '01 04 fdea 005a c0000202 03 01 01 00', [2, 4, '']],
    ['hold time 1', '01 04 fdea 0001 c0000202 00', [2, 6, '']],
    ['hold time 2', '01 04 fdea 0002 c0000202 00', [2, 6, '']],
    ['hold time 0', '01 04 fdea 0000 c0000202 00', 'none'],
    ['hold time 3', '01 04 fdea 0003 c0000202 00', 'none'],
    ['parameters that are longer than said', '01 04 fdea 005a c0000202 01 0200', [2, 0, '']],
    ['parameters that are shorter than said', '01 04 fdea 005a c0000202 04 0200', [2, 0, '']],
    ['a capability past its parameter', '01 04 fdea 005a c0000202 04 0202 4104', [2, 0, '']],
    ['half a capability', '01 04 fdea 005a c0000202 03 0201 41', [2, 0, '']],
    ['a 4-octet AS of three octets', '01 04 fdea 005a c0000202 07 0205 4103 000001', [2, 0, '']],
    ['multiprotocol of three octets', '01 04 fdea 005a c0000202 07 0205 0103 000100', [2, 0, '']],
    [
      'graceful restart of three octets',
      '01 04 fdea 005a c0000202 07 0205 4003 000100',
      [2, 0, ''],
    ],
    ['a capability that nobody knows', '01 04 fdea 005a c0000202 05 0203 ee01 00', 'none'],
    ['no capability at all', '01 04 fdea 005a c0000202 00', 'none'],
    ['extended parameters (RFC 9072)', '01 04 fdea 005a c0000202 ff ff 0005 02 0002 0200', 'none'],
    [
      'extended parameters behind another length',
      '01 04 fdea 005a c0000202 07 ff 0005 02 0002 0200',
      'none',
    ],
    [
      'extended parameters cut short',
      '01 04 fdea 005a c0000202 ff ff 0005 02 0003 0200',
      [2, 0, ''],
    ],
  ];
  for (const [what, hex, expected] of OPENS) {
    it(`answers an OPEN with ${what}`, () => assert.deepEqual(answer(framed(hex)), expected));
  }

  it('tells of a NOTIFICATION with the words of the people there (RFC 9003)', () => {
    const notification = { errorCode: 6, errorSubcode: 2, data: bytesOf('05 68690a1b21') };
    assert.equal(
      describeNotification(notification),
      'Cease/Administrative Shutdown: "hi\\x0a\\x1b!"',
    );
    assert.equal(shutdownCommunication('é'.repeat(200)).length, 1 + 254);
  });
});
