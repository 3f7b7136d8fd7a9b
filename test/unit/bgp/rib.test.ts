import assert from 'node:assert/strict';

import { MessageStream } from '../../../src/bgp/message.ts';
import { decodeNlri } from '../../../src/bgp/nlri.ts';
import { Rib } from '../../../src/bgp/rib.ts';
import type { RouteAttributes } from '../../../src/bgp/route.ts';
import { decodeUpdate } from '../../../src/bgp/update.ts';
import {
  announcement,
  endOfRib,
  UpdateWriter,
  withdrawal,
} from '../../../src/bgp/update-writer.ts';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { formatPrefix, parsePrefix, type Prefix } from '../../../src/model/prefix.ts';
import { seededRandom } from '../../bpf/random.ts';
import { hexOf } from './vectors.ts';

const MARKER = 'f'.repeat(32);
const COMMUNITIES: RouteAttributes = {
  communities: [0xfdea0064],
  largeCommunities: [[65002, 1, 2]],
};

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed);
  return parsed;
}

function nextHops(): ReadonlyMap<4 | 6, Uint8Array> {
  const v4 = parseAddress('10.9.0.2');
  const v6 = parseAddress('fd09::2');
  assert.ok(v4 && v6);
  return new Map([
    [4, v4],
    [6, v6],
  ]);
}

const PATHS = {
  localAs: 4200000002,
  internal: false,
  fourOctetAs: true,
  nextHop: nextHops(),
  localPref: 100,
  multiExitDisc: undefined,
};

describe('UPDATE messages that are sent', () => {
  const written = (
    template: ReturnType<typeof withdrawal>,
    ...texts: readonly string[]
  ): string => {
    const writer = new UpdateWriter(8192);
    for (const text of texts) {
      const { address, length } = prefix(text);
      assert.ok(writer.add(template, address, length));
    }
    return hexOf(writer.take());
  };

  it('are those of BIRD for the same route and an old speaker', () => {
    const template = announcement(4, COMMUNITIES, { ...PATHS, fourOctetAs: false });
    assert.equal(
      written(template, '198.51.100.0/24'),
      `${MARKER}004c02000000314001010040020402015ba04003040a090002c00804fdea0064c011060201fa56ea02c0200c0000fdea000000010000000218c63364`,
    );
  });

  it('are those of GoBGP for the same IPv6 route, but with MP_REACH_NLRI first (RFC 7606 §5.1)', () => {
    const template = announcement(6, {}, { ...PATHS, localAs: 65002 });
    assert.equal(
      written(template, '2001:db8:2::/48'),
      `${MARKER}0044020000002d900e001c00020110fd090000000000000000000000000002003020010db80002` +
        '4001010040020602010000fdea',
    );
  });

  it('have LOCAL_PREF and an empty AS_PATH inside of an AS', () => {
    const template = announcement(4, {}, { ...PATHS, internal: true, multiExitDisc: 7 });
    assert.equal(
      written(template, '203.0.113.7', '0.0.0.0/0'),
      `${MARKER}0039020000001c400101004002004003040a0900028004040000000740050400000064` +
        '20cb00710700',
    );
  });

  it('withdraw in either family', () => {
    assert.equal(
      written(withdrawal(4), '198.51.100.0/24', '203.0.113.7'),
      `${MARKER}002002000918c6336420cb0071070000`,
    );
    assert.equal(
      written(withdrawal(6), '2001:db8:2::/48'),
      `${MARKER}0025020000000e900f000a0002013020010db80002`,
    );
  });

  it('end the first table', () => {
    assert.equal(hexOf(endOfRib(4)), `${MARKER}00170200000000`);
    assert.equal(hexOf(endOfRib(6)), `${MARKER}001d0200000006800f03000201`);
  });

  it('are as few as fit 4,096 bytes', () => {
    const writer = new UpdateWriter(65536);
    const template = announcement(4, {}, { ...PATHS, localAs: 65002 });
    for (let i = 0; i < 2_000; i++) {
      const { address, length } = prefix(`100.64.${i >> 8}.${i & 255}`);
      assert.ok(writer.add(template, address, length));
    }
    const messages = [...new MessageStream().push(writer.take())];
    // 43 bytes and five a route: 810 routes are 4,093 bytes; the writer leaves room for the longest route
    assert.deepEqual(
      messages.map((message) => message.length),
      [4083, 4083, 1963],
    );
    assert.equal(writer.messages, 3);
  });
});

describe('the routes to be announced', () => {
  it('are counted, and told apart from those announced like that already', () => {
    const rib = new Rib();
    assert.equal(rib.announce(prefix('203.0.113.7')), true);
    assert.equal(rib.announce(prefix('203.0.113.7')), false);
    assert.equal(rib.announce(prefix('203.0.113.7'), COMMUNITIES), true);
    const same: RouteAttributes = {
      communities: [0xfdea0064, 0xfdea0064],
      largeCommunities: [[65002, 1, 2]],
    };
    assert.equal(rib.announce(prefix('203.0.113.7'), same), false);
    assert.equal(rib.announce(prefix('::/0')), true);
    assert.equal(rib.size, 2);
    assert.equal(rib.withdraw(prefix('203.0.113.8')), false);
    assert.equal(rib.withdraw(prefix('203.0.113.7')), true);
    assert.equal(rib.withdraw(prefix('203.0.113.7')), false);
    assert.equal(rib.size, 1);
  });

  it('are never told of when they come and go unseen', () => {
    const rib = new Rib();
    const view = rib.open([4, 6]);
    rib.announce(prefix('203.0.113.7'));
    assert.equal(view.pending, 1);
    rib.withdraw(prefix('203.0.113.7'));
    assert.equal(view.pending, 0);
  });

  it('have no more communities than a message holds', () => {
    const communities = Array.from({ length: 1_000 }, (_, i) => i);
    assert.throws(
      () => new Rib().announce(prefix('203.0.113.7'), { communities }),
      new DomainrouteError(
        'config',
        'Cannot announce a route with 1000 communities: they do not fit a message',
      ),
    );
  });

  it('reach neighbours of every pace exactly, whatever changes meanwhile', () => {
    const random = seededRandom(4271);
    const rib = new Rib();
    const ours = new Map<string, number>();
    const neighbors = [random.below(9), 0, 50].map((pace, i) => ({
      pace,
      view: rib.open(i === 1 ? [6] : [4, 6]),
      families: i === 1 ? [6] : [4, 6],
      table: new Map<string, string>(),
    }));
    /** Sends at most `limit` routes and reads them as a neighbour does. */
    const send = ({ view, table }: (typeof neighbors)[number], limit: number): void => {
      const writer = new UpdateWriter(1 << 16);
      for (const entry of view.round().subarray(0, limit)) {
        const family = rib.familyOf(entry);
        const attributes = rib.attributesOf(entry);
        const template =
          attributes === undefined ? withdrawal(family) : announcement(family, attributes, PATHS);
        assert.ok(writer.add(template, rib.addressOf(entry), rib.lengthOf(entry)));
        view.sent(entry);
      }
      for (const message of new MessageStream().push(writer.take())) {
        const context = { fourOctetAs: true, internal: false };
        const { withdrawnRoutes, nlri, pathAttributes, errors } = decodeUpdate(
          message.subarray(19),
          context,
        );
        assert.deepEqual(errors, []);
        const { mpReach, mpUnreach, communities = [] } = pathAttributes;
        const gone = [
          ...decodeNlri(withdrawnRoutes, 4),
          ...decodeNlri(mpUnreach?.withdrawnRoutes ?? new Uint8Array(), 6),
        ];
        // a withdrawal of what is not known would be one too many
        for (const route of gone) assert.ok(table.delete(formatPrefix(route)));
        const come = [...decodeNlri(nlri, 4), ...decodeNlri(mpReach?.nlri ?? new Uint8Array(), 6)];
        for (const route of come) table.set(formatPrefix(route), communities.join());
      }
    };
    for (let step = 0; step < 5_000; step++) {
      const n = random.below(300);
      const text = random.oneIn(2) ? `203.0.113.${n & 255}` : `2001:db8::${n.toString(16)}`;
      if (random.oneIn(2)) {
        const community = random.below(3);
        rib.announce(prefix(text), { communities: [community] });
        ours.set(text, community);
      } else {
        rib.withdraw(prefix(text));
        ours.delete(text);
      }
      for (const neighbor of neighbors) {
        if (random.oneIn(100)) send(neighbor, neighbor.pace);
        if (random.oneIn(1_000)) {
          neighbor.view.close();
          neighbor.view = rib.open(neighbor.families as (4 | 6)[]);
          neighbor.table.clear();
        }
      }
    }
    for (const neighbor of neighbors) {
      send(neighbor, Infinity);
      const expected = [...ours]
        .filter(([text]) => neighbor.families.includes(text.includes(':') ? 6 : 4))
        .map(([text, community]) => [text, String(community)]);
      assert.deepEqual([...neighbor.table].sort(), expected.sort());
      assert.equal(neighbor.view.pending, 0);
      assert.equal(neighbor.view.known, expected.length);
    }
    // entries of withdrawn routes are used again
    assert.ok(rib.capacity <= 1024);
  });
});
