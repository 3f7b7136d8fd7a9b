/** {@link Transport} over sockets of Node, with the few system calls that it lacks given from outside. */
import { closeSync } from 'node:fs';
import { createServer, Socket } from 'node:net';

import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import { formatAddress, isMapped, parseAddress } from '../model/address.ts';
import type { Family } from './constants.ts';
import type {
  Connection,
  ConnectionHandler,
  IncomingConnection,
  Listener,
  ListenOptions,
  PeerSocket,
  Transport,
} from './transport.ts';

/** As #libbpf-ts exports them. `family` is the socket's. */
export interface SocketCalls {
  openTcpSocket(family: Family, netns?: string): number;
  bindSocket(fd: number, family: Family, address: Uint8Array, port: number): void;
  acceptMappedIpv4(fd: number): void;
  setMd5Key(fd: number, family: Family, peer: Uint8Array, key: Uint8Array): void;
  setTtl(fd: number, family: Family, ttl: number): void;
  requireTtl(fd: number, family: Family, ttl: number): void;
  saveSyn(fd: number): void;
  synTtl(fd: number): number | undefined;
}

const UNSPECIFIED = new Uint8Array(16);
const UNSPECIFIED_IPV4 = parseAddress('0.0.0.0') ?? UNSPECIFIED;

const MAX_TTL = 255;

/** How long the peer may take to read our last words. */
const LINGER_MS = 1_000;

function familyOf(address: Uint8Array): Family {
  return isMapped(address) ? 4 : 6;
}

export function tcpTransport(calls: SocketCalls): Transport {
  return {
    connect: (peer, handler) => connect(calls, peer, handler),
    listen: (options, onConnection, onError) => listen(calls, options, onConnection, onError),
  };
}

function connect(calls: SocketCalls, peer: PeerSocket, handler: ConnectionHandler): Connection {
  const { address, port, localAddress, netns, md5Key } = peer;
  const family = familyOf(address);
  const fd = calls.openTcpSocket(family, netns);
  try {
    if (md5Key !== undefined) setMd5Key(calls, fd, family, address, md5Key);
    calls.setTtl(fd, family, peer.ttl);
    if (localAddress !== undefined) calls.bindSocket(fd, family, localAddress, 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const socket = new Socket({ fd });
  const { minimumTtl } = peer;
  if (minimumTtl !== undefined) {
    // not before: BIRD and FRR answer a SYN with the TTL of their system, whatever they are told
    socket.on('connect', () => calls.requireTtl(fd, family, minimumTtl));
  }
  socket.connect({ host: formatAddress(address), port });
  return connectionOf(socket, handler);
}

/** Stock kernels of OpenWrt have no TCP MD5; a neighbour that is to be protected is then not spoken to. */
function setMd5Key(
  calls: SocketCalls,
  fd: number,
  family: Family,
  peer: Uint8Array,
  key: Uint8Array,
): void {
  try {
    calls.setMd5Key(fd, family, peer, key);
  } catch (error) {
    if (errnoOf(error) !== 'ENOPROTOOPT') throw error;
    throw new DomainrouteError(
      'platform',
      `Cannot use TCP MD5 with '${formatAddress(peer)}': the kernel is without it (CONFIG_TCP_MD5SIG)`,
      { cause: error },
    );
  }
}

function connectionOf(socket: Socket, handler: ConnectionHandler): Connection {
  let reason = 'the peer closed the connection';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const onClose = (): void => handler.closed(reason);
  socket.setNoDelay(true);
  socket.on('connect', () => handler.connected());
  socket.on('data', (chunk) => handler.received(chunk));
  socket.on('drain', () => handler.drained());
  socket.on('error', (error) => (reason = errnoOf(error) ?? messageOf(error)));
  socket.on('close', onClose);
  return {
    get localAddress() {
      return addressOf(socket.localAddress) ?? UNSPECIFIED;
    },
    write: (bytes) => socket.write(bytes),
    end: () => {
      for (const event of ['connect', 'data', 'drain']) socket.removeAllListeners(event);
      socket.off('close', onClose);
      // what is not read would make the kernel reset the connection, and our last words be lost
      socket.resume();
      if (socket.connecting) socket.destroy();
      else socket.end();
      const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      return closed.then(() => clearTimeout(timer));
    },
  };
}

function listen(
  calls: SocketCalls,
  { address, port, netns }: ListenOptions,
  onConnection: (incoming: IncomingConnection) => void,
  onError: (reason: string) => void,
): Listener {
  const { fd, family } = listeningSocket(calls, address, port, netns);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const remoteAddress = addressOf(socket.remoteAddress);
    if (remoteAddress === undefined) socket.resetAndDestroy();
    else onConnection(incomingOf(calls, socket, family, remoteAddress));
  });
  server.on('error', (error) => onError(messageOf(error)));
  server.listen({ fd });
  return {
    setMd5Key: (peer, key) => {
      // from elsewhere nobody comes to a socket of IPv4
      if (family === 6 || isMapped(peer)) setMd5Key(calls, fd, family, peer, key);
    },
    close: () => void server.close(),
  };
}

/** IPv6 takes both families; where the machine has no IPv6, IPv4. */
function listeningSocket(
  calls: SocketCalls,
  address: Uint8Array | undefined,
  port: number,
  netns: string | undefined,
): { fd: number; family: Family } {
  const make = (family: Family, at: Uint8Array): { fd: number; family: Family } => {
    const fd = calls.openTcpSocket(family, netns);
    try {
      if (family === 6) calls.acceptMappedIpv4(fd);
      calls.bindSocket(fd, family, at, port);
      calls.saveSyn(fd);
      // a neighbour with TTL security takes no other answer to its SYN
      calls.setTtl(fd, family, MAX_TTL);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return { fd, family };
  };
  if (address !== undefined) return make(familyOf(address), address);
  try {
    return make(6, UNSPECIFIED);
  } catch (error) {
    if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errnoOf(error) ?? '')) throw error;
    return make(4, UNSPECIFIED_IPV4);
  }
}

function incomingOf(
  calls: SocketCalls,
  socket: Socket,
  family: Family,
  remoteAddress: Uint8Array,
): IncomingConnection {
  return {
    remoteAddress,
    refuse: () => void socket.resetAndDestroy(),
    accept: (peer, handler) => {
      const fd = descriptorOf(socket);
      try {
        calls.setTtl(fd, family, peer.ttl);
        const { minimumTtl } = peer;
        if (minimumTtl !== undefined) {
          calls.requireTtl(fd, family, minimumTtl);
          // what came before that is judged by how it began
          const ttl = calls.synTtl(fd);
          if (ttl === undefined || ttl < minimumTtl) {
            socket.resetAndDestroy();
            return undefined;
          }
        }
      } catch {
        // the peer has gone meanwhile
        socket.destroy();
        return undefined;
      }
      const connection = connectionOf(socket, handler);
      socket.resume();
      return connection;
    },
  };
}

/** Node keeps it to itself, in all versions since 0.12. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { fd: number } | null };
  return handle?.fd ?? -1;
}

function addressOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : parseAddress(text);
}
