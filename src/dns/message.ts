/** DNS messages: header, question and records (RFC 1035 §4.1), as far as it takes to learn from them. */
import { DnsError } from './dns-error.ts';
import { HEADER_SIZE, type MessageReader, type Name } from './message-reader.ts';

/** RFC 1035 §4.1.1. */
export interface Header {
  /** An answer, not a query. */
  readonly qr: boolean;
  readonly opcode: number;
  readonly tc: boolean;
  /** Without the upper bits that EDNS adds. */
  readonly rcode: number;
  readonly qdcount: number;
  readonly ancount: number;
}

/** RFC 1035 §4.1.2. */
export interface Question {
  /** In wire form, lower-cased, without the root's byte; so are all names. */
  readonly qname: Uint8Array;
  readonly qtype: number;
  readonly qclass: number;
}

/** A record (RFC 1035 §4.1.3), with RDATA as bytes of the message. */
export interface RecordPlace {
  readonly name: Uint8Array;
  readonly type: number;
  readonly class: number;
  /** Seconds, as sent. */
  readonly ttl: number;
  /** Where RDATA begins, and what follows it. */
  readonly start: number;
  readonly end: number;
}

/** Throws DnsError SHORT_MESSAGE. */
export function readHeader(reader: MessageReader): Header {
  const { length } = reader.message;
  if (length < HEADER_SIZE) {
    throw new DnsError('SHORT_MESSAGE', length, 'RFC 1035 §4.1.1', 'header is cut off');
  }
  const flags = reader.uint16(2);
  return {
    qr: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    tc: (flags & 0x0200) !== 0,
    rcode: flags & 0xf,
    qdcount: reader.uint16(4),
    ancount: reader.uint16(6),
  };
}

/** The question, its name and what follows it. Throws DnsError BAD_NAME, SHORT_MESSAGE. */
export function readQuestion(reader: MessageReader): {
  readonly question: Question;
  readonly name: Name;
  readonly end: number;
} {
  const name = reader.name(HEADER_SIZE);
  const end = name.end + 4;
  if (end > reader.message.length) {
    throw new DnsError('SHORT_MESSAGE', name.end, 'RFC 1035 §4.1.2', 'question is cut off');
  }
  const qtype = reader.uint16(name.end);
  const qclass = reader.uint16(name.end + 2);
  return { question: { qname: name.wire, qtype, qclass }, name, end };
}

/** The record whose owner was just read. Throws DnsError BAD_RECORD. */
export function readRecord(reader: MessageReader, { wire, end: offset }: Name): RecordPlace {
  const { length } = reader.message;
  const start = offset + 10;
  const end = start + reader.uint16(offset + 8);
  if (start > length || end > length) {
    throw new DnsError('BAD_RECORD', offset, 'RFC 1035 §4.1.3', 'record leaves the message');
  }
  return {
    name: wire,
    type: reader.uint16(offset),
    class: reader.uint16(offset + 2),
    ttl: reader.uint16(offset + 4) * 0x1_0000 + reader.uint16(offset + 6),
    start,
    end,
  };
}
