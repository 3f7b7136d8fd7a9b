import assert from 'node:assert/strict';

import { decodeMessage, MessageStream } from '../../../src/bgp/message.ts';
import { NotificationError } from '../../../src/bgp/notification.ts';
import { seededRandom } from '../../bpf/random.ts';
import { bytesOf, VECTORS } from './vectors.ts';

/** More with BGP_FUZZ=1000000. */
const RUNS = Number(process.env['BGP_FUZZ'] ?? 20_000);

describe('the decoder of BGP', () => {
  it('answers anything with a message or a NOTIFICATION', function () {
    this.timeout(600_000);
    const random = seededRandom(7606);
    const messages = VECTORS.map(({ hex }) => bytesOf(hex));
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      const bytes = Uint8Array.from([...random.pick(messages), ...random.bytes(random.below(8))]);
      for (let i = random.below(6); i >= 0; i--) {
        bytes[18 + random.below(bytes.length - 18)] = random.below(256);
      }
      // most of them with a true length, so that they come past the header
      if (!random.oneIn(8)) {
        bytes[16] = bytes.length >> 8;
        bytes[17] = bytes.length & 255;
      }
      if (!random.oneIn(4)) bytes[18] = 1 + random.below(2);
      const context = { fourOctetAs: random.oneIn(2), internal: random.oneIn(2) };
      try {
        for (const message of new MessageStream().push(bytes)) decodeMessage(message, context);
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
        refused++;
      }
    }
    assert.ok(refused > RUNS / 10 && refused < RUNS);
  });
});
