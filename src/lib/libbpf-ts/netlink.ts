import { native, type NetlinkHandle } from './addon.ts';

/** Numbers of linux/netlink.h. */
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** struct nlmsghdr: length, type, flags, sequence number, port. */
const HEADER = 16;

/** A message of a multicast group. */
export interface NetlinkMessage {
  /** RTM_* of linux/rtnetlink.h; of netfilter: the subsystem's number << 8 | the message's. */
  readonly type: number;
  /** Behind the header. A view of memory that nothing else uses. */
  readonly payload: Uint8Array;
}

/**
 * Listens to what the kernel tells multicast groups (netlink(7)), on the event loop; keeps the process running unless
 * unref() is called. Needs CAP_NET_ADMIN for some groups. What `onMessage` throws is an uncaughtException.
 */
export class NetlinkListener {
  readonly #onMessage: (message: NetlinkMessage | 'overrun') => void;
  readonly #socket: NetlinkHandle;
  #closed = false;

  /**
   * `groups` are numbers (RTNLGRP_*, NFNLGRP_*), not bits. 'overrun': messages were lost, any may have been there. Throws
   * EPROTONOSUPPORT, EPERM, ENOENT.
   */
  constructor(
    protocol: number,
    groups: readonly number[],
    onMessage: (message: NetlinkMessage | 'overrun') => void,
  ) {
    this.#onMessage = onMessage;
    this.#socket = native().netlinkOpen(protocol, groups, (batch, overrun) => {
      for (const message of messagesOf(batch)) this.#deliver(message);
      if (overrun) this.#deliver('overrun');
    });
  }

  /** Keeps the process running, as at first. */
  ref(): this {
    native().netlinkReference(this.#socket, true);
    return this;
  }

  /** Lets the process end. */
  unref(): this {
    native().netlinkReference(this.#socket, false);
    return this;
  }

  /** No message is delivered any more, not even one that was read already. */
  close(): void {
    this.#closed = true;
    native().netlinkClose(this.#socket);
  }

  #deliver(message: NetlinkMessage | 'overrun'): void {
    if (this.#closed) return;
    try {
      this.#onMessage(message);
    } catch (error) {
      native().raise(error);
    }
  }
}

function* messagesOf(batch: Uint8Array): Generator<NetlinkMessage> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let offset = 0; offset + HEADER <= batch.length;) {
    const length = view.getUint32(offset, true);
    if (length < HEADER || offset + length > batch.length) return;
    const payload = batch.subarray(offset + HEADER, offset + length);
    yield { type: view.getUint16(offset + 4, true), payload };
    offset += Math.ceil(length / 4) * 4;
  }
}
