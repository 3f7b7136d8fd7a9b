/** TCP as the sessions see it. */

/** What is special about the sockets of one neighbour. */
export interface PeerSocket {
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  readonly port: number;
  readonly localAddress?: Uint8Array | undefined;
  /** File of a network namespace. */
  readonly netns?: string | undefined;
  /** TCP MD5 (RFC 2385), 1 to 80 bytes. */
  readonly md5Key?: Uint8Array | undefined;
  /** Of what is sent. */
  readonly ttl: number;
  /** Of what is taken (RFC 5082); undefined: any. */
  readonly minimumTtl?: number | undefined;
}

/** None of these is called before the call that made the connection has returned, nor after its `end`. */
export interface ConnectionHandler {
  /** The connection that was asked for stands. */
  connected(): void;
  received(chunk: Uint8Array): void;
  /** All that was written is with the kernel, after a `write` that returned false. */
  drained(): void;
  /** It failed or the peer closed it. */
  closed(reason: string): void;
}

/** One TCP connection. */
export interface Connection {
  /** Our address, 16 bytes, once it is connected. */
  readonly localAddress: Uint8Array;
  /** False: wait for `drained` before more. What is written is not to be changed any more. */
  write(bytes: Uint8Array): boolean;
  /** Closes it behind what was written. Settles, and never fails, when nothing is left of it. */
  end(): Promise<void>;
}

/** A connection that came in, of which no byte has been read. */
export interface IncomingConnection {
  readonly remoteAddress: Uint8Array;
  /** Undefined, and it is closed, if its packets come from too far (RFC 5082). */
  accept(peer: PeerSocket, handler: ConnectionHandler): Connection | undefined;
  refuse(): void;
}

export interface Listener {
  setMd5Key(address: Uint8Array, key: Uint8Array): void;
  close(): void;
}

export interface ListenOptions {
  /** All addresses of both families if undefined. */
  readonly address?: Uint8Array | undefined;
  readonly port: number;
  readonly netns?: string | undefined;
}

/** Both throw what the kernel refuses at once. */
export interface Transport {
  connect(peer: PeerSocket, handler: ConnectionHandler): Connection;
  listen(
    options: ListenOptions,
    onConnection: (incoming: IncomingConnection) => void,
    onError: (reason: string) => void,
  ): Listener;
}
