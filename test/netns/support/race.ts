/**
 * Runs on a client: asks for names and sends the first packet to the address the moment it has the answer, in the
 * same turn of the event loop. Reads a {@link Race} from stdin, writes a {@link RaceResult} to stdout.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

import { resolveOnce } from '../../lab/dns-client.ts';
import { ECHO_PORT } from '../../lab/protocol.ts';

export interface Runner {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  readonly dns: 'udp' | 'tcp';
  /** The first packet: a datagram, a SYN, or none. */
  readonly then: 'udp' | 'tcp' | 'none';
}

export interface Race {
  readonly server: string;
  readonly runners: readonly Runner[];
  /** Queries at a time. */
  readonly concurrency: number;
}

export interface RaceResult {
  /** Names that were answered. */
  readonly answered: number;
  /** What went wrong, at most 20 of them. */
  readonly failures: readonly string[];
}

const TIMEOUT_MS = 10_000;
const datagrams = { 4: createSocket('udp4'), 6: createSocket('udp6') };
// ICMP errors of refused datagrams
for (const socket of Object.values(datagrams)) socket.on('error', () => undefined);

function firstPacket({ name, then }: Runner, address: string): Promise<void> {
  if (then === 'none') return Promise.resolve();
  if (then === 'udp') {
    const socket = datagrams[isIPv6(address) ? 6 : 4];
    return new Promise((resolve) => socket.send(name, ECHO_PORT, address, () => resolve()));
  }
  // nobody waits for it: where it is blocked the error can take long, as the kernel sends a client few of them
  const socket = connect(ECHO_PORT, address);
  socket.on('connect', () => socket.destroy());
  socket.on('error', () => undefined);
  return Promise.resolve();
}

async function run({ server, runners, concurrency }: Race): Promise<RaceResult> {
  const failures: string[] = [];
  const waiting = runners.values();
  let answered = 0;
  const lane = async (): Promise<void> => {
    for (const runner of waiting) {
      const { name, type, dns: protocol } = runner;
      try {
        const answer = await resolveOnce({ name, type, server, protocol, timeoutMs: TIMEOUT_MS });
        const [address] = answer.addresses;
        if (address === undefined) throw new Error(`rcode ${answer.rcode}`);
        answered++;
        await firstPacket(runner, address);
      } catch (error) {
        failures.push(`${name}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { answered, failures: failures.slice(0, 20) };
}

let input = '';
process.stdin.setEncoding('utf8').on('data', (chunk: string) => (input += chunk));
process.stdin.on('end', () => {
  void run(JSON.parse(input) as Race).then((result) => {
    process.stdout.write(JSON.stringify(result), () => process.exit(0));
  });
});
