/** Messages and the stream they come in (RFC 4271 §4.1). */
import type { DecodeContext } from './attributes.ts';
import { concat, Reader, u16Bytes } from './bytes.ts';
import { afiOf, type Family, familyOf } from './constants.ts';
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH, MessageType, SAFI_UNICAST } from './constants.ts';
import { ErrorCode, HeaderError, type Notification, NotificationError } from './notification.ts';
import { decodeOpen, encodeOpen, type Open } from './open.ts';
import { decodeUpdate, type Update } from './update.ts';

export type Message =
  | { readonly type: 'OPEN'; readonly open: Open }
  | { readonly type: 'UPDATE'; readonly update: Update }
  | { readonly type: 'NOTIFICATION'; readonly notification: Notification }
  | { readonly type: 'KEEPALIVE' }
  /** RFC 2918; `family` is undefined for one that is not spoken. */
  | { readonly type: 'ROUTE-REFRESH'; readonly family: Family | undefined };

/** What {@link encodeMessage} takes: UPDATEs come from the packer, whole. */
export type OutgoingMessage = Exclude<Message, { readonly type: 'UPDATE' }>;

/** Type → least and most bytes, RFC 4271 §6.1; ROUTE-REFRESH: RFC 2918 §3 and, with filters, RFC 5291. */
const LENGTHS: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [MessageType.OPEN, [29, MAX_MESSAGE_LENGTH]],
  [MessageType.UPDATE, [23, MAX_MESSAGE_LENGTH]],
  [MessageType.NOTIFICATION, [21, MAX_MESSAGE_LENGTH]],
  [MessageType.KEEPALIVE, [HEADER_LENGTH, HEADER_LENGTH]],
  [MessageType.ROUTE_REFRESH, [23, MAX_MESSAGE_LENGTH]],
]);

/**
 * Length of the message that `bytes` start with, or undefined if its header is not all there yet. Throws a
 * NotificationError (RFC 4271 §6.1) as soon as a byte is wrong.
 */
export function messageLength(bytes: Uint8Array): number | undefined {
  for (let i = 0; i < Math.min(16, bytes.length); i++) {
    if (bytes[i] !== 0xff) {
      throw new NotificationError(ErrorCode.HEADER, HeaderError.NOT_SYNCHRONIZED);
    }
  }
  if (bytes.length < HEADER_LENGTH) return undefined;
  const reader = new Reader(bytes);
  reader.offset = 16;
  const length = reader.u16();
  const type = reader.u8();
  const limits = LENGTHS.get(type);
  // of a type that is not known the length is judged first, as the RFC has it
  const [least, most] = limits ?? [HEADER_LENGTH, MAX_MESSAGE_LENGTH];
  if (length < least || length > most) {
    throw new NotificationError(ErrorCode.HEADER, HeaderError.BAD_LENGTH, u16Bytes(length));
  }
  if (limits === undefined) {
    throw new NotificationError(ErrorCode.HEADER, HeaderError.BAD_TYPE, Uint8Array.of(type));
  }
  return length;
}

/** Decodes one whole message that {@link messageLength} has judged. Throws a NotificationError. */
export function decodeMessage(bytes: Uint8Array, context: DecodeContext): Message {
  const body = bytes.subarray(HEADER_LENGTH);
  const type = bytes[18] ?? MessageType.KEEPALIVE;
  switch (type) {
    case MessageType.OPEN:
      return { type: 'OPEN', open: decodeOpen(body) };
    case MessageType.UPDATE:
      return { type: 'UPDATE', update: decodeUpdate(body, context) };
    case MessageType.NOTIFICATION: {
      const [errorCode = 0, errorSubcode = 0] = body;
      const data = body.slice(2);
      return { type: 'NOTIFICATION', notification: { errorCode, errorSubcode, data } };
    }
    case MessageType.ROUTE_REFRESH: {
      const reader = new Reader(body);
      const afi = reader.u16();
      // RFC 7313: a subtype that is not 0 marks the begin or end of the peer's own refresh
      const request = reader.u8() === 0;
      const family = familyOf(afi, reader.u8());
      return { type: 'ROUTE-REFRESH', family: request ? family : undefined };
    }
    default:
      return { type: 'KEEPALIVE' };
  }
}

export function encodeMessage(message: OutgoingMessage): Uint8Array {
  switch (message.type) {
    case 'OPEN':
      return frame(MessageType.OPEN, encodeOpen(message.open));
    case 'NOTIFICATION': {
      const { errorCode, errorSubcode, data } = message.notification;
      // what made the error may be as long as a message; RFC 4271 §6 has no room for more
      const room = MAX_MESSAGE_LENGTH - HEADER_LENGTH - 2;
      const head = Uint8Array.of(errorCode, errorSubcode);
      return frame(MessageType.NOTIFICATION, concat(head, data.subarray(0, room)));
    }
    case 'KEEPALIVE':
      return frame(MessageType.KEEPALIVE, new Uint8Array());
    case 'ROUTE-REFRESH':
      return frame(
        MessageType.ROUTE_REFRESH,
        Uint8Array.of(0, afiOf(message.family ?? 4), 0, SAFI_UNICAST),
      );
  }
}

/** Marker, length and type before a body. */
export function frame(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + body.length).fill(0xff, 0, 16);
  bytes.set(u16Bytes(bytes.length), 16);
  bytes[18] = type;
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

/** Cuts a stream into messages; between calls it keeps at most one that is not whole. */
export class MessageStream {
  #rest = new Uint8Array();

  /** Whole messages of what has arrived, oldest first. Throws a NotificationError when it comes to a bad header. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    let offset = 0;
    try {
      for (;;) {
        const left = bytes.subarray(offset);
        const length = messageLength(left);
        if (length === undefined || length > left.length) break;
        offset += length;
        yield left.subarray(0, length);
      }
    } finally {
      // a copy: the chunk is far larger than what is left of it
      this.#rest = bytes.slice(offset);
    }
  }
}
