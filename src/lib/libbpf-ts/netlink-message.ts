/** Messages of netlink(7), by their header, struct nlmsghdr: length, type, flags, sequence number, port. */
const HEADER = 16;

export interface NetlinkMessage {
  /** RTM_* of linux/rtnetlink.h; of netfilter: the subsystem's number << 8 | the message's. */
  readonly type: number;
  /** Behind the header. A view of memory that nothing else uses. */
  readonly payload: Uint8Array;
}

/** With what only requests and their answers need. */
export interface SequencedMessage extends NetlinkMessage {
  /** NLM_F_*. */
  readonly flags: number;
  readonly sequence: number;
}

/** What lies side by side, each padded to 4 bytes; ends before a message that is not whole. */
export function* messagesOf(batch: Uint8Array): Generator<SequencedMessage> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let offset = 0; offset + HEADER <= batch.length;) {
    const length = view.getUint32(offset, true);
    if (length < HEADER || offset + length > batch.length) return;
    yield {
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      payload: batch.subarray(offset + HEADER, offset + length),
    };
    offset += align(length);
  }
}

/** The reverse. */
export function batchOf(messages: readonly SequencedMessage[]): Uint8Array {
  const size = messages.reduce((sum, { payload }) => sum + align(HEADER + payload.length), 0);
  const batch = new Uint8Array(size);
  const view = new DataView(batch.buffer);
  let offset = 0;
  for (const { type, flags, sequence, payload } of messages) {
    view.setUint32(offset, HEADER + payload.length, true);
    view.setUint16(offset + 4, type, true);
    view.setUint16(offset + 6, flags, true);
    view.setUint32(offset + 8, sequence, true);
    batch.set(payload, offset + HEADER);
    offset += align(HEADER + payload.length);
  }
  return batch;
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}
