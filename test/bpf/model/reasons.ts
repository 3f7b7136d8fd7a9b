/** `enum reason` of bpf/domainroute.h: index into `reasons`. */
export const REASON = {
  QUERY_NOTED: 1,
  FACT_LEARNT: 2,
  FACT_REFRESHED: 3,
  NOT_IP: 4,
  SHORT_PACKET: 5,
  FRAGMENT: 6,
  LENGTH: 7,
  SEGMENTED: 8,
  SHORT_MESSAGE: 9,
  NOT_QUERY: 10,
  NOT_ANSWER: 11,
  TRUNCATED: 12,
  RCODE: 13,
  QDCOUNT: 14,
  BAD_NAME: 15,
  QTYPE: 16,
  UNASKED: 17,
  OTHER_QUESTION: 18,
  LATE: 19,
  STEPS: 20,
  RECORDS: 21,
  CHAIN: 22,
  OFF_CHAIN: 23,
  BAD_RECORD: 24,
  PROTECTED_ANSWER: 25,
  NAME_FULL: 26,
  MAP_FULL: 27,
  PROTECTED: 28,
  NO_FACT: 29,
  NO_RULE: 30,
  RULE: 31,
  DECIDE_STEPS: 32,
  RESERVED_ADDRESS: 33,
} as const;

export type ReasonName = keyof typeof REASON;

/** Entries of `reasons` (REASON_MAX). */
export const REASONS = 64;

const NAMES = new Map<number, string>(Object.entries(REASON).map(([name, value]) => [value, name]));

/** For messages: the name of a reason number. */
export function reasonName(reason: number): string {
  return NAMES.get(reason) ?? `reason ${reason}`;
}
