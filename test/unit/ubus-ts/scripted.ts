/** A ubusd that says what the test wants, byte by byte if it likes. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameDecoder } from '../../../src/lib/ubus-ts/frames.ts';
import {
  encodeMessage,
  MessageType,
  readAttributes,
  type Attributes,
  type NewAttributes,
} from '../../../src/lib/ubus-ts/message.ts';

export interface Received extends Attributes {
  readonly type: number;
  readonly seq: number;
  readonly peer: number;
}

export interface ScriptedUbusd {
  readonly path: string;
  /** Connections, in order. */
  readonly sockets: readonly Socket[];
  /** From all of them. */
  readonly received: readonly Received[];
  close(): void;
}

export interface Script {
  /** @default true */
  readonly greets?: boolean;
  /** Gives ADD_OBJECT, one after the other, the ids 2000, 2001 … and register a STATUS. @default true */
  readonly registers?: boolean;
}

export const FIRST_ID = 2000;

export async function scriptedUbusd(script: Script = {}): Promise<ScriptedUbusd> {
  const directory = mkdtempSync(join(tmpdir(), 'ubusd-'));
  const path = join(directory, 'ubus.sock');
  const sockets: Socket[] = [];
  const received: Received[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let id = FIRST_ID;
    const frames = new FrameDecoder();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const { type, seq, peer, body } of frames.push(Buffer.from(chunk))) {
        const attributes = readAttributes(body);
        received.push({ type, seq, peer, ...attributes });
        if (script.registers === false) continue;
        const adds = type === MessageType.ADD_OBJECT;
        if (adds) say(socket, MessageType.DATA, seq, peer, { objectId: id++ });
        if (adds || attributes.method === 'register') {
          say(socket, MessageType.STATUS, seq, peer, { status: 0 });
        }
      }
    });
    if (script.greets !== false) say(socket, MessageType.HELLO, 0, 1234, {});
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    sockets,
    received,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function say(
  socket: Socket,
  type: number,
  seq: number,
  peer: number,
  attributes: NewAttributes,
): void {
  socket.write(encodeMessage({ type, seq, peer }, attributes));
}
