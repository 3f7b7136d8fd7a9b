import { native, type NetlinkHandle } from './addon.ts';
import { messagesOf, type NetlinkMessage } from './netlink-message.ts';

/** Numbers of linux/netlink.h. */
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

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
    native().sourceReference(this.#socket, true);
    return this;
  }

  /** Lets the process end. */
  unref(): this {
    native().sourceReference(this.#socket, false);
    return this;
  }

  /** No message is delivered any more, not even one that was read already. */
  close(): void {
    this.#closed = true;
    native().sourceClose(this.#socket);
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
