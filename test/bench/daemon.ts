/** The daemon: what it takes, and how fast it answers and tells. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { UbusClient } from '#ubus-ts';
import { monotonicNow } from '../../src/datapath/index.ts';
import { PAIR, VERDICT } from '../../src/datapath/layouts.ts';
import { address } from '../bpf/frames/bytes.ts';
import { frame } from '../bpf/frames/packet.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { until } from '../lab/until.ts';
import { startDaemon } from '../netns/support/daemon.ts';
import { startUbusd } from '../ubusd/start.ts';
import { domainroute, MAIN, type Bench } from './bench.ts';
import { DataPath, markOf } from './data-path.ts';
import { listNames } from './list-names.ts';
import { median } from './statistics.ts';

const NAMES = 10_000;
const DECISIONS = 10_000;
/** Less than the ring of events holds. */
const BURST = 1_500;
const ALL = `${MAIN}config rule 'all'
	list domain '.'
	option mark '0x23/0xff'
`;

/** `edition`: whichever, another one is another set of rules. */
function manyNames(names: readonly string[], edition: number): string {
  const domains = names.map((name) => `\tlist domain '${name}'\n`).join('');
  return `${MAIN}config rule 'many'\n${domains}\toption mark '0x${(edition % 200) + 1}/0xff'\n`;
}

/** Leaves domainroute stopped. */
export async function measureDaemon(bench: Bench): Promise<void> {
  const { lab } = bench;
  // with it every node reads all certificates, which no router's does
  delete process.env['NODE_EXTRA_CA_CERTS'];
  const ubusd = await startUbusd(dirname(lab.ubus));
  const client = UbusClient.start({ path: lab.ubus, reconnectDelay: 50 });
  try {
    await withDaemon(bench, client);
  } finally {
    client.close();
    await ubusd.stop();
    await domainroute(lab, 'stop');
  }
}

async function withDaemon(bench: Bench, client: UbusClient): Promise<void> {
  const { lab } = bench;
  const names = listNames(NAMES);
  lab.configure(manyNames(names, 0));
  const daemon = await startDaemon(lab);
  try {
    await until('the daemon is on ubus', () => isThere(client), 10_000);
    bench.record('daemon.rss_mb', await idleMemory(daemon.pid));
    await measureReloads(bench, client, names);
    lab.configure(ALL);
    await client.invoke('domainroute', 'reload');
    await measureDecisions(bench, client);
    await measureEvents(bench, client);
    bench.note(`daemon: ${(residentBytes(daemon.pid) / 2 ** 20).toFixed(1)} MB when all was done`);
  } finally {
    await daemon.end();
  }
}

async function isThere(client: UbusClient): Promise<boolean> {
  return client.connected && (await client.lookup('domainroute')).length > 0;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Some seconds after the start nothing is left to do, and what the start took is given back. */
async function idleMemory(pid: number): Promise<number> {
  await wait(5_000);
  return residentBytes(pid) / 2 ** 20;
}

/** From the call until the answer: then every verdict is by the new rules. */
async function measureReloads(
  bench: Bench,
  client: UbusClient,
  names: readonly string[],
): Promise<void> {
  const seconds: number[] = [];
  for (let edition = 1; edition <= (bench.quick ? 3 : 11); edition++) {
    bench.lab.configure(manyNames(names, edition));
    seconds.push(await timeOf(() => client.invoke('domainroute', 'reload')));
  }
  bench.record('daemon.reload_s', median(seconds));
}

async function timeOf(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return (performance.now() - start) / 1000;
}

async function measureDecisions(bench: Bench, client: UbusClient): Promise<void> {
  fillVerdicts(bench);
  const seconds: number[] = [];
  let rows = 0;
  for (let turn = 0; turn < (bench.quick ? 5 : 25); turn++) {
    seconds.push(
      await timeOf(async () => {
        const { decisions } = await client.invoke('domainroute', 'decisions');
        rows = (decisions as readonly unknown[]).length;
      }),
    );
  }
  if (rows < 1000) throw new Error(`Cannot time decisions: only ${rows} came`);
  bench.record('ubus.decisions_10k_s', median(seconds));
  bench.note(`ubus: ${rows} of ${DECISIONS} decisions fit a message`);
}

function fillVerdicts({ lab }: Bench): void {
  const path = new DataPath(lab);
  try {
    const verdicts = path.maps.get('verdicts');
    const now = monotonicNow();
    const nothing = { stamp: 0n, expires: 0, flags: 0, ifindex: 0, tick: 0 };
    for (let i = 1; i <= DECISIONS; i++) {
      const pair = PAIR.encode({
        client: address(`100::200:0:${(i % 8).toString(16)}`),
        address: address(`2a00:1450::${i.toString(16)}`),
      });
      const key = new Uint8Array(8);
      new DataView(key.buffer).setUint32(0, i);
      verdicts.update(
        key,
        VERDICT.encode({
          ...nothing,
          ...{ pair, rule: 1, mark: 0x23, mask: 0xff },
          ...{ packets: i, bytes: 100 * i, last_seen: now },
        }),
      );
    }
  } finally {
    path.close();
  }
}

/** Bursts of verdicts, each told before the next one comes: so much goes from the kernel to a subscriber. */
async function measureEvents(bench: Bench, client: UbusClient): Promise<void> {
  let told = 0;
  const subscription = client.subscribe('domainroute', () => told++);
  const path = new DataPath(bench.lab);
  try {
    const program = path.program('lan_ingress');
    const packet = packetToNobody();
    const destination = new DataView(packet.buffer, packet.byteOffset + DESTINATION);
    let next = 0;
    const burst = (count: number): void => {
      for (let i = 0; i < count; i++) {
        destination.setUint32(12, ++next);
        program.testRun({ data: packet });
      }
    };
    await until('the first event is told', () => {
      burst(1);
      return told > 0;
    });
    if (markOf(program, packet) !== 0x23) throw new Error('Cannot make events: no rule matches');
    const rates: number[] = [];
    for (let turn = 0; turn < (bench.quick ? 5 : 40); turn++) {
      await wait(50); // those before are told
      told = 0;
      const seconds = await timeOf(async () => {
        burst(BURST);
        await until('the burst is told', () => told >= BURST);
      });
      rates.push(BURST / seconds);
    }
    bench.record('daemon.events_per_s', median(rates));
  } finally {
    path.close();
    subscription.close();
  }
}

/** Of the destination in an Ethernet frame of IPv6 (RFC 8200 §3). */
const DESTINATION = 14 + 24;

function packetToNobody(): Uint8Array {
  const link = { source: ADDRESSES.client.mac, destination: ADDRESSES.router.mac };
  const network = { source: ADDRESSES.client.inet6, destination: '2a00:1450:4002::' };
  const ports = { protocol: 'udp', sourcePort: 40_000, destinationPort: 443 } as const;
  return frame(link, network, ports, new Uint8Array(18)).bytes;
}
