/** Takes dnstap from resolvers: a Frame Streams server on a unix socket, on TCP, or both. */
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { DnstapError } from './dnstap-error.ts';
import type { DnstapMessage, MessageType } from './dnstap-message.ts';
import { Sender, type DnstapSender, type SenderEvents } from './sender.ts';
import { cannotListen, listenOnUnix, type UnixAddress } from './unix-listener.ts';

export interface TcpAddress {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface DnstapLimits {
  /** Connections at a time. */
  readonly senders: number;
  /** From the connection to START. */
  readonly handshakeMs: number;
}

export interface DnstapOptions {
  readonly listen: { readonly unix?: UnixAddress; readonly tcp?: TcpAddress };
  /** What the consumer gets; default CLIENT_RESPONSE alone. */
  readonly messageTypes?: readonly MessageType[];
  /** Bytes are views: copy what is kept for long. What it throws ends the sender. */
  readonly onMessage: (message: DnstapMessage, sender: DnstapSender) => void;
  /** Why a sender was closed or refused; of its malformed frames the first is told, all are counted. */
  readonly onProblem: (problem: DnstapError, sender: DnstapSender | undefined) => void;
  readonly limits?: Partial<DnstapLimits>;
}

/** Since the start; they only grow. */
export interface DnstapStats {
  readonly accepted: number;
  /** Beyond the limit of senders. */
  readonly refused: number;
  /** Senders that were closed for a fault. */
  readonly failed: number;
  readonly bytes: number;
  /** Given to the consumer. */
  readonly messages: number;
  /** Of types that it does not want, or that the schema did not have. */
  readonly ignored: number;
  readonly malformed: number;
}

export interface DnstapServer {
  /** Where it listens; `tcp.port` is the real one. */
  readonly address: () => { readonly unix?: string; readonly tcp?: TcpAddress };
  readonly senders: () => readonly DnstapSender[];
  readonly stats: () => DnstapStats;
  /** Closes all senders; the unix socket is removed. */
  readonly close: () => Promise<void>;
}

const LIMITS: DnstapLimits = { senders: 64, handshakeMs: 10_000 };

/** Throws DomainrouteError where it cannot listen: `config`, `busy` or `platform`. */
export async function createDnstapServer(options: DnstapOptions): Promise<DnstapServer> {
  const limits = { ...LIMITS, ...options.limits };
  const wanted = new Set(options.messageTypes ?? ['CLIENT_RESPONSE']);
  const senders = new Map<Sender, Promise<void>>();
  const stats = {
    accepted: 0,
    refused: 0,
    failed: 0,
    bytes: 0,
    messages: 0,
    ignored: 0,
    malformed: 0,
  };
  /** Told once until there is room again. */
  let full = false;

  const events: SenderEvents = {
    bytes: (count) => {
      stats.bytes += count;
    },
    message: (message, sender) => {
      if (!wanted.has(message.type)) {
        stats.ignored++;
        return;
      }
      stats.messages++;
      options.onMessage(message, sender);
    },
    dropped: (sender, malformed) => {
      if (malformed === undefined) {
        stats.ignored++;
        return;
      }
      stats.malformed++;
      if (sender.malformed === 1) options.onProblem(malformed, sender);
    },
  };

  let closing = false;
  const serve = async (sender: Sender): Promise<void> => {
    const fault = await sender.serve();
    senders.delete(sender);
    full = false;
    if (fault === undefined || closing) return;
    stats.failed++;
    options.onProblem(fault, sender);
  };

  const accept = (socket: Socket): void => {
    // the sender's own reading tells of errors; those behind its end concern nobody
    socket.on('error', () => undefined);
    if (senders.size >= limits.senders) {
      socket.destroy();
      stats.refused++;
      if (!full) options.onProblem(tooMany(limits.senders), undefined);
      full = true;
      return;
    }
    stats.accepted++;
    const sender = new Sender(stats.accepted, socket, events, limits.handshakeMs);
    senders.set(sender, serve(sender));
  };

  const servers: Server[] = [];
  const open = async <T>(listen: (server: Server) => Promise<T>): Promise<T> => {
    const server = createServer({ allowHalfOpen: true }, accept);
    const listening = await listen(server);
    // of accept(2): it goes on listening
    server.on('error', (error) => options.onProblem(cannotAccept(error), undefined));
    servers.push(server);
    return listening;
  };
  const close = async (): Promise<void> => {
    closing = true;
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const sender of senders.keys()) sender.close();
    await Promise.all([...closed, ...senders.values()]);
  };

  const { unix, tcp } = options.listen;
  let bound: TcpAddress | undefined;
  try {
    if (unix !== undefined) await open((server) => listenOnUnix(server, unix));
    if (tcp !== undefined) bound = await open((server) => listenOnTcp(server, tcp));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address: () => ({
      ...(unix === undefined ? {} : { unix: unix.path }),
      ...(bound === undefined ? {} : { tcp: bound }),
    }),
    senders: () => [...senders.keys()],
    stats: () => ({ ...stats }),
    close,
  };
}

function listenOnTcp(server: Server, { address, port }: TcpAddress): Promise<TcpAddress> {
  return new Promise((resolve, reject) => {
    const where = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
    server.once('error', (error) => reject(cannotListen(where, error)));
    server.listen({ host: address, port }, () => {
      server.removeAllListeners('error');
      const found = server.address();
      resolve({ address, port: typeof found === 'object' && found !== null ? found.port : port });
    });
  });
}

function tooMany(limit: number): DnstapError {
  return new DnstapError(
    'full',
    `Cannot take another sender: there are ${limit} (raise the limit)`,
  );
}

function cannotAccept(cause: Error): DnstapError {
  return new DnstapError('socket', `Cannot accept sender: ${messageOf(cause)}`, { cause });
}
