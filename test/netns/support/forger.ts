/**
 * Runs on an uplink as a resolver: before the true answer to a query go forged ones, each wrong in one point, and
 * behind it a second one. The argument is the address it is asked at. Writes `ready` when it can be asked.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { FORGED, FORGERY_SOURCE, TRUTH } from './forgeries.ts';

interface Sockets {
  readonly resolver: Socket;
  readonly otherPort: Socket;
  readonly otherAddress: Socket;
}

/** QR, RFC 1035 §4.1.1. */
const RESPONSE = 0x80;

function bound(port: number, address: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    // ICMP errors of the ports that nobody listens on
    socket.on('error', () => undefined);
    socket.bind(port, address, () => resolve(socket));
  });
}

/** The query with one A record for its name. */
function answer(query: Buffer, address: string): Buffer {
  const head = Buffer.from(query.subarray(0, questionEnd(query)));
  head.writeUInt8(head.readUInt8(2) | RESPONSE, 2);
  // ANCOUNT 1, NSCOUNT and ARCOUNT 0
  head.set([0, 1, 0, 0, 0, 0], 6);
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, ...address.split('.').map(Number)];
  return Buffer.concat([head, Buffer.from(record)]);
}

/** Behind QCLASS; the name of a query has no pointers. */
function questionEnd(query: Buffer): number {
  return query.indexOf(0, 12) + 5;
}

/** A copy with one byte changed. */
function changed(message: Buffer, offset: number, bits: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt8(copy.readUInt8(offset) ^ bits, offset);
  return copy;
}

const [own = ''] = process.argv.slice(2);

async function forge(
  { resolver, otherPort, otherAddress }: Sockets,
  query: Buffer,
  { address, port }: RemoteInfo,
): Promise<void> {
  const send = (message: Buffer, from = resolver, to = port): Promise<void> =>
    new Promise((resolve) => from.send(message, to, address, () => resolve()));
  const type = questionEnd(query) - 3;
  await send(changed(answer(query, FORGED.id), 1, 1));
  await send(answer(query, FORGED.destinationPort), resolver, port ^ 1);
  await send(answer(query, FORGED.sourcePort), otherPort);
  await send(answer(query, FORGED.sourceAddress), otherAddress);
  // the first letter
  await send(changed(answer(query, FORGED.name), 13, 1));
  // A to HTTPS
  await send(changed(answer(query, FORGED.type), type, 0x40));
  await send(answer(query, TRUTH));
  await send(answer(query, FORGED.second));
}

async function serve(): Promise<void> {
  const sockets = {
    resolver: await bound(53, own),
    otherPort: await bound(54, own),
    otherAddress: await bound(53, FORGERY_SOURCE),
  };
  sockets.resolver.on('message', (query, from) => void forge(sockets, query, from));
  process.stdout.write('ready\n');
}

void serve();
