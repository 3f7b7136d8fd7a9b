/** dnstap as a resolver sends it, on a unix socket. */
import { once } from 'node:events';
import { connect } from 'node:net';

import { ANSWER, message, pointer, TYPE } from '../../bpf/frames/dns.ts';
import { address as addressBytes } from '../../bpf/frames/bytes.ts';
import { CONTROL_FRAMES } from '../../vectors/dnstap.ts';

/** Field numbers and values of dnstap.proto. */
const DNSTAP = { message: 14, type: 15 } as const;
const MESSAGE = { type: 1, family: 2, protocol: 3, queryAddress: 4, responseMessage: 14 } as const;
const CLIENT_RESPONSE = 6;

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function number(field: number, value: number): Buffer {
  return Buffer.from([...varint(field << 3), ...varint(value)]);
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from([...varint((field << 3) | 2), ...varint(value.length)]),
    value,
  ]);
}

/** A data frame: 127.0.0.1 was given this answer. */
export function dnstapFrame(answer: Uint8Array): Buffer {
  const inner = Buffer.concat([
    number(MESSAGE.type, CLIENT_RESPONSE),
    number(MESSAGE.family, 1),
    number(MESSAGE.protocol, 1),
    bytes(MESSAGE.queryAddress, Uint8Array.of(127, 0, 0, 1)),
    bytes(MESSAGE.responseMessage, answer),
  ]);
  const whole = Buffer.concat([bytes(DNSTAP.message, inner), number(DNSTAP.type, 1)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(whole.length);
  return Buffer.concat([length, whole]);
}

/** The answer that a name is at one address. */
export function answerOf(name: string, address: string, ttl = 300): Uint8Array {
  const data = addressBytes(address);
  const type = data.length === 4 ? TYPE.A : TYPE.AAAA;
  const answers = [{ owner: pointer(12), type, ttl, data }];
  return message({ flags: ANSWER, question: { name, type }, answers });
}

export interface DnstapSender {
  /** Settles when the kernel has it all. */
  send(frames: readonly Buffer[]): Promise<void>;
  close(): void;
}

/** Connects, and is through with the handshake when it settles. */
export async function connectDnstap(path: string): Promise<DnstapSender> {
  const socket = connect(path);
  await once(socket, 'connect');
  // of the end of the other side tells what is awaited
  socket.on('error', () => undefined);
  socket.write(CONTROL_FRAMES.READY);
  await once(socket, 'data');
  socket.write(CONTROL_FRAMES.START);
  return {
    send: (frames) =>
      new Promise((resolve, reject) => {
        socket.write(Buffer.concat(frames), (error) => (error ? reject(error) : resolve()));
      }),
    close: () => void socket.destroy(),
  };
}
