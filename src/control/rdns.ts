/** Which names are known for which addresses. */
import {
  factMaps,
  factsAsJson,
  factsAsTable,
  monotonicNow,
  type FactWords,
} from '../datapath/fact-maps.ts';
import type { FactFilter, FactQuery } from '../facts/filter.ts';
import { standingRows, type StandingRows } from '../facts/standing.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

/**
 * The facts that stand, as the text of a JSON array: the shape of RdnsRow. Throws DomainrouteError 'usage' for
 * what is asked, 'not-running'.
 */
export async function rdnsAsJson(settings: Settings, query: FactQuery): Promise<string> {
  return factsAsJson(await findFacts(settings, query));
}

/** The same as a table. */
export async function rdnsAsTable(
  settings: Settings,
  query: FactQuery,
  words: FactWords,
): Promise<string> {
  return factsAsTable(await findFacts(settings, query), words);
}

async function findFacts(settings: Settings, query: FactQuery): Promise<readonly StandingRows[]> {
  const filter = await readQuery(query);
  return withMaps(settings, (maps, { hold }) =>
    standingRows(factMaps(maps), filter, { now: monotonicNow(), hold: Number(hold) }),
  );
}

/** What reads names and addresses is loaded only if there are any. */
async function readQuery(query: FactQuery): Promise<FactFilter> {
  if (Object.values(query).every((value) => value === undefined)) return {};
  const { parseFactQuery } = await import('../facts/filter.ts');
  return parseFactQuery(query);
}
