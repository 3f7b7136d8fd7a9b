/** What rules become in the kernel, as the control plane hands it over. */
import type { Prefix } from '../model/prefix.ts';

/** One cell of `actions` (struct action), without the rule's number, which is given here. */
export interface RuleCell {
  /** UCI section: counters follow it from one rule set to the next. */
  readonly section: string;
  /** The next cell of the list, or 0. */
  readonly next: number;
  readonly mark: number;
  readonly mask: number;
  readonly ifindex: number;
  /** ACTION_*, without ACTION_CLIENTS, which follows from `clients`. */
  readonly flags: number;
  readonly interface: string;
  /** Undefined: for every client. Prefixes of client addresses (src/model/client.ts). */
  readonly clients: readonly Prefix[] | undefined;
}

/** A rule set whose cells count from 1. */
export interface RuleImage {
  /** Entries of `rules`. */
  readonly count: number;
  /** `count` keys of 8 bytes, little-endian. */
  readonly keys: Uint8Array;
  /** `count` cells of 4 bytes, little-endian. */
  readonly cells: Uint8Array;
  /** Cell n is `actions[n - 1]`. */
  readonly actions: readonly RuleCell[];
  readonly maxLabels: number;
  readonly levels: number;
}
