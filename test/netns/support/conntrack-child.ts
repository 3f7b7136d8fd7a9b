/**
 * Reads and ends connections that conntrack(8) makes, in the network namespace it runs in, which has none. argv: the
 * directory of the addon, and a file for what conntrack reads. One line of JSON comes out.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { deleteConnections, openLibbpf, readConnections } from '../../../src/datapath/index.ts';
import { formatAddress } from '../../../src/model/address.ts';

const [assets = '', file = ''] = process.argv.slice(2);
openLibbpf(assets);

const MADE = [
  '-p tcp -s 192.0.2.1 -d 203.0.113.1 --sport 1 --dport 443 --state ESTABLISHED -m 0x80000001',
  '-p udp -s 192.0.2.1 -d 203.0.113.2 --sport 2 --dport 443',
  '-p udp -s 192.0.2.1 -d 203.0.113.3 --sport 2 --dport 443 -w 3',
  '-p icmp -s 192.0.2.1 -d 203.0.113.4 --icmp-type 8 --icmp-code 0 --icmp-id 3',
  '-p gre -s 192.0.2.1 -d 203.0.113.5 --srckey 4 --dstkey 5 --orig-zone 9',
  '-p sctp -s 192.0.2.1 -d 203.0.113.6 --orig-port-src 5 --orig-port-dst 6 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2',
  '-p tcp -s 2001:db8::1 -d 2001:db8::2 --sport 6 --dport 443 --state ESTABLISHED',
  '-p icmpv6 -s 2001:db8::1 -d 2001:db8::3 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 7',
];

function make(lines: readonly string[]): void {
  writeFileSync(file, lines.map((line) => `-I -t 600 ${line}\n`).join(''));
  execFileSync('conntrack', ['-R', file], { stdio: 'ignore' });
}

/** Destination and mark of each. */
const tracked = (): string[] =>
  readConnections()
    .map(({ destination, mark }) => `${formatAddress(destination)} ${mark}`)
    .sort();

make(MADE);
const read = tracked();

// the id is not the one of these: theirs ended, and others have their addresses and ports
const strangers = readConnections().map((connection) => {
  const entry = Buffer.from(connection.entry);
  const id = entry.indexOf('08000c00', 'hex') + 4;
  entry.writeUInt32BE((entry.readUInt32BE(id) ^ 1) >>> 0, id);
  return { ...connection, entry };
});
await deleteConnections(strangers);
const spared = tracked().length;

const left: number[] = [];
for (const connection of readConnections()) {
  await deleteConnections([connection, connection]); // the second time it has ended by itself
  left.push(tracked().length);
}

// more than go at once
make(
  Array.from(
    { length: 600 },
    (_, n) => `-p udp -s 192.0.2.1 -d 203.0.113.7 --sport ${n + 1} --dport 1`,
  ),
);
const many = readConnections();
await deleteConnections(many.slice(1));
const last = tracked();

process.setuid?.(65534);
let refused: unknown;
try {
  readConnections();
} catch (error) {
  refused = String(error);
}
process.stdout.write(
  `${JSON.stringify({ read, spared, left, many: many.length, last, refused })}\n`,
);
