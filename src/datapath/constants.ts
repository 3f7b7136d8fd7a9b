/** The numbers of bpf/domainroute.h; a test compares them with the header. */

/** Pins live below `v<SCHEMA>`. */
export const SCHEMA = 1;

/** Entries of `actions`, in two halves that are written in turns. */
export const CELLS = 4096;

/** Entries of `counters`: rule indexes are 1 to RULES - 1. */
export const RULES = 1024;

/** Entries of `epochs`. */
export const EPOCHS = 4096;

export const ACTION_CLIENTS = 1 << 0;
export const ACTION_PRIVATE = 1 << 1;
export const ACTION_BLOCK = 1 << 2;
export const ACTION_LOCAL_MARK = 1 << 3;
export const ACTION_LOCAL_BIND = 1 << 4;
export const ACTION_FALLBACK_MAIN = 1 << 5;
export const ACTION_DROP = 1 << 6;
export const ACTION_ANNOUNCE = 1 << 7;

export const PROTECTED_NEVER = 1;
export const PROTECTED_PRIVATE = 2;
export const PROTECTED_OPEN = 3;

export const EVENT_FACT = 1;
export const EVENT_VERDICT = 2;

/** `enum source`, by number. */
export const SOURCES = ['lan', 'wan', 'state', 'dnstap', 'sync'] as const;

/** `enum reason`, by number, as `status` names them. */
export const REASONS = [
  'none',
  'query_noted',
  'fact_learnt',
  'fact_refreshed',
  'not_ip',
  'short_packet',
  'fragment',
  'length',
  'segmented',
  'short_message',
  'not_query',
  'not_answer',
  'truncated',
  'rcode',
  'qdcount',
  'bad_name',
  'qtype',
  'unasked',
  'other_question',
  'late',
  'steps',
  'records',
  'chain',
  'off_chain',
  'bad_record',
  'protected_answer',
  'name_full',
  'map_full',
  'protected',
  'no_fact',
  'no_rule',
  'rule',
  'decide_steps',
  'reserved_address',
] as const;
