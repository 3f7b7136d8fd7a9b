/** What neighbours see of a restart of ours (RFC 4724), and what a large table of theirs costs us. */
import assert from 'node:assert/strict';
import { once } from 'node:events';

import { buildSync } from 'esbuild';

import { Speaker, tcpTransport } from '../../src/bgp/index.ts';
import * as libbpf from '../../src/lib/libbpf-ts/index.ts';
import { until } from '../lab/until.ts';
import { startBird, startFrr, startGobgp } from './support/bgp-daemons.ts';
import { ADDON, type BgpLab, type Peer, type Program, requireBgpLab } from './support/bgp-lab.ts';
import { address, hostRoutes, OUR_ASN, PEER_ASN, prefix } from './support/bgp-routes.ts';
import type { SpeakerProgram, SpeakerReport } from './support/bgp-speaker.ts';

const DAEMONS = { BIRD: startBird, FRR: startFrr, GoBGP: startGobgp };
const ROUTES = 500;

describe('the BGP speaker in a process of its own', function () {
  this.timeout(60_000);
  let lab: BgpLab;
  const cleanup: (() => Promise<unknown>)[] = [];

  before(function () {
    lab = requireBgpLab(this, ['bird', 'birdc', 'gobgpd', 'gobgp', 'vtysh']);
  });
  after(() => lab.close());
  afterEach(async () => {
    for (const each of cleanup.splice(0)) await each();
  });

  const startSpeaker = (peer: Peer, routes: number): Program => {
    const outfile = `${peer.directory}/bgp-speaker.cjs`;
    buildSync({
      entryPoints: [new URL('support/bgp-speaker.ts', import.meta.url).pathname],
      bundle: true,
      platform: 'node',
      target: 'node20',
      outfile,
      logLevel: 'error',
    });
    const program: SpeakerProgram = {
      addon: ADDON,
      netns: lab.netns,
      neighbor: peer.theirs.inet,
      asn: PEER_ASN,
      nextHop6: peer.ours.inet6,
      routes,
    };
    const child = lab.spawn(lab.netns, [process.execPath, outfile, JSON.stringify(program)]);
    cleanup.push(() => child.kill());
    return child;
  };
  const report = async ({ process: child }: Program): Promise<SpeakerReport> => {
    child.send('report');
    const [answer] = (await once(child, 'message')) as [SpeakerReport];
    return answer;
  };

  for (const [name, start] of Object.entries(DAEMONS)) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      it(`loses no route at ${name} when it restarts after ${signal}`, async () => {
        const peer = lab.peer(Object.keys(DAEMONS).indexOf(name) + 1);
        const daemon = await start(lab, peer);
        cleanup.push(() => daemon.kill());
        const first = startSpeaker(peer, ROUTES);
        const all = hostRoutes(0, ROUTES);
        await until('all is there', async () => (await daemon.count()) === all.length, 15_000);

        const counts: number[] = [];
        const look = async (): Promise<void> => {
          counts.push(await daemon.count());
        };
        await first.kill(signal);
        await until('the daemon has lost us', async () => {
          await look();
          return !(await daemon.established());
        });
        const second = startSpeaker(peer, ROUTES);
        await until(
          'the speaker has said all again',
          async () => {
            await look();
            const { state, pending } = await report(second);
            return state === 'Established' && pending === 0;
          },
          20_000,
        );
        // stale routes would go now
        for (let i = 0; i < 10; i++) await look();
        assert.deepEqual([...new Set(counts)], [all.length]);
        assert.deepEqual(await daemon.routes(), all);
      });
    }
  }

  it('takes 100,000 routes of a neighbour at the cost of at most 10 MB', async () => {
    const peer = lab.peer(4);
    const neighbor = new Speaker({
      asn: PEER_ASN,
      routerId: address('10.9.0.2'),
      transport: tcpTransport(libbpf),
    });
    neighbor.addNeighbor({
      address: address(peer.ours.inet),
      asn: OUR_ASN,
      netns: peer.netns,
      nextHop6: address(peer.theirs.inet6),
    });
    cleanup.push(() => neighbor.close({ graceful: false }));
    const speaker = startSpeaker(peer, 0);
    neighbor.start();
    await until('the session is up', async () => (await report(speaker)).state === 'Established');
    const before = await report(speaker);
    for (const route of hostRoutes(0, 50_000)) neighbor.announce(prefix(route));
    const after = await until('all is received', async () => {
      const [status] = neighbor.states();
      const now = await report(speaker);
      return status?.announced === 100_000 && now.updatesReceived === status.sent.updates && now;
    });
    assert.ok(after.updatesReceived > 250);
    assert.ok(after.rss - before.rss <= 10e6, `${after.rss - before.rss} bytes more`);
  });
});
