/** What deciding reads: the maps of the kernel programs, or what a test puts in their place. */
import type { NameHasher } from '../dns/name-hash.ts';
import type { DomainPattern } from '../model/rule.ts';

/** Flags of `struct action` (bpf/domainroute.h). */
export const ACTION_CLIENTS = 1 << 0;
export const ACTION_PRIVATE = 1 << 1;
export const ACTION_BLOCK = 1 << 2;

/** `enum protected_class` of bpf/domainroute.h. */
export const PROTECTED_NEVER = 1;
export const PROTECTED_PRIVATE = 2;

/** A fact as deciding needs it; times are nanoseconds of CLOCK_MONOTONIC. */
export interface KnownFact {
  /** 16 bytes; `::` is any client. */
  readonly client: Uint8Array;
  readonly address: Uint8Array;
  /** In wire form, without the root. */
  readonly name: Uint8Array;
  readonly expires: number;
  readonly lastSeen: number;
}

/** A cell of `actions`: one rule in one list of rules. */
export interface RuleCell {
  /** UCI section. */
  readonly section: string;
  /** The cell of the next rule of the list, or 0. */
  readonly next: number;
  /** ACTION_*. */
  readonly flags: number;
  readonly mark: number;
  /** Which bits of the packet's mark it sets. */
  readonly mask: number;
  /** netifd interface or device, or empty. */
  readonly interface: string;
}

/** A rule that is not in force, for what could be said of a name. */
export interface IdleRule {
  readonly section: string;
  readonly domains: readonly DomainPattern[];
}

/** What a decision takes. */
export interface RuleSource {
  /** CLOCK_MONOTONIC, ns. */
  readonly now: number;
  /** How long a fact outlives its last use, ns. */
  readonly hold: number;
  /** With the seed of the rules in force. */
  readonly hasher: NameHasher;
  /** `config.max_labels`. */
  readonly maxLabels: number;
  /** The class of an address in `protected`; 0: none. */
  protectedClass(address: Uint8Array): number;
  /** An entry of `facts` (`matched`) or `strays`, whether it still stands or not. */
  fact(matched: boolean, client: Uint8Array, address: Uint8Array): KnownFact | undefined;
  /** The target of a CNAME, by the whole hash of its owner in unsigned halves: `aliases`, else `stray_aliases`. */
  alias(low: number, high: number): Uint8Array | undefined;
  /** The first cell of a key of `rules`, in unsigned halves, or 0. */
  rule(low: number, high: number): number;
  cell(index: number): RuleCell | undefined;
  /** Is one of these clients in `clients` for the cell? */
  clientMatches(cell: number, clients: readonly Uint8Array[]): boolean;
  /**
   * All that a client is known by, 16 bytes each: first what its facts are under (its MAC address, if it has
   * one), then its addresses and the interface it is behind.
   */
  identify(client: Uint8Array): readonly Uint8Array[];
}

/** And what its reasons take. */
export interface DecisionSource extends RuleSource {
  /** Rules of the configuration that are not enabled. */
  readonly idleRules: readonly IdleRule[];
  /** Every fact of both maps for an address, or with a name; those that no longer stand may be left out. */
  factsOfAddress(address: Uint8Array): readonly KnownFact[];
  factsOfName(name: Uint8Array): readonly KnownFact[];
}
