/** From the answer that a resolver tells of to the UPDATE at a neighbour. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { UbusClient } from '#ubus-ts';
import { until } from '../lab/until.ts';
import { startDaemon } from '../netns/support/daemon.ts';
import {
  answerOf,
  connectDnstap,
  dnstapFrame,
  type DnstapSender,
} from '../netns/support/dnstap-frames.ts';
import { CONTROL_FRAMES } from '../vectors/dnstap.ts';
import { startUbusd } from '../ubusd/start.ts';
import { openLibbpf } from '../../src/datapath/index.ts';
import { domainroute, MAIN, type Bench } from './bench.ts';
import { BgpPeer } from './bgp-peer.ts';
import { listNames } from './list-names.ts';
import { median } from './statistics.ts';
import { DIST } from './tools.ts';

const PORT = 1790;
const ASN = 65001;
/** The least there is. */
const HOLD_SECONDS = 3;
const ROUTES = 100_000;
/** So many answers are written at once, and awaited. */
const BATCH = 2_000;
/** With the domain of the rule as many as there may be. */
const LIST = 999_999;
const TIMEOUT_MS = 60_000;
/** Before the argv of the daemon: Node with the options of its init script. */
const AS_SERVICE = [
  'sh',
  '-c',
  'node=$1; shift; exec "$node" --max-old-space-size=64 --max-semi-space-size=2 "$@"',
  'sh',
];

function configuration(socket: string, list?: string): string {
  const names =
    list === undefined
      ? ''
      : `\tlist list 'big'\n\nconfig list 'big'\n\toption file '${list}'\n\toption format 'plain'\n`;
  return `${MAIN.replace("'1'\n", "'1'\n\toption facts '262144'\n")}
config rule 'all'
	list domain 'example.com'
	option announce '1'
	list community '${ASN}:100'
${names}
config dnstap 'resolver'
	option socket '${socket}'

config bgp 'bgp'
	option asn '${ASN}'
	option router_id '192.0.2.1'
	option max_routes '${2 * ROUTES}'

config neighbor 'peer'
	option address '127.0.0.1'
	option port '${PORT}'
	option asn '65002'
	option hold_time '${HOLD_SECONDS}'
	option next_hop6 '2001:db8::1'
`;
}

/** Answer number `i`: names and addresses that no other has, of both families in turns. */
function answer(i: number): Buffer {
  const at = [(i >> 16) & 255, (i >> 8) & 255, i & 255];
  const address =
    i % 2 === 0
      ? `5.${at.join('.')}`
      : `2a00:1450::${at.map((byte) => byte.toString(16)).join(':')}`;
  return dnstapFrame(answerOf(`name${i.toString(36)}.example.com`, address));
}

/** Leaves domainroute stopped. */
export async function measureDnstap(bench: Bench): Promise<void> {
  const { lab } = bench;
  delete process.env['NODE_EXTRA_CA_CERTS'];
  openLibbpf(DIST);
  const ubusd = await startUbusd(dirname(lab.ubus));
  const ubus = UbusClient.start({ path: lab.ubus, reconnectDelay: 50 });
  const netns = `/run/netns/${lab.name}-router`;
  const peer = new BgpPeer({ netns, port: PORT, asn: 65002, holdTime: HOLD_SECONDS });
  try {
    await withPeer(bench, peer, ubus);
  } finally {
    await peer.close();
    ubus.close();
    await ubusd.stop();
    await domainroute(lab, 'stop');
  }
}

async function withPeer(bench: Bench, peer: BgpPeer, ubus: UbusClient): Promise<void> {
  const { lab } = bench;
  const socket = `/run/${lab.name}/bench.sock`;
  lab.configure(configuration(socket));
  const daemon = await startDaemon(lab, AS_SERVICE);
  try {
    await until('the session is up', () => peer.established, TIMEOUT_MS);
    await measureUpdates(bench, socket, daemon.pid);
    const sender = await connectDnstap(socket);
    await measureMany(bench, peer, sender);
    bench.record('bgp.announce_100k_rss_mb', peakBytes(daemon.pid) / 2 ** 20);
    await measureReload(bench, peer, ubus, socket);
    bench.note(`bgp: ${(peakBytes(daemon.pid) / 2 ** 20).toFixed(1)} MB at most when all was done`);
    sender.close();
  } finally {
    await daemon.end();
  }
}

let answers = 0;

/** As {@link Tools.wire} reads it. */
function counted(message: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/** µs from before a frame is written until the UPDATE is on the wire, sorted; one at a time. */
async function updateTimes(
  { lab, tools }: Bench,
  socket: string,
  frames: number,
  restUs: number,
): Promise<number[]> {
  const warm = 500;
  const file = `/run/${lab.name}/bench.messages`;
  const messages = Array.from({ length: warm + frames }, () => answer(answers++));
  writeFileSync(file, Buffer.concat([CONTROL_FRAMES.START, ...messages].map(counted)));
  const wire = [tools.wire, socket, 'lo', String(PORT), String(warm), String(restUs), file];
  const text = await lab.router.output(['chrt', '--rr', '1', ...wire]);
  const times = text.trim().split('\n');
  return times.map((line) => Number(line) / 1000).sort((a, b) => a - b);
}

/** Each as soon as the one before has gone out; and with rests, as of a quiet network. */
async function measureUpdates(bench: Bench, socket: string, pid: number): Promise<void> {
  // they are run as soon as they can, whatever else the machine has to do
  execFileSync('chrt', ['--rr', '--all-tasks', '-p', '1', String(pid)]);
  const times = await updateTimes(bench, socket, bench.quick ? 1_000 : 5_000, 0);
  const rested = await updateTimes(bench, socket, 1_000, 1_000);
  execFileSync('chrt', ['--other', '--all-tasks', '-p', '0', String(pid)]);
  bench.record('dnstap.update_median_us', median(times));
  bench.record('dnstap.update_p99_us', times[Math.floor(times.length * 0.99)] ?? NaN);
  bench.note(`dnstap: ${median(rested).toFixed(0)} µs where an answer comes once a millisecond`);
}

/** 100,000 addresses by dnstap, then all of them to a neighbour that connects. */
async function measureMany(bench: Bench, peer: BgpPeer, sender: DnstapSender): Promise<void> {
  const begun = performance.now();
  const before = answers;
  while (answers < ROUTES) {
    const count = Math.min(BATCH, ROUTES - answers);
    const frames = Array.from({ length: count }, () => answer(answers++));
    await sender.send(frames);
    await peer.has(answers);
  }
  const perSecond = (1000 * (answers - before)) / (performance.now() - begun);
  bench.note(`dnstap: ${perSecond.toFixed(0)} new addresses a second become routes`);

  await peer.disconnect();
  await until('the neighbour is back', () => peer.connectedAt > begun, TIMEOUT_MS);
  await peer.has(ROUTES);
  bench.record('bgp.announce_100k_s', (performance.now() - peer.connectedAt) / 1000);
}

/** A rule gets a list of a million names, and loses it; all facts are looked through again each time. */
async function measureReload(
  bench: Bench,
  peer: BgpPeer,
  ubus: UbusClient,
  socket: string,
): Promise<void> {
  const { lab } = bench;
  const list = `${lab.directories.config}/big.txt`;
  writeFileSync(list, `${listNames(LIST).join('\n')}\n`);
  const connected = peer.connectedAt;
  const gaps: number[] = [];
  for (let turn = 0; turn < (bench.quick ? 2 : 6); turn++) {
    lab.configure(configuration(socket, turn % 2 === 0 ? list : undefined));
    peer.measureGaps();
    await ubus.invoke('domainroute', 'reload', {}, { timeout: TIMEOUT_MS });
    // what follows the reload: the look through all facts
    await wait(2 * HOLD_SECONDS * 1000);
    gaps.push(peer.longestGap / 1000);
  }
  if (peer.connectedAt !== connected) throw new Error('Cannot keep the session: it was lost');
  bench.record('bgp.keepalive_gap_s', Math.max(...gaps));
}

/** VmHWM. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
