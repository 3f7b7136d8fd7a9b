/** DNS messages: header, question and answer records (RFC 1035 §4.1). Fields have the names of the RFCs. */
import { DnsError } from './dns-error.ts';
import { HEADER_SIZE, MessageReader, type Name } from './message-reader.ts';
import { readRdata, type Rdata, type RecordPlace } from './rdata.ts';

/** Records read of a message (Z3). */
export const RECORDS_MAX = 128;

/** RFC 1035 §4.1.1; AD and CD: RFC 4035 §3.1.6. */
export interface Header {
  readonly id: number;
  /** An answer, not a query. */
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** Without the upper bits that EDNS adds. */
  readonly rcode: number;
  readonly qdcount: number;
  readonly ancount: number;
  readonly nscount: number;
  readonly arcount: number;
}

/** RFC 1035 §4.1.2. */
export interface Question {
  /** In wire form, lower-cased, without the root's byte; so are all names. */
  readonly qname: Uint8Array;
  readonly qtype: number;
  readonly qclass: number;
}

/** RFC 1035 §4.1.3. */
export interface ResourceRecord {
  readonly name: Uint8Array;
  readonly type: number;
  readonly class: number;
  /** Seconds, as sent. */
  readonly ttl: number;
  readonly rdata: Rdata;
}

export interface DnsMessage {
  readonly header: Header;
  /** There is none where QDCOUNT is 0. */
  readonly question: Question | undefined;
  /** The first 128; `header.ancount` tells how many there are. */
  readonly answers: readonly ResourceRecord[];
}

/** Throws DnsError: QDCOUNT for more than one question (RFC 9619 §4), and what the functions below throw. */
export function decodeMessage(message: Uint8Array): DnsMessage {
  const reader = new MessageReader(message);
  const header = readHeader(reader);
  if (header.qdcount > 1) {
    throw new DnsError('QDCOUNT', 4, 'RFC 9619 §4', `${header.qdcount} questions`);
  }
  let offset = HEADER_SIZE;
  let question: Question | undefined;
  if (header.qdcount === 1) ({ question, end: offset } = readQuestion(reader));
  const answers: ResourceRecord[] = [];
  for (let left = Math.min(header.ancount, RECORDS_MAX); left > 0; left--) {
    const place = readRecord(reader, reader.name(offset));
    const { name, type, class: rrClass, ttl } = place;
    answers.push({ name, type, class: rrClass, ttl, rdata: readRdata(reader, place) });
    offset = place.end;
  }
  return { header, question, answers };
}

/** Throws DnsError SHORT_MESSAGE. */
export function readHeader(reader: MessageReader): Header {
  const { length } = reader.message;
  if (length < HEADER_SIZE) {
    throw new DnsError('SHORT_MESSAGE', length, 'RFC 1035 §4.1.1', 'header is cut off');
  }
  const flags = reader.uint16(2);
  return {
    id: reader.uint16(0),
    qr: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    aa: (flags & 0x0400) !== 0,
    tc: (flags & 0x0200) !== 0,
    rd: (flags & 0x0100) !== 0,
    ra: (flags & 0x0080) !== 0,
    ad: (flags & 0x0020) !== 0,
    cd: (flags & 0x0010) !== 0,
    rcode: flags & 0xf,
    qdcount: reader.uint16(4),
    ancount: reader.uint16(6),
    nscount: reader.uint16(8),
    arcount: reader.uint16(10),
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
