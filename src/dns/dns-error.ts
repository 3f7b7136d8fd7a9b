/** Why a message, or the rest of one, teaches nothing: the names of `enum reason` in bpf/domainroute.h. */
export type DnsReason =
  | 'SHORT_MESSAGE'
  | 'NOT_ANSWER'
  | 'TRUNCATED'
  | 'RCODE'
  | 'QDCOUNT'
  | 'BAD_NAME'
  | 'QTYPE'
  | 'STEPS'
  | 'RECORDS'
  | 'CHAIN'
  | 'BAD_RECORD'
  | 'NAME_FULL';

/** A message that cannot be read any further. Whoever gave the bytes catches it, counts it and goes on. */
export class DnsError extends Error {
  readonly reason: DnsReason;
  /** Where in the message, in bytes. */
  readonly offset: number;
  /** Of the RFC that says so: 'RFC 1035 §4.1.4'. */
  readonly section: string;

  constructor(reason: DnsReason, offset: number, section: string, state: string) {
    super(`Cannot read DNS message at byte ${offset}: ${state} (${section})`);
    this.name = 'DnsError';
    this.reason = reason;
    this.offset = offset;
    this.section = section;
  }
}
