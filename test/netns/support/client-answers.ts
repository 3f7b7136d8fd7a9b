/**
 * Runs on a client: answers that nobody asked for, from its port 53, to the address given as argument. The name
 * is `planted.example.com`, the address 203.0.201.1.
 */
import { createSocket } from 'node:dgram';

const NAME = ['planted', 'example', 'com'];
const QUESTION = [
  ...NAME.flatMap((label) => [label.length, ...Buffer.from(label)]),
  ...[0, 0, 1, 0, 1],
];
const QUERY = Buffer.from([0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...QUESTION]);
const RECORD = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 203, 0, 201, 1];
const ANSWER = Buffer.from([
  0x12,
  0x34,
  0x81,
  0x80,
  0,
  1,
  0,
  1,
  0,
  0,
  0,
  0,
  ...QUESTION,
  ...RECORD,
]);

const [target = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('error', () => undefined);
socket.bind(53, () => {
  const sent: Promise<void>[] = [];
  // the query first: the client has one pending whose answer this could be
  for (const message of [QUERY, ANSWER]) {
    for (const port of [53, 5353, 40_000]) {
      sent.push(new Promise((resolve) => socket.send(message, port, target, () => resolve())));
    }
  }
  void Promise.all(sent).then(() => socket.close());
});
