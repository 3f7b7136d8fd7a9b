/** Our speaker with BIRD 2, FRR and GoBGP as neighbours. The speaker's sockets are in a namespace of their own. */
import assert from 'node:assert/strict';

import { type NeighborConfig, Speaker, tcpTransport } from '../../src/bgp/index.ts';
import * as libbpf from '../../src/lib/libbpf-ts/index.ts';
import { formatAddress } from '../../src/model/address.ts';
import { until } from '../lab/until.ts';
import { type Daemon, startBird, startFrr, startGobgp } from './support/bgp-daemons.ts';
import { type BgpLab, type Peer, requireBgpLab, tcpCounter } from './support/bgp-lab.ts';
import { address, hostRoutes, OUR_ASN, PEER_ASN, prefix } from './support/bgp-routes.ts';

const COUNT = 5_000;
/** 5,000 of either family. */
const ROUTES = hostRoutes(0, COUNT);
const KEPT = hostRoutes(0, COUNT / 2);
const DROPPED = hostRoutes(COUNT / 2, COUNT);
const COMMUNITIES = {
  communities: [OUR_ASN * 65536 + 100],
  largeCommunities: [[OUR_ASN, 1, 2]],
} as const;
const MD5_COUNTERS = ['TCPMD5NotFound', 'TCPMD5Unexpected', 'TCPMD5Failure'];
const DAEMONS = { BIRD: startBird, FRR: startFrr, GoBGP: startGobgp };

describe('the BGP speaker', function () {
  this.timeout(40_000);
  let lab: BgpLab;
  let speaker: Speaker;
  let daemon: Daemon | undefined;
  let refused: string[];
  let seen: string[];

  before(function () {
    lab = requireBgpLab(this, ['bird', 'birdc', 'gobgpd', 'gobgp', 'vtysh']);
  });
  after(() => lab.close());

  beforeEach(() => {
    refused = [];
    seen = [];
    speaker = new Speaker({
      asn: OUR_ASN,
      routerId: address('10.9.0.1'),
      listen: {},
      transport: tcpTransport(libbpf),
      onRefused: (reason) => refused.push(reason),
      onState: ({ state }) => seen.push(state),
    });
  });

  afterEach(async () => {
    await speaker.close({ graceful: false });
    await daemon?.kill();
    daemon = undefined;
  });

  const neighbor = (
    peer: Peer,
    options: Partial<NeighborConfig> & { readonly transport?: 4 | 6 } = {},
  ): NeighborConfig => {
    const { transport = 4, ...rest } = options;
    const other =
      transport === 4
        ? { nextHop6: address(peer.ours.inet6) }
        : { nextHop4: address(peer.ours.inet) };
    return {
      address: address(transport === 4 ? peer.theirs.inet : peer.theirs.inet6),
      asn: PEER_ASN,
      netns: lab.netns,
      ...other,
      ...rest,
    };
  };
  const announce = (routes: readonly string[]): void => {
    for (const route of routes) speaker.announce(prefix(route), COMMUNITIES);
  };
  const hasExactly = async (
    routes: readonly string[],
    of: Daemon,
    timeoutMs = 15_000,
  ): Promise<void> => {
    const isFull = async (): Promise<boolean> => (await of.count()) === routes.length;
    await until('its table is as long as ours', isFull, timeoutMs);
    assert.deepEqual(await of.routes(), routes);
  };
  const md5Failures = (peer: Peer): number =>
    [lab.netns, peer.netns]
      .flatMap((netns) => MD5_COUNTERS.map((name) => tcpCounter(netns, name)))
      .reduce((sum, count) => sum + count, 0);
  const state = (): string | undefined => speaker.states()[0]?.state;

  for (const [name, start] of Object.entries(DAEMONS)) {
    it(`brings ${name} to 10,000 prefixes, to fewer, and back after it was killed`, async () => {
      const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
      daemon = await start(lab, peer);
      speaker.addNeighbor(neighbor(peer));
      speaker.start();
      announce(ROUTES);
      await hasExactly(ROUTES, daemon);
      const route = await daemon.route('100.64.0.7/32');
      assert.match(route, new RegExp(peer.ours.inet.replaceAll('.', '\\.')));
      assert.match(route, name === 'GoBGP' ? /4259905636/ : /65001[,:]100/);
      for (const dropped of DROPPED) speaker.withdraw(prefix(dropped));
      await hasExactly(KEPT, daemon);

      await daemon.kill();
      await until('the session is down', () => state() !== 'Established');
      daemon = await start(lab, peer);
      await hasExactly(KEPT, daemon);
      assert.deepEqual(speaker.states()[0]?.families, [4, 6]);
    });

    it(`speaks iBGP over IPv6 with ${name}, which waits for the connection`, async () => {
      const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
      daemon = await start(lab, peer, { transport: 6, asn: OUR_ASN, passive: true });
      speaker.addNeighbor(neighbor(peer, { transport: 6, asn: OUR_ASN, localPref: 250 }));
      announce(hostRoutes(0, 5));
      speaker.start();
      await hasExactly(hostRoutes(0, 5), daemon);
      assert.match(await daemon.route('100.64.0.4/32'), /250/);
    });

    it(`waits for ${name} to connect`, async () => {
      const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
      speaker.addNeighbor(neighbor(peer, { passive: true }));
      announce(hostRoutes(0, 5));
      speaker.start();
      assert.equal(state(), 'Active');
      daemon = await start(lab, peer);
      // GoBGP lets five seconds pass before it connects
      await hasExactly(hostRoutes(0, 5), daemon, 15_000);
    });

    for (const passive of [false, true]) {
      const who = passive ? `${name} connects` : 'it connects';
      it(`needs the same TCP MD5 key as ${name} when ${who}`, async () => {
        const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
        const key = (text: string): Uint8Array => new TextEncoder().encode(text);
        const failures = md5Failures(peer);
        daemon = await start(lab, peer, { md5: 'right', passive: !passive });
        speaker.start();
        speaker.addNeighbor(neighbor(peer, { passive, md5Key: key('wrong') }));
        // more than one attempt
        await until('wrong keys are seen', () => md5Failures(peer) >= failures + 2, 15_000);
        assert.equal(speaker.states()[0]?.received.messages, 0);
        assert.equal(await daemon.established(), false);
        speaker.removeNeighbor(neighbor(peer));
        speaker.addNeighbor(neighbor(peer, { passive, md5Key: key('right') }));
        const bgp = daemon;
        await until('the session is up', () => bgp.established(), 15_000);
      });
    }
  }

  for (const [name, start, passive] of [
    ['BIRD', startBird, false],
    ['BIRD', startBird, true],
    ['FRR', startFrr, false],
    ['FRR', startFrr, true],
  ] as const) {
    it(`takes nothing from afar with TTL security, ${passive ? `${name} connects` : `it connects to ${name}`}`, async () => {
      const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
      const drops = tcpCounter(lab.netns, 'TCPMinTTLDrop');
      daemon = await start(lab, peer, { passive: !passive, ttlSecurity: false });
      speaker.addNeighbor(neighbor(peer, { passive, ttlSecurity: true }));
      speaker.start();
      const tooFar = (): boolean =>
        tcpCounter(lab.netns, 'TCPMinTTLDrop') >= drops + 2 ||
        /too far/.test(speaker.states()[0]?.lastError?.reason ?? '');
      await until('packets from afar are seen', tooFar, 15_000);
      assert.equal(speaker.states()[0]?.received.updates, 0);
      assert.ok(!seen.includes('Established'));
      // the end of that connection is not heard either: it would last as long as the hold timer
      speaker.removeNeighbor(neighbor(peer));
      await daemon.kill();
      daemon = await start(lab, peer, { passive: !passive, ttlSecurity: true });
      speaker.addNeighbor(neighbor(peer, { passive, ttlSecurity: true }));
      await until('the session is up', () => state() === 'Established', 15_000);
    });
  }

  it('resets a connection of a stranger before it reads or writes a byte', async () => {
    const peer = lab.peer(1);
    speaker.addNeighbor(neighbor(lab.peer(2), { passive: true }));
    speaker.start();
    const script = `
      const socket = require('node:net').connect({ host: '${peer.ours.inet}', port: 179 });
      socket.on('connect', () => socket.write(Buffer.alloc(19, 0xff)));
      socket.on('data', () => console.log('data'));
      socket.on('error', (error) => console.log(error.code));
      socket.on('close', () => console.log('closed'));`;
    const program = lab.spawn(peer.netns, [process.execPath, '-e', script]);
    await until('the stranger is closed', () => program.output().includes('closed'));
    assert.match(program.output(), /^(ECONNRESET|EPIPE)?\s*closed\n$/);
    assert.deepEqual(refused, [
      `Cannot accept a connection from '${lab.netns} ${formatAddress(address(peer.theirs.inet))}': it is no neighbour`,
    ]);
    assert.equal(speaker.states()[0]?.received.messages, 0);
  });

  it('tells neighbours of every kind at once', async () => {
    const [first, second] = [lab.peer(1), lab.peer(2)];
    const bird = await startBird(lab, first, { transport: 6 });
    daemon = bird;
    const frr = await startFrr(lab, second, { asn: OUR_ASN });
    try {
      speaker.start();
      announce(hostRoutes(0, 100));
      speaker.addNeighbor(neighbor(first, { transport: 6 }));
      speaker.addNeighbor(neighbor(second, { asn: OUR_ASN }));
      await hasExactly(hostRoutes(0, 100), bird);
      await hasExactly(hostRoutes(0, 100), frr);
      for (const gone of hostRoutes(50, 100)) speaker.withdraw(prefix(gone));
      await hasExactly(hostRoutes(0, 50), bird);
      await hasExactly(hostRoutes(0, 50), frr);
    } finally {
      await frr.kill();
    }
  });

  it('says all again to a neighbour that asks for it', async () => {
    const peer = lab.peer(1);
    daemon = await startBird(lab, peer);
    announce(hostRoutes(0, 5));
    speaker.addNeighbor(neighbor(peer));
    speaker.start();
    await hasExactly(hostRoutes(0, 5), daemon);
    // two UPDATEs and two ends of a table
    assert.equal(speaker.states()[0]?.sent.updates, 4);
    const argv = ['birdc', '-s', `${peer.directory}/bird.ctl`, 'reload', 'in', 'ours'];
    lab.spawn(peer.netns, argv);
    await until('all is said again', () => speaker.states()[0]?.sent.updates === 6);
    await hasExactly(hostRoutes(0, 5), daemon);
  });

  it('names the network namespace that is missing', async () => {
    const missing = { ...neighbor(lab.peer(1)), netns: '/run/netns/none' };
    const reason =
      "Cannot open a socket in network namespace '/run/netns/none': ENOENT (No such file or directory)";
    speaker.addNeighbor(missing);
    assert.throws(() => speaker.start(), {
      code: 'platform',
      message: `Cannot listen for BGP on port 179 in /run/netns/none: ${reason}`,
    });
    const silent = new Speaker({
      asn: OUR_ASN,
      routerId: address('10.9.0.1'),
      transport: tcpTransport(libbpf),
    });
    silent.addNeighbor(missing);
    silent.start();
    await until('the attempt has failed', () => silent.states()[0]?.lastError?.reason === reason);
    await silent.close({ graceful: false });
  });

  it('tells why it shuts down', async () => {
    const peer = lab.peer(2);
    const bgp = await startBird(lab, peer);
    daemon = bgp;
    speaker.addNeighbor(neighbor(peer));
    speaker.start();
    await until('the session is up', () => bgp.established());
    await speaker.close({ graceful: false, reason: 'maintenance until noon' });
    await until('the session is down', async () => !(await bgp.established()));
    assert.match(await bgp.session(), /Administrative shutdown: "maintenance until noon"/);
  });
});
