/** Reading facts: those that stand, filtered, as objects or as the rows of `domainroute rdns`. */
import { formatAddress } from '../../../src/model/address.ts';
import { formatClient } from '../../../src/model/client.ts';
import { formatDomainName } from '../../../src/model/domain-name.ts';
import {
  factAt,
  type Fact,
  type FactClock,
  type FactSource,
  type FactStore,
} from '../../../src/facts/fact.ts';
import type { FactFilter } from '../../../src/facts/filter.ts';
import { ROW_NUMBERS, standingRows } from '../../../src/facts/standing.ts';

/** A row of `rdns`: the JSON shape of the command line and of ubus. */
export interface RdnsRow {
  readonly address: string;
  readonly name: string;
  /** A MAC address or an address; null for any. */
  readonly client: string | null;
  /** Whole seconds until the fact stops to stand. */
  readonly expires_in: number;
  /** Whole seconds since its last use. */
  readonly last_seen: number;
  readonly source: FactSource;
}

/** The facts that stand, those that rules matched first. */
export function readFacts(store: FactStore, filter: FactFilter, clock: FactClock): Fact[] {
  return eachStanding(store, filter, clock, (fact) => fact);
}

/** The same facts as rows. The text of many of them is made faster by datapath/fact-maps.ts. */
export function readRdns(store: FactStore, filter: FactFilter, clock: FactClock): RdnsRow[] {
  return eachStanding(store, filter, clock, (fact, expiresIn, lastSeen) => ({
    address: formatAddress(fact.address),
    name: formatDomainName(fact.name),
    client: formatClient(fact.client),
    expires_in: expiresIn,
    last_seen: lastSeen,
    source: fact.source,
  }));
}

function eachStanding<T>(
  store: FactStore,
  filter: FactFilter,
  clock: FactClock,
  make: (fact: Fact, expiresIn: number, lastSeen: number) => T,
): T[] {
  const made: T[] = [];
  for (const { rows, matched, ...entries } of standingRows(store, filter, clock)) {
    for (let at = 0; at < rows.length; at += ROW_NUMBERS) {
      const fact = factAt(entries, rows[at] ?? 0, store.layout, matched);
      made.push(make(fact, rows[at + 1] ?? 0, rows[at + 2] ?? 0));
    }
  }
  return made;
}
