/** RDATA of the types that lead to addresses. */
import { DnsError } from './dns-error.ts';
import type { MessageReader, Name } from './message-reader.ts';

/** RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 9460 §14.1. */
export const TYPE = { A: 1, CNAME: 5, AAAA: 28, SVCB: 64, HTTPS: 65 } as const;
export const CLASS_IN = 1;
/** SvcParamKeys, RFC 9460 §14.3.2. */
export const SVC_PARAM = { IPV4HINT: 4, IPV6HINT: 6 } as const;

/** Of A (RFC 1035 §3.4.1) or AAAA (RFC 3596 §2.2). */
export function checkAddress(
  type: typeof TYPE.A | typeof TYPE.AAAA,
  start: number,
  end: number,
): void {
  if (end - start !== (type === TYPE.A ? 4 : 16)) {
    const section = type === TYPE.A ? 'RFC 1035 §3.4.1' : 'RFC 3596 §2.2';
    throw bad(start, section, `address of ${end - start} bytes`);
  }
}

/** RFC 1035 §3.3.1. */
export function readCname(reader: MessageReader, start: number, end: number): Name {
  const name = reader.name(start);
  if (name.end !== end) throw bad(start, 'RFC 1035 §3.3.1', 'name does not end with RDATA');
  return name;
}

/** SvcPriority, RFC 9460 §2.2. */
export function readPriority(reader: MessageReader, start: number, end: number): number {
  if (end - start < 3) throw bad(start, 'RFC 9460 §2.2', 'RDATA is cut off');
  return reader.uint16(start);
}

/** TargetName; the SvcParams follow it. `start` and `end` are those of RDATA. */
export function readTarget(reader: MessageReader, start: number, end: number): Name {
  const name = reader.name(start + 2);
  if (name.end > end) throw bad(start + 2, 'RFC 9460 §2.2', 'TargetName leaves RDATA');
  return name;
}

/** Where the value of a SvcParam lies. */
export interface SvcParamPlace {
  readonly key: number;
  readonly start: number;
  readonly end: number;
}

/** One by one; what is wrong is thrown when it is come to. */
export function* svcParamsOf(
  reader: MessageReader,
  from: number,
  to: number,
): Generator<SvcParamPlace> {
  for (let offset = from; offset !== to;) {
    const start = offset + 4;
    const end = start + reader.uint16(offset + 2);
    if (start > to || end > to) throw bad(offset, 'RFC 9460 §2.2', 'SvcParam leaves RDATA');
    yield { key: reader.uint16(offset), start, end };
    offset = end;
  }
}

function bad(offset: number, section: string, state: string): DnsError {
  return new DnsError('BAD_RECORD', offset, section, state);
}
