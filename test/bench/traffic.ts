/** Packets from the client through the router, as fast as it forwards them, and what is counted of them. */
import type { ChildProcess } from 'node:child_process';

import type { Lab } from '../lab/lab.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESSES } from '../lab/topology.ts';
import type { Tools } from './tools.ts';

/** RFC 863; see send.c. */
export const DISCARD_PORT = 9;

export interface Traffic {
  /** IPv4. */
  readonly addresses: readonly string[];
  /** Source ports to each address. */
  readonly flows: number;
  /** The first source port. */
  readonly port: number;
}

/** An uplink takes the packets no further than its device, and counts them by address. */
export async function discardAt(uplink: Host, counted: readonly string[] = []): Promise<void> {
  const counters = counted
    .map((address) => `udp dport ${DISCARD_PORT} ip daddr ${address} counter`)
    .join('\n    ');
  await uplink.output(
    ['nft', '-f', '-'],
    `table netdev bench
delete table netdev bench
table netdev bench {
  chain ingress {
    type filter hook ingress device "eth0" priority 0;
    ${counters}
    udp dport ${DISCARD_PORT} counter drop comment "all"
  }
}
`,
  );
}

/** Packets of the counters of a chain, by the address or comment of their rule. */
export async function readCounters(
  host: Host,
  table: string,
): Promise<ReadonlyMap<string, number>> {
  const text = await host.output(['nft', 'list', 'table', ...table.split(' ')]);
  const counters = new Map<string, number>();
  for (const line of text.split('\n')) {
    const packets = /counter packets (\d+)/.exec(line)?.[1];
    if (packets === undefined) continue;
    const what = /comment "([^"]+)"/.exec(line)?.[1] ?? /ip daddr (\S+)/.exec(line)?.[1] ?? '';
    counters.set(what, Number(packets));
  }
  return counters;
}

function argv(
  tools: Tools,
  traffic: Traffic,
  windowMs: number,
  windows: number,
  rate: number,
): string[] {
  const { client, router } = ADDRESSES;
  return [
    ...[tools.send, 'eth0', client.mac, router.mac, client.inet],
    ...[traffic.port, traffic.flows, windowMs, windows, rate].map(String),
    ...traffic.addresses,
  ];
}

const WINDOW_MS = 40;

export interface Throughput {
  readonly sent: number;
  /** Packets a second, of each window of time. */
  readonly rates: readonly number[];
}

/** Sends for some windows of time, after a short one that counts for nothing. */
export async function flood(
  lab: Lab,
  tools: Tools,
  traffic: Traffic,
  windows: number,
): Promise<Throughput> {
  const text = await lab.client.output([
    // nobody else takes turns with it
    ...['chrt', '--fifo', '1', 'taskset', '-c', '0'],
    ...argv(tools, traffic, WINDOW_MS, windows + 1, 0),
  ]);
  const rates = text.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));
  return { sent: Number(/^sent (\d+)$/m.exec(text)?.[1]), rates: rates.slice(1) };
}

/** Sends at a rate until {@link Stream.stop}. */
export interface Stream {
  /** Packets sent. */
  stop(): Promise<number>;
}

export function stream(lab: Lab, tools: Tools, traffic: Traffic, rate: number): Stream {
  const child = lab.client.spawn(argv(tools, traffic, 1_000, 0, rate));
  const output = textOf(child);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const sent = /^sent (\d+)$/m.exec(await output)?.[1];
      if (sent === undefined)
        throw new Error('Cannot count the packets sent: the sender has failed');
      return Number(sent);
    },
  };
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return text;
}

/** Has the client ask for the names, all of which the router then knows. */
export async function learn(lab: Lab, names: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = [];
  // dnsmasq has room for 150 queries at once
  for (let i = 0; i < names.length; i += 50) {
    const part = names.slice(i, i + 50).map(async (name) => {
      const { addresses } = await lab.client.resolve(name);
      const [address] = addresses;
      if (address === undefined) throw new Error(`Cannot learn '${name}': it has no address`);
      return address;
    });
    answers.push(...(await Promise.all(part)));
  }
  return answers;
}
