/** Why something goes where it goes: src/decide on the maps of the kernel. */
import { decisionMaps, factMaps, type Maps } from '../datapath/index.ts';
import { loadConfiguration } from '../config/load.ts';
import { DomainrouteError } from '../base/errors.ts';
import { explain as explainFrom, type Explanation } from '../decide/explain.ts';
import type { DecisionSource, IdleRule } from '../decide/source.ts';
import { factAt, type Fact } from '../facts/fact.ts';
import { readDevices } from '../route/index.ts';
import { identifier, readNeighbours } from './neighbours.ts';
import { ruleSource } from './rule-source.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

/** The JSON shape of the command line and of ubus: a name can have several addresses, so there may be others. */
export interface ExplainResult extends Explanation {
  readonly others: readonly Explanation[];
}

/**
 * `query`: a name or an address; `client`: a MAC address or an address. Throws DomainrouteError: 'usage' for what
 * is neither, 'not-running'.
 */
export async function explain(
  settings: Settings,
  query: string,
  client: string | undefined,
): Promise<ExplainResult> {
  const [neighbours, devices] = await Promise.all([readNeighbours(), readDevices()]);
  const identify = identifier(neighbours, devices);
  const idleRules = readIdleRules(settings.config);
  return withMaps(settings, (maps, config) => {
    const lookups = decisionMaps(maps);
    try {
      const source = { ...ruleSource(config, lookups, identify), ...factSource(maps), idleRules };
      const [first, ...others] = explainFrom(source, query, client);
      if (first === undefined) throw new RangeError(`Cannot explain '${query}': nothing to say`);
      return { ...first, others };
    } finally {
      lookups.close();
    }
  });
}

/** None if the file cannot be read: what is in force can be explained without. */
function readIdleRules(directory: string): IdleRule[] {
  try {
    return loadConfiguration(directory).rules.filter(({ enabled }) => !enabled);
  } catch (error) {
    if (error instanceof DomainrouteError) return [];
    throw error;
  }
}

function factSource(maps: Maps): Pick<DecisionSource, 'factsOfAddress' | 'factsOfName'> {
  const { byAddress, byName } = factIndexes(maps);
  return {
    factsOfAddress: (address) => byAddress.get(textKey(address)) ?? [],
    factsOfName: (name) => byName.get(textKey(name)) ?? [],
  };
}

function textKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function factIndexes(maps: Maps): {
  readonly byAddress: ReadonlyMap<string, Fact[]>;
  readonly byName: ReadonlyMap<string, Fact[]>;
} {
  const byAddress = new Map<string, Fact[]>();
  const byName = new Map<string, Fact[]>();
  const add = (index: Map<string, Fact[]>, key: string, fact: Fact): void => {
    const facts = index.get(key);
    if (facts === undefined) index.set(key, [fact]);
    else facts.push(fact);
  };
  const store = factMaps(maps);
  for (const matched of [true, false]) {
    const entries = store.entries(matched);
    for (let i = 0; i < entries.count; i++) {
      const fact = factAt(entries, i, store.layout, matched);
      add(byAddress, textKey(fact.address), fact);
      add(byName, textKey(fact.name), fact);
    }
  }
  return { byAddress, byName };
}
