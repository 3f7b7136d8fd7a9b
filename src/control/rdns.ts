/** Which names are known for which addresses. */
import { factMaps, monotonicNow, type FactMaps } from '../datapath/fact-maps.ts';
import type { FactClock } from '../facts/fact.ts';
import { parseFactQuery, type FactFilter, type FactQuery } from '../facts/filter.ts';
import { rdnsJson } from '../facts/rdns-json.ts';
import { rdnsTable, type TableWords } from '../facts/rdns-table.ts';
import { readRdns, type RdnsRow } from '../facts/read.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

/** The facts that stand. Throws DomainrouteError 'usage' for what is asked, 'not-running'. */
export function rdns(settings: Settings, query: FactQuery): RdnsRow[] {
  return withFacts(settings, query, readRdns);
}

/** The same as the text of a JSON array, in a fraction of the time. */
export function rdnsAsJson(settings: Settings, query: FactQuery): string {
  return withFacts(settings, query, rdnsJson);
}

/** The same as a table. */
export function rdnsAsTable(settings: Settings, query: FactQuery, words: TableWords): string {
  return withFacts(settings, query, (...args) => rdnsTable(...args, words));
}

function withFacts<T>(
  settings: Settings,
  query: FactQuery,
  read: (store: FactMaps, filter: FactFilter, clock: FactClock) => T,
): T {
  const filter = parseFactQuery(query);
  return withMaps(settings, (maps, { hold }) =>
    read(factMaps(maps), filter, { now: monotonicNow(), hold: Number(hold) }),
  );
}
