/**
 * A speaker in a process of its own, which can be killed: `node bgp-speaker.cjs <JSON of SpeakerProgram>`. It
 * answers each message of its parent with a SpeakerReport.
 */
import { type NeighborStatus, Speaker, tcpTransport } from '../../../src/bgp/index.ts';
import * as libbpf from '../../../src/lib/libbpf-ts/index.ts';
import { address, hostRoutes, OUR_ASN, prefix } from './bgp-routes.ts';

export interface SpeakerProgram {
  readonly addon: string;
  readonly netns: string;
  /** Neighbour and its AS, in text. */
  readonly neighbor: string;
  readonly asn: number;
  readonly nextHop6: string;
  /** How many routes of either family. */
  readonly routes: number;
}

export interface SpeakerReport {
  readonly state: NeighborStatus['state'] | undefined;
  readonly updatesReceived: number;
  readonly pending: number;
  readonly announced: number;
  /** Bytes that are resident. */
  readonly rss: number;
}

const program = JSON.parse(process.argv[2] ?? '') as SpeakerProgram;
libbpf.loadAddon(program.addon);
const speaker = new Speaker({
  asn: OUR_ASN,
  routerId: address('10.9.0.1'),
  listen: {},
  gracefulRestart: { restartTime: 30 },
  transport: tcpTransport(libbpf),
});
speaker.addNeighbor({
  address: address(program.neighbor),
  asn: program.asn,
  netns: program.netns,
  nextHop6: address(program.nextHop6),
  connectRetryTime: 1,
});
for (const route of hostRoutes(0, program.routes)) speaker.announce(prefix(route));
speaker.start();

process.on('message', () => {
  const [status] = speaker.states();
  const report: SpeakerReport = {
    state: status?.state,
    updatesReceived: status?.received.updates ?? 0,
    pending: status?.pending ?? 0,
    announced: status?.announced ?? 0,
    rss: process.memoryUsage.rss(),
  };
  process.send?.(report);
});
process.on('SIGTERM', () => {
  void speaker.close({ graceful: true }).then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
