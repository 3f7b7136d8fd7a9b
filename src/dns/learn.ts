/**
 * What an answer teaches, by the rules of the kernel programs: bpf/README.md "Steps", "Learning one address". They
 * read 4,096 bytes in 256 steps, this the whole message; up to there both learn the same.
 */
import { isMapped } from '../model/address.ts';
import { DnsError, type DnsReason } from './dns-error.ts';
import {
  readHeader,
  readQuestion,
  readRecord,
  type Header,
  type Question,
  type RecordPlace,
} from './message.ts';
import { MessageReader, sameName, type Name } from './message-reader.ts';
import {
  CLASS_IN,
  checkAddress,
  readCname,
  readPriority,
  readTarget,
  SVC_PARAM,
  svcParamsOf,
  TYPE,
} from './rdata.ts';

/** Records read of a message (Z3). */
const RECORDS_MAX = 128;
/** CNAME links followed (Z1). */
const CHAIN_MAX = 11;
/** Addresses read of a message, as many as a name may have (Z3). */
const ADDRESSES_MAX = 256;
/** Seconds (Z3). */
const TTL_MAX = 86_400;

/** The RFC that these would stand in: it has no limits. */
const LIMITS = 'RFC 1035 §4.1.3';

/** Bytes of an address of a hint, by SvcParamKey. */
const HINT_SIZES = new Map<number, number>([
  [SVC_PARAM.IPV4HINT, 4],
  [SVC_PARAM.IPV6HINT, 16],
]);

const QTYPES: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.SVCB, TYPE.HTTPS];

/** A CNAME; both names are in wire form, lower-cased, without the root's byte. */
export interface Link {
  readonly owner: Uint8Array;
  readonly target: Uint8Array;
}

/** `name` is at `address`: a fact. */
export interface LearntAddress {
  /** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  /** The question's: its links lead to the name that owns the record. */
  readonly name: Uint8Array;
  readonly ttlSeconds: number;
}

export interface Lesson {
  readonly question: Question;
  /** From the question's name on, each from where the one before led. */
  readonly links: readonly Link[];
  /** In the message's order; an address can come twice. */
  readonly addresses: readonly LearntAddress[];
  /** Why reading ended before the last record; what was learnt until then stands. */
  readonly ended: DnsReason | undefined;
  /** Records whose owner nobody had asked for (Z1). */
  readonly offChain: number;
  /** Addresses that are never learnt (Z2). */
  readonly protectedAnswers: number;
}

/**
 * Reads an answer to a question for addresses; or tells why it is none, and teaches nothing. `isNever` is the class
 * NEVER of `protected` (Z2), asked of 16 bytes each; whether there was a query is the caller's to know (W1).
 */
export function learnFrom(
  message: Uint8Array,
  isNever: (address: Uint8Array) => boolean,
): Lesson | DnsReason {
  const reader = new MessageReader(message);
  const header = catchReason(() => readHeader(reader));
  if (typeof header === 'string') return header;
  const fault = headerFault(header);
  if (fault !== undefined) return fault;
  const asked = catchReason(() => readQuestion(reader));
  if (typeof asked === 'string') return asked;
  const { qtype, qclass } = asked.question;
  if (qclass !== CLASS_IN || !QTYPES.includes(qtype)) return 'QTYPE';

  const draft: Draft = {
    reader,
    isNever,
    question: asked.question,
    current: asked.name,
    links: [],
    addresses: [],
    offChain: 0,
    protectedAnswers: 0,
  };
  const ended = catchReason(() => readAnswers(draft, asked.end, header.ancount));
  const { question, links, addresses, offChain, protectedAnswers } = draft;
  return { question, links, addresses, ended, offChain, protectedAnswers };
}

/** W2. */
function headerFault({ qr, opcode, tc, rcode, qdcount }: Header): DnsReason | undefined {
  if (!qr || opcode !== 0) return 'NOT_ANSWER';
  if (tc) return 'TRUNCATED';
  if (rcode !== 0) return 'RCODE';
  return qdcount === 1 ? undefined : 'QDCOUNT';
}

/** A lesson while it is being read. */
interface Draft {
  readonly reader: MessageReader;
  readonly isNever: (address: Uint8Array) => boolean;
  readonly question: Question;
  /** The name whose records count: the question's, or where its links have led so far. */
  current: Name;
  readonly links: Link[];
  readonly addresses: LearntAddress[];
  offChain: number;
  protectedAnswers: number;
}

/** What it throws, it throws behind what the records before have taught. */
function readAnswers(draft: Draft, start: number, ancount: number): undefined {
  const { reader } = draft;
  let offset = start;
  for (let i = 0; i < ancount; i++) {
    if (i === RECORDS_MAX) throw new DnsError('RECORDS', offset, LIMITS, 'more than 128 records');
    const record = readRecord(reader, reader.nameOr(draft.current, offset));
    offset = record.end;
    if (!sameName(record.name, draft.current.wire)) draft.offChain++;
    else if (record.class === CLASS_IN) readAnswer(draft, record);
  }
}

function readAnswer(draft: Draft, { type, ttl, start, end }: RecordPlace): void {
  const { reader } = draft;
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA:
      checkAddress(type, start, end);
      learn(draft, start, end, ttl);
      return;
    case TYPE.CNAME: {
      const target = readCname(reader, start, end);
      if (draft.links.length === CHAIN_MAX) {
        throw new DnsError('CHAIN', start, 'RFC 1034 §3.6.2', 'more than 11 CNAME links');
      }
      draft.links.push({ owner: draft.current.wire, target: target.wire });
      draft.current = target;
      return;
    }
    case TYPE.SVCB:
    case TYPE.HTTPS:
      if (readPriority(reader, start, end) !== 0) learnHints(draft, start, end, ttl);
      return;
  }
}

/** ipv4hint and ipv6hint, RFC 9460 §7.3. */
function learnHints(draft: Draft, start: number, end: number, ttl: number): void {
  const { reader } = draft;
  const target = readTarget(reader, start, end);
  for (const param of svcParamsOf(reader, target.end, end)) {
    const size = HINT_SIZES.get(param.key);
    if (size === undefined) continue;
    const length = param.end - param.start;
    if (length === 0 || length % size !== 0) {
      throw new DnsError('BAD_RECORD', param.start, 'RFC 9460 §7.3', `hint of ${length} bytes`);
    }
    for (let at = param.start; at < param.end; at += size) learn(draft, at, at + size, ttl);
  }
}

/** The address from `start` to `end` of the message, 4 or 16 bytes. */
function learn(draft: Draft, start: number, end: number, ttl: number): void {
  if (draft.addresses.length + draft.protectedAnswers === ADDRESSES_MAX) {
    throw new DnsError('NAME_FULL', start, LIMITS, 'more than 256 addresses');
  }
  const address = new Uint8Array(16);
  address.set(draft.reader.message.subarray(start, end), 16 - (end - start));
  const inFormOfIpv6 = end - start === 16 && isMapped(address);
  if (end - start === 4) address[10] = address[11] = 0xff;
  if (inFormOfIpv6 || draft.isNever(address)) draft.protectedAnswers++;
  else draft.addresses.push({ address, name: draft.question.qname, ttlSeconds: ttlSeconds(ttl) });
}

/** RFC 2181 §8: one with the top bit set is 0. */
function ttlSeconds(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : Math.min(ttl, TTL_MAX);
}

/** What `read` returns, or the reason why it cannot. */
function catchReason<T>(read: () => T): T | DnsReason {
  try {
    return read();
  } catch (error) {
    if (error instanceof DnsError) return error.reason;
    throw error;
  }
}
