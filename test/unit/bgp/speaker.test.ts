import assert from 'node:assert/strict';

import { type NeighborConfig, Speaker, type SpeakerOptions } from '../../../src/bgp/index.ts';
import { decodeNlri } from '../../../src/bgp/nlri.ts';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { formatPrefix, parsePrefix, type Prefix } from '../../../src/model/prefix.ts';
import { address, FakeClock, type FakeConnection, FakeTransport } from './fakes.ts';
import { bytesOf, framed } from './vectors.ts';

const NEIGHBOR: NeighborConfig = {
  address: address('10.9.0.2'),
  asn: 65002,
  nextHop6: address('fd09::1'),
};

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed);
  return parsed;
}

describe('the BGP speaker', () => {
  let clock: FakeClock;
  let tcp: FakeTransport;
  let speaker: Speaker;
  let refusals: string[];

  const make = (options: Partial<SpeakerOptions> = {}): Speaker =>
    new Speaker({
      asn: 65001,
      routerId: address('10.9.0.1'),
      listen: {},
      transport: tcp,
      clock,
      onRefused: (reason) => refusals.push(reason),
      ...options,
    });
  const start = (config: Partial<NeighborConfig> = {}, options?: Partial<SpeakerOptions>): void => {
    speaker = make(options);
    speaker.addNeighbor({ ...NEIGHBOR, ...config });
    speaker.start();
  };
  /** A session that the speaker has opened, and whose first messages have been read. */
  const establish = (open: Parameters<FakeConnection['open']>[0] = {}): FakeConnection => {
    const connection = tcp.last;
    connection.handler.connected();
    connection.open(open);
    connection.keepalive();
    clock.settle();
    return connection;
  };
  /** Seconds until the speaker connects once more. */
  const nextAttempt = (): number => {
    const before = tcp.connections.length;
    const since = clock.now();
    while (tcp.connections.length === before) clock.advance(1 / 16);
    return (clock.now() - since) / 1000;
  };
  const state = (): string | undefined => speaker.states()[0]?.state;
  const error = (): string | undefined => speaker.states()[0]?.lastError?.reason;
  /** Prefixes in what was written, as '+a' and '-a'; End-of-RIB is '.'. */
  const told = (connection: FakeConnection): readonly string[] =>
    connection.messages().flatMap((message) => {
      if (message.type !== 'UPDATE') return [];
      const { withdrawnRoutes, nlri, pathAttributes } = message.update;
      const { mpReach, mpUnreach } = pathAttributes;
      const list = [
        ...decodeNlri(withdrawnRoutes, 4).map((each) => `-${formatPrefix(each)}`),
        ...decodeNlri(mpUnreach?.withdrawnRoutes ?? bytesOf(''), 6).map(
          (each) => `-${formatPrefix(each)}`,
        ),
        ...decodeNlri(nlri, 4).map((each) => `+${formatPrefix(each)}`),
        ...decodeNlri(mpReach?.nlri ?? bytesOf(''), 6).map((each) => `+${formatPrefix(each)}`),
      ];
      return list.length === 0 ? ['.'] : list;
    });

  beforeEach(() => {
    clock = new FakeClock();
    tcp = new FakeTransport();
    refusals = [];
  });

  describe('opens a session', () => {
    it('and tells all it has, then the end of each family', () => {
      start();
      assert.equal(state(), 'Connect');
      speaker.announce(prefix('203.0.113.7'));
      speaker.announce(prefix('2001:db8::7'));
      const connection = tcp.last;
      connection.handler.connected();
      assert.equal(state(), 'OpenSent');
      connection.open();
      assert.equal(state(), 'OpenConfirm');
      assert.equal(connection.types(), 'OPEN KEEPALIVE');
      connection.keepalive();
      assert.equal(state(), 'Established');
      assert.deepEqual(told(connection), ['+203.0.113.7', '+2001:db8::7', '.', '.']);
    });

    it('again and again, the longer in vain the later, up to the configured time', () => {
      start({ connectRetryTime: 5 });
      const waits: number[] = [];
      for (let i = 0; i < 20; i++) {
        tcp.last.handler.closed('ECONNREFUSED');
        assert.equal(state(), 'Idle');
        waits.push(nextAttempt());
      }
      assert.deepEqual(waits.slice(0, 5), [0.25, 0.25, 0.25, 0.25, 0.25]);
      // a quarter of what has passed
      assert.deepEqual(waits.slice(5, 8), [0.3125, 0.4375, 0.5]);
      assert.deepEqual(waits.slice(-2), [5, 5]);
      assert.equal(error(), 'ECONNREFUSED');
    });

    it('again as soon as that where the neighbour hangs up before it has said a word', () => {
      start({ connectRetryTime: 5 });
      tcp.last.handler.connected();
      tcp.last.handler.closed('ECONNRESET');
      assert.equal(state(), 'Active');
      assert.equal(nextAttempt(), 0.25);
    });

    it('again with jitter, so that many speakers do not come at once (RFC 4271 §10)', () => {
      clock.random = () => 0;
      start();
      tcp.last.handler.closed('ECONNREFUSED');
      assert.equal(nextAttempt(), 0.1875);
    });

    it('at once again when one is lost that stood, and later and later when none stands', () => {
      start({ connectRetryTime: 5 });
      const lose = (seconds: number): number => {
        const connection = establish();
        clock.advance(seconds);
        connection.handler.closed('ECONNRESET');
        return nextAttempt();
      };
      assert.equal(lose(10), 0.25);
      for (let i = 0; i < 20; i++) lose(0);
      assert.equal(lose(0), 5);
      assert.equal(lose(10), 0.25);
    });

    it('to nobody before start, and to none that is passive', () => {
      speaker = make();
      speaker.addNeighbor(NEIGHBOR);
      clock.advance(100);
      assert.equal(tcp.connections.length, 0);
      start({ passive: true });
      clock.advance(100);
      assert.equal(tcp.connections.length, 0);
      assert.equal(state(), 'Active');
    });

    it('only in the families that have a next hop', () => {
      speaker = make();
      speaker.addNeighbor({ address: NEIGHBOR.address, asn: NEIGHBOR.asn });
      speaker.start();
      speaker.announce(prefix('203.0.113.7'));
      speaker.announce(prefix('2001:db8::7'));
      const connection = establish();
      assert.deepEqual(told(connection), ['+203.0.113.7', '.']);
    });

    it('with TTL 1, or 255 and a least one with TTL security', () => {
      start();
      assert.equal(tcp.last.peer.ttl, 1);
      assert.equal(tcp.last.peer.minimumTtl, undefined);
      start({ multihop: 3 });
      assert.equal(tcp.last.peer.ttl, 3);
      start({ asn: 65001 });
      assert.equal(tcp.last.peer.ttl, 64);
      start({ multihop: 3, ttlSecurity: true });
      assert.equal(tcp.last.peer.ttl, 255);
      assert.equal(tcp.last.peer.minimumTtl, 253);
    });
  });

  describe('refuses an OPEN', () => {
    it('of another AS', () => {
      start();
      tcp.last.handler.connected();
      tcp.last.messages();
      tcp.last.open({ myAs: 65003 });
      assert.equal(tcp.last.types(), 'NOTIFICATION 2/2');
      assert.ok(tcp.last.ended);
      assert.equal(state(), 'Idle');
    });

    it('without a family in common, and says which there are', () => {
      speaker = make();
      speaker.addNeighbor({ address: NEIGHBOR.address, asn: NEIGHBOR.asn });
      speaker.start();
      tcp.last.handler.connected();
      tcp.last.messages();
      tcp.last.open({ capabilities: { multiprotocol: [6] } });
      const [message] = tcp.last.messages();
      assert.ok(message?.type === 'NOTIFICATION');
      assert.deepEqual(message.notification, {
        errorCode: 2,
        errorSubcode: 7,
        data: bytesOf('010400010001'),
      });
    });

    it('of its own identifier inside of the AS', () => {
      start({ asn: 65001 });
      tcp.last.handler.connected();
      tcp.last.messages();
      tcp.last.open({ myAs: 65001, bgpIdentifier: 0x0a090001 });
      assert.equal(tcp.last.types(), 'NOTIFICATION 2/3');
    });
  });

  it('answers messages that come at the wrong time (RFC 6608)', () => {
    const update = framed('02 0000 0000');
    start();
    tcp.last.handler.connected();
    tcp.last.messages();
    tcp.last.handler.received(update);
    assert.equal(tcp.last.types(), 'NOTIFICATION 5/1');
    start();
    tcp.last.handler.connected();
    tcp.last.open();
    tcp.last.messages();
    tcp.last.handler.received(update);
    assert.equal(tcp.last.types(), 'NOTIFICATION 5/2');
    start();
    const connection = establish();
    connection.messages();
    connection.open();
    assert.equal(connection.types(), 'NOTIFICATION 5/3');
    assert.equal(error(), 'sent Finite State Machine Error/message in Established');
  });

  it('drops routes it is sent, wrong ones too, and ends for nothing less than RFC 7606 says', () => {
    start();
    const connection = establish();
    connection.messages();
    connection.handler.received(framed('02 0000 0004 40010103 18c63364'));
    assert.equal(state(), 'Established');
    assert.equal(speaker.states()[0]?.received.updates, 1);
    connection.handler.received(framed('02 0000 0000 21c6336400'));
    assert.equal(connection.types(), 'NOTIFICATION 3/10');
    assert.equal(state(), 'Idle');
  });

  describe('keeps time', () => {
    it('and sends a keepalive in a third of the hold time', () => {
      start();
      const connection = establish({ holdTime: 30 });
      connection.messages();
      clock.advance(10);
      assert.equal(connection.types(), 'KEEPALIVE');
      connection.keepalive();
      clock.advance(20);
      assert.equal(connection.types(), 'KEEPALIVE KEEPALIVE');
    });

    it('and sends no two keepalives in a second (RFC 4271 §4.4)', () => {
      clock.random = () => 0;
      start();
      const connection = establish({ holdTime: 3 });
      connection.messages();
      clock.advance(0.999);
      assert.equal(connection.types(), '');
      clock.advance(0.001);
      assert.equal(connection.types(), 'KEEPALIVE');
    });

    it('and ends a session with a neighbour that is silent', () => {
      start();
      const connection = establish({ holdTime: 30 });
      clock.advance(29);
      assert.equal(state(), 'Established');
      connection.messages();
      clock.advance(2);
      assert.match(connection.types(), /NOTIFICATION 4\/0$/);
      assert.equal(error(), 'sent Hold Timer Expired');
    });

    it('and waits four minutes for an OPEN', () => {
      start();
      const connection = tcp.last;
      connection.handler.connected();
      connection.messages();
      clock.advance(239);
      assert.equal(state(), 'OpenSent');
      clock.advance(2);
      assert.equal(connection.types(), 'NOTIFICATION 4/0');
    });

    it('but not after it was busy for longer than that, with messages waiting', () => {
      start();
      const connection = establish({ holdTime: 30 });
      clock.stall(60, () => connection.keepalive());
      assert.equal(state(), 'Established');
      clock.stall(60, () => undefined);
      assert.equal(state(), 'Idle');
    });

    it('or none, with a hold time of 0', () => {
      start();
      const connection = establish({ holdTime: 0 });
      connection.messages();
      clock.advance(10_000);
      assert.equal(state(), 'Established');
      assert.equal(connection.types(), '');
    });

    it('and ends a session with a neighbour that reads nothing (RFC 9687)', () => {
      start();
      const connection = establish({ holdTime: 30 });
      connection.full = true;
      speaker.announce(prefix('203.0.113.7'));
      for (let i = 0; i < 50; i++) {
        clock.advance(10);
        if (state() === 'Established') connection.keepalive();
      }
      assert.match(connection.types(), /NOTIFICATION 8\/0$/);
    });
  });

  describe('resolves a collision (RFC 4271 §6.8)', () => {
    /** Ours is at OpenConfirm when that of the neighbour says its OPEN. */
    const collide = (bgpIdentifier: number, myAs?: number): [FakeConnection, FakeConnection] => {
      start(myAs === undefined ? {} : { asn: myAs });
      const ours = tcp.last;
      ours.handler.connected();
      const theirs = tcp.arrive();
      assert.ok(theirs);
      const open = { bgpIdentifier, ...(myAs !== undefined && { myAs }) };
      ours.open(open);
      ours.messages();
      theirs.messages();
      theirs.open(open);
      return [ours, theirs];
    };

    it('and keeps the connection of the neighbour with the higher identifier', () => {
      const [ours, theirs] = collide(0x0a090002);
      assert.equal(ours.types(), 'NOTIFICATION 6/7');
      theirs.keepalive();
      assert.equal(state(), 'Established');
      assert.ok(!theirs.ended);
    });

    it('and keeps its own when its identifier is the higher one', () => {
      const [ours, theirs] = collide(0x0a090000);
      assert.equal(theirs.types(), 'NOTIFICATION 6/7');
      ours.keepalive();
      assert.equal(state(), 'Established');
    });

    it('by AS numbers when the identifiers are the same (RFC 6286)', () => {
      const ended = collide(0x0a090001, 65000).map((each) => each.ended);
      assert.deepEqual(ended, [false, true]);
      const lost = collide(0x0a090001, 65002).map((each) => each.ended);
      assert.deepEqual(lost, [true, false]);
    });

    it('and comes back with a connection of its own when the other ends', () => {
      const [, theirs] = collide(0x0a090002);
      theirs.keepalive();
      theirs.handler.closed('ECONNRESET');
      assert.equal(state(), 'Idle');
      const before = tcp.connections.length;
      clock.advance(1);
      assert.equal(tcp.connections.length, before + 1);
    });
  });

  describe('is connected to', () => {
    it('by its neighbours, and resets the connections of others', () => {
      start({ passive: true });
      assert.equal(tcp.arrive('10.9.0.3'), undefined);
      assert.equal(tcp.refused, 1);
      assert.deepEqual(refusals, [
        "Cannot accept a connection from '10.9.0.3': it is no neighbour",
      ]);
      const connection = tcp.arrive();
      assert.ok(connection);
      connection.open();
      connection.keepalive();
      assert.equal(state(), 'Established');
    });

    it('while a session is up, and refuses, unless the neighbour has restarted (RFC 4724 §4.2)', () => {
      start();
      establish();
      clock.advance(10);
      assert.equal(tcp.arrive(), undefined);
      start();
      const gracefulRestart = { restartState: false, restartTime: 120, families: new Map() };
      const old = establish({ capabilities: { gracefulRestart } });
      old.messages();
      assert.equal(tcp.arrive(), undefined);
      clock.advance(10);
      old.messages();
      const again = tcp.arrive();
      assert.ok(again);
      assert.ok(old.ended);
      assert.equal(old.types(), '');
      again.open();
      again.keepalive();
      assert.equal(state(), 'Established');
    });

    it('from too far, which ends no session (RFC 5082)', () => {
      start({ ttlSecurity: true });
      const gracefulRestart = { restartState: false, restartTime: 120, families: new Map() };
      const connection = establish({ capabilities: { gracefulRestart } });
      clock.advance(10);
      tcp.tooFar = true;
      assert.equal(tcp.arrive(), undefined);
      assert.equal(state(), 'Established');
      assert.ok(!connection.ended);
      assert.equal(error(), 'the connection came from too far (check ttlSecurity and multihop)');
    });

    it('by strangers as often as they like, and says so once a minute', () => {
      start({ passive: true });
      for (let i = 0; i < 120; i++) {
        tcp.arrive(`10.9.1.${i}`);
        clock.advance(1);
      }
      assert.equal(tcp.refused, 120);
      assert.deepEqual(
        refusals,
        [0, 60].map((i) => `Cannot accept a connection from '10.9.1.${i}': it is no neighbour`),
      );
    });

    it('with the TCP MD5 keys of those neighbours that have one', () => {
      start({ md5Key: new TextEncoder().encode('secret') });
      assert.deepEqual([...tcp.md5Keys], [['10.9.0.2', 'secret']]);
      assert.ok(speaker.removeNeighbor(NEIGHBOR));
      assert.deepEqual([...tcp.md5Keys], [['10.9.0.2', '']]);
    });
  });

  it('lets nobody in without the TCP MD5 key that the kernel cannot take, and others all the same', () => {
    tcp.md5Error = new Error('Cannot use TCP MD5');
    speaker = make();
    speaker.addNeighbor({ ...NEIGHBOR, passive: true, md5Key: new TextEncoder().encode('secret') });
    speaker.addNeighbor({ ...NEIGHBOR, address: address('10.9.0.3'), passive: true });
    speaker.start();
    assert.equal(tcp.arrive('10.9.0.2'), undefined);
    assert.ok(tcp.arrive('10.9.0.3'));
    assert.deepEqual(refusals, [
      'Cannot use TCP MD5',
      "Cannot accept a connection from '10.9.0.2': it is to have a TCP MD5 key",
    ]);
    assert.ok(speaker.removeNeighbor(NEIGHBOR));
  });

  describe('announces', () => {
    it('what changes in a turn of the event loop in as few messages as can be', () => {
      start();
      const connection = establish();
      connection.messages();
      speaker.announce(prefix('203.0.113.7'));
      speaker.announce(prefix('203.0.113.8'));
      speaker.announce(prefix('203.0.113.9'), { communities: [1] });
      speaker.withdraw(prefix('203.0.113.8'));
      assert.equal(connection.written.length, 0);
      clock.settle();
      assert.equal(speaker.states()[0]?.sent.updates, 2 + 2);
      assert.deepEqual(told(connection), ['+203.0.113.7', '+203.0.113.9']);
    });

    it('nothing more to a slow neighbour than what is different when it reads again', () => {
      start();
      const connection = establish();
      connection.messages();
      connection.full = true;
      speaker.announce(prefix('203.0.113.1'));
      clock.settle();
      assert.deepEqual(told(connection), ['+203.0.113.1']);
      for (let i = 0; i < 100; i++) {
        speaker.announce(prefix('203.0.113.2'), { communities: [i] });
        speaker.announce(prefix('203.0.113.3'));
        clock.settle();
        speaker.withdraw(prefix('203.0.113.3'));
        clock.settle();
      }
      assert.equal(connection.written.length, 0);
      assert.equal(speaker.states()[0]?.pending, 1);
      connection.full = false;
      connection.handler.drained();
      clock.settle();
      assert.deepEqual(told(connection), ['+203.0.113.2']);
    });

    it('all of a family again when it is asked to (RFC 2918)', () => {
      start();
      speaker.announce(prefix('203.0.113.7'));
      speaker.announce(prefix('2001:db8::7'));
      const connection = establish();
      connection.messages();
      connection.say({ type: 'ROUTE-REFRESH', family: 6 });
      clock.settle();
      assert.deepEqual(told(connection), ['+2001:db8::7']);
    });

    it('all again but once to a neighbour that asks for it many times at once', () => {
      start();
      speaker.announce(prefix('203.0.113.7'));
      speaker.announce(prefix('2001:db8::7'));
      const connection = establish();
      connection.messages();
      for (let i = 0; i < 100; i++) connection.say({ type: 'ROUTE-REFRESH', family: 4 });
      connection.say({ type: 'ROUTE-REFRESH', family: 6 });
      clock.settle();
      assert.deepEqual(told(connection), ['+203.0.113.7', '+2001:db8::7']);
      // while it reads nothing, too
      connection.full = true;
      speaker.announce(prefix('203.0.113.8'));
      clock.settle();
      connection.messages();
      for (let i = 0; i < 100; i++) connection.say({ type: 'ROUTE-REFRESH', family: 4 });
      clock.settle();
      assert.equal(connection.written.length, 0);
      connection.full = false;
      connection.handler.drained();
      clock.settle();
      assert.deepEqual(told(connection), ['+203.0.113.7', '+203.0.113.8']);
    });

    it('to an old speaker with AS_TRANS, and an AS4_PATH that has the number', () => {
      start({}, { asn: 4200000001 });
      speaker.announce(prefix('203.0.113.7'));
      const connection = establish({ capabilities: { fourOctetAs: undefined } });
      const [open, , update] = connection.messages(false);
      assert.equal(open?.type === 'OPEN' && open.open.myAs, 4200000001);
      assert.ok(update?.type === 'UPDATE');
      assert.deepEqual(update.update.pathAttributes.asPath, [{ type: 2, value: [23456] }]);
      assert.deepEqual(update.update.pathAttributes.as4Path, [{ type: 2, value: [4200000001] }]);
    });
  });

  describe('restarts gracefully (RFC 4724)', () => {
    const capability = (connection: FakeConnection): unknown => {
      const [open] = connection.messages();
      return open?.type === 'OPEN' && open.open.capabilities.gracefulRestart;
    };

    it('and says so until the first session is up', () => {
      start({}, { gracefulRestart: { restartTime: 120 } });
      const families = new Map([
        [4, true],
        [6, true],
      ]);
      const first = establish();
      assert.deepEqual(capability(first), { restartState: true, restartTime: 120, families });
      first.handler.closed('ECONNRESET');
      clock.advance(1);
      const second = establish();
      assert.deepEqual(capability(second), { restartState: false, restartTime: 120, families });
    });

    it('and closes without a word, or with the reason of a shutdown', async () => {
      start();
      const connection = establish();
      connection.messages();
      await speaker.close({ graceful: true });
      assert.ok(connection.ended);
      assert.equal(connection.types(), '');
      start();
      const other = establish();
      other.messages();
      await speaker.close({ graceful: false, reason: 'bye' });
      const [message] = other.messages();
      assert.ok(message?.type === 'NOTIFICATION');
      assert.deepEqual(message.notification, {
        errorCode: 6,
        errorSubcode: 2,
        data: bytesOf('03627965'),
      });
    });
  });

  it('has a neighbour once, and tells it when it is none any more', () => {
    start();
    assert.throws(
      () => speaker.addNeighbor(NEIGHBOR),
      new DomainrouteError('config', "Cannot add neighbour '10.9.0.2': it is there already"),
    );
    const connection = establish();
    connection.messages();
    assert.equal(speaker.removeNeighbor(NEIGHBOR), true);
    assert.equal(connection.types(), 'NOTIFICATION 6/3');
    assert.equal(speaker.removeNeighbor(NEIGHBOR), false);
    clock.advance(100);
    assert.equal(tcp.connections.length, 1);
  });
});
