/** Asks a resolver one question, with a fresh socket, port and id, and no cache. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

import { formatAddress } from '../../src/model/address.ts';
import type { Answer, ResolveRequest } from './protocol.ts';

const TYPES = { A: 1, AAAA: 28 } as const;

/** Rejects with code ETIMEDOUT, or the system's for the socket. */
export async function resolveOnce(request: ResolveRequest): Promise<Answer> {
  const type = TYPES[request.type];
  const query = encodeQuery(request.name, type);
  const exchange = request.protocol === 'udp' ? overUdp : overTcp;
  return decodeAnswer(await exchange(request, query), type);
}

/** RFC 1035 §4.1.1, §4.1.2: recursion desired, one question in class IN. */
function encodeQuery(name: string, type: number): Buffer {
  const header = Buffer.from([0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(randomInt(0x10000), 0);
  const labels = name.split('.').filter((label) => label !== '');
  const question = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]),
  );
  return Buffer.concat([header, ...question, Buffer.from([0, 0, type, 0, 1])]);
}

function overUdp({ server, timeoutMs }: ResolveRequest, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const timer = setTimeout(() => fail(timedOut(server)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.close();
      reject(error);
    };
    socket.on('error', fail);
    socket.on('message', (message) => {
      if (message.length < 12 || message.readUInt16BE(0) !== query.readUInt16BE(0)) return;
      clearTimeout(timer);
      socket.close();
      resolve(message);
    });
    socket.connect(53, server, () => socket.send(query));
  });
}

function overTcp({ server, timeoutMs }: ResolveRequest, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(53, server);
    let received = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(timedOut(server)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2));
      socket.destroy();
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}

/** An error as the system would report it. */
export function timedOut(where: string): Error {
  return Object.assign(new Error(`no answer from ${where}`), { code: 'ETIMEDOUT' });
}

function decodeAnswer(message: Buffer, type: number): Answer {
  let offset = skipName(message, 12) + 4;
  const addresses: string[] = [];
  let ttlSeconds: number | undefined;
  for (let left = message.readUInt16BE(6); left > 0; left--) {
    offset = skipName(message, offset);
    const ttl = message.readUInt32BE(offset + 4);
    const length = message.readUInt16BE(offset + 8);
    const data = message.subarray(offset + 10, offset + 10 + length);
    if (message.readUInt16BE(offset) === type) {
      addresses.push(type === TYPES.A ? data.join('.') : formatAddress(data));
      ttlSeconds = Math.min(ttl, ttlSeconds ?? ttl);
    }
    offset += 10 + length;
  }
  return { rcode: message.readUInt8(3) & 0x0f, addresses, ttlSeconds };
}

/** The offset behind a name; a pointer ends it (RFC 1035 §4.1.4). */
function skipName(message: Buffer, start: number): number {
  let offset = start;
  for (;;) {
    const length = message.readUInt8(offset);
    if (length >= 0xc0) return offset + 2;
    offset += 1 + length;
    if (length === 0) return offset;
  }
}
