/** bpf/README.md "DNS": what a query notes and what an answer teaches. */
import { exactKey, questionHash, suffixHashes } from './hash.ts';
import { binary, exchangeKey, mapped } from './layout.ts';
import { learn, type Lesson } from './learn.ts';
import { CHAIN_MAX, RECORDS_MAX, STEPS_MAX } from './limits.ts';
import { rawOf, readName, Steps, type Name } from './name.ts';
import { isMapped, type Carried, type Packet } from './packet.ts';
import { REASON } from './reasons.ts';
import { count, isAhead, type State } from './state.ts';

const TYPE = { A: 1, CNAME: 5, AAAA: 28, SVCB: 64, HTTPS: 65 } as const;
const ASKED: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.SVCB, TYPE.HTTPS];
const CLASS_IN = 1;
const QUERY_AGE_MAX = 10_000_000_000n;

function be16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** `client`: whom the answer will teach for. */
export function readQuery(
  state: State,
  packet: Packet,
  carried: Carried,
  side: number,
  client: string,
  now: bigint,
): void {
  const { message } = carried;
  const { seed } = state.policy.config;
  if ((be16(message, 2) & 0xf800) !== 0 || be16(message, 4) !== 1) {
    count(state, REASON.NOT_QUERY);
    return;
  }
  const name = readName(message, 12, seed, new Steps(STEPS_MAX));
  if (typeof name === 'number') {
    count(state, name);
    return;
  }
  if (name.end + 4 > message.length) {
    count(state, REASON.SHORT_MESSAGE);
    return;
  }
  const type = be16(message, name.end);
  const cls = be16(message, name.end + 2);
  if (!ASKED.includes(type) || cls !== CLASS_IN) {
    count(state, REASON.QTYPE);
    return;
  }
  const key = exchangeKey(
    packet.source,
    packet.destination,
    carried.sourcePort,
    carried.destinationPort,
    be16(message, 0),
    carried.protocol,
    side,
  );
  state.pending.set(key, {
    question: questionHash(rawOf(name, seed), type, cls),
    time: now,
    client,
  });
  count(state, REASON.QUERY_NOTED);
}

function headerFault(message: Uint8Array): number | undefined {
  const flags = be16(message, 2);
  if ((flags & 0x8000) === 0 || (flags & 0x7800) !== 0) return REASON.NOT_ANSWER;
  if ((flags & 0x0200) !== 0) return REASON.TRUNCATED;
  if ((flags & 0x000f) !== 0) return REASON.RCODE;
  return be16(message, 4) === 1 ? undefined : REASON.QDCOUNT;
}

export function readAnswer(
  state: State,
  packet: Packet,
  carried: Carried,
  side: number,
  now: bigint,
): void {
  const reason = answer(state, packet, carried, side, now);
  if (reason !== undefined) count(state, reason);
}

function answer(
  state: State,
  packet: Packet,
  carried: Carried,
  side: number,
  now: bigint,
): number | undefined {
  const { message } = carried;
  const { seed } = state.policy.config;
  const fault = headerFault(message);
  if (fault !== undefined) return fault;
  const key = exchangeKey(
    packet.destination,
    packet.source,
    carried.destinationPort,
    carried.sourcePort,
    be16(message, 0),
    carried.protocol,
    side,
  );
  const query = state.pending.get(key);
  if (query === undefined) return REASON.UNASKED;
  if (!isAhead(state, query.time + QUERY_AGE_MAX, now)) {
    state.pending.delete(key);
    return REASON.LATE;
  }
  const steps = new Steps(STEPS_MAX);
  const name = readName(message, 12, seed, steps);
  if (typeof name === 'number') return name;
  if (name.end + 4 > message.length) return REASON.SHORT_MESSAGE;
  const type = be16(message, name.end);
  const cls = be16(message, name.end + 2);
  if (questionHash(rawOf(name, seed), type, cls) !== query.question) return REASON.OTHER_QUESTION;
  state.pending.delete(key);
  const lesson = { client: query.client, source: side, now, hash: name.whole, name: name.wire };
  return new AnswerReader(state, message, steps, lesson, name).read(name.end + 4);
}

/** The records of an answer. Methods return a reason to end with, 'end', or where to go on. */
class AnswerReader {
  private readonly state: State;
  private readonly message: Uint8Array;
  private readonly steps: Steps;
  private readonly lesson: Lesson;
  private current: Name;
  private matched = false;
  private links = 0;

  constructor(state: State, message: Uint8Array, steps: Steps, lesson: Lesson, question: Name) {
    this.state = state;
    this.message = message;
    this.steps = steps;
    this.lesson = lesson;
    this.current = question;
  }

  /** The reason it ended with; undefined: all records were read. */
  read(start: number): number | undefined {
    const fault = this.match(this.current);
    if (fault !== undefined) return fault;
    const records = be16(this.message, 6);
    let offset = start;
    for (let i = 0; ; i++) {
      if (!this.steps.take()) return REASON.STEPS;
      if (i === records) return undefined;
      if (i === RECORDS_MAX) return REASON.RECORDS;
      const next = this.record(offset);
      if (next.reason !== undefined) return next.reason;
      offset = next.offset;
    }
  }

  /** Looks whether a rule names it. A reason if steps ran out. */
  private match(name: Name): number | undefined {
    const { rules, config } = this.state.policy;
    const count = Math.min(name.labels.length, config.maxLabels);
    const keys = suffixHashes(config.seed, name.labelHashes).slice(0, count);
    for (const key of [...keys, exactKey(name.whole)]) {
      if (!this.steps.take()) return REASON.STEPS;
      if (rules.has(key)) {
        this.matched = true;
        return undefined;
      }
    }
    return undefined;
  }

  private record(start: number): Next {
    const { message, steps, current } = this;
    let offset: number;
    let right: boolean;
    if (start + 2 <= message.length && be16(message, start) === (0xc000 | current.start)) {
      offset = start + 2;
      right = true;
    } else {
      const owner = readName(message, start, this.state.policy.config.seed, steps);
      if (typeof owner === 'number') return stop(owner);
      offset = owner.end;
      right = owner.whole === current.whole;
      if (!steps.take()) return stop(REASON.STEPS);
    }
    const data = offset + 10;
    const end = data + be16(message, offset + 8);
    if (data > message.length || end > message.length) return stop(REASON.BAD_RECORD);
    if (!right) {
      count(this.state, REASON.OFF_CHAIN);
      return goOn(end);
    }
    if (be16(message, offset + 2) !== CLASS_IN) return goOn(end);
    const ttl = be16(message, offset + 4) * 65536 + be16(message, offset + 6);
    switch (be16(message, offset)) {
      case TYPE.A:
        if (end - data !== 4) return stop(REASON.BAD_RECORD);
        this.learn(message.subarray(data, end), ttl);
        return goOn(end);
      case TYPE.AAAA:
        if (end - data !== 16) return stop(REASON.BAD_RECORD);
        this.learn(message.subarray(data, end), ttl);
        return goOn(end);
      case TYPE.CNAME:
        return this.cname(data, end);
      case TYPE.SVCB:
      case TYPE.HTTPS:
        return this.service(data, end, ttl);
      default:
        return goOn(end);
    }
  }

  /** 4 or 16 bytes; an IPv4 address in the form of IPv6 is never learnt (Z2). */
  private learn(bytes: Uint8Array, ttl: number): void {
    if (bytes.length === 16 && isMapped(bytes)) {
      count(this.state, REASON.PROTECTED_ANSWER);
      return;
    }
    const address = bytes.length === 4 ? mapped(bytes) : binary(bytes);
    learn(this.state, this.lesson, address, ttl, this.matched);
  }

  private cname(data: number, end: number): Next {
    const target = readName(this.message, data, this.state.policy.config.seed, this.steps);
    if (typeof target === 'number') return stop(target);
    if (target.end !== end) return stop(REASON.BAD_RECORD);
    if (this.links === CHAIN_MAX) return stop(REASON.CHAIN);
    this.links++;
    if (!this.matched) {
      const fault = this.match(target);
      if (fault !== undefined) return stop(fault);
    }
    const table = this.matched ? this.state.aliases : this.state.strayAliases;
    table.set(this.current.whole, { told: this.lesson.now, hash: target.whole, name: target.wire });
    this.current = target;
    return goOn(end);
  }

  /** SVCB and HTTPS, RFC 9460 §2.2. */
  private service(data: number, end: number, ttl: number): Next {
    const { message, steps } = this;
    if (end - data < 3) return stop(REASON.BAD_RECORD);
    if (be16(message, data) === 0) return goOn(end);
    const target = readName(message, data + 2, this.state.policy.config.seed, steps);
    if (typeof target === 'number') return stop(target);
    if (target.end > end) return stop(REASON.BAD_RECORD);
    for (let offset = target.end; ;) {
      if (!steps.take()) return stop(REASON.STEPS);
      if (offset === end) return goOn(end);
      const value = offset + 4;
      const valueEnd = value + be16(message, offset + 2);
      if (value > end || valueEnd > end) return stop(REASON.BAD_RECORD);
      const key = be16(message, offset);
      const size = key === 4 ? 4 : key === 6 ? 16 : 0;
      if (size !== 0) {
        const length = valueEnd - value;
        if (length === 0 || length % size !== 0) return stop(REASON.BAD_RECORD);
        for (let hint = value; hint < valueEnd; hint += size) {
          if (!steps.take()) return stop(REASON.STEPS);
          const bytes = message.subarray(hint, hint + size);
          this.learn(bytes, ttl);
        }
      }
      offset = valueEnd;
    }
  }
}

interface Next {
  readonly reason?: number;
  readonly offset: number;
}

function stop(reason: number): Next {
  return { reason, offset: 0 };
}

function goOn(offset: number): Next {
  return { offset };
}
