/**
 * Runs on a host: sends a datagram to each address every few milliseconds, and takes a new socket now and then, so that
 * there are always new connections and live ones. argv: addresses as JSON. Begins and ends with its stdin.
 */
import { createSocket, type Socket } from 'node:dgram';

import { ECHO_PORT } from '../../lab/protocol.ts';

const PAUSE_MS = 4;
/** Datagrams of one socket, which stays open behind them: else its host would refuse late answers, by ICMP. */
const SOCKET_LIFE = 100;

/** Connected, so that the router's own are marked from the first datagram on. */
function open(address: string, ready: (socket: Socket) => void): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  // unreachable, as it should be at times
  socket.on('error', () => undefined);
  // node hands over the error of connect(2), which @types/node does not say
  socket.connect(ECHO_PORT, address, (error?: Error) => {
    if (error === undefined) ready(socket);
  });
}

function stream(address: string): void {
  let connected: Socket | undefined;
  let count = 0;
  setInterval(() => {
    if (count++ % SOCKET_LIFE === 0) {
      connected = undefined;
      open(address, (socket) => (connected = socket));
    }
    connected?.send('which', () => undefined);
  }, PAUSE_MS);
}

const addresses = JSON.parse(process.argv[2] ?? '[]') as readonly string[];
process.stdin.once('data', () => addresses.forEach(stream)).on('end', () => process.exit(0));
