/** What was decided for whom: the verdicts, with the names they were decided by. */
import {
  ACTION_BLOCK,
  factMaps,
  monotonicNow,
  PAIR,
  readLiveRules,
  readVerdicts,
  type Action,
  type Maps,
} from '../datapath/index.ts';
import { factAt, validUntil, type FactClock, type FactStore } from '../facts/fact.ts';
import { parseFactQuery, type FactFilter, type FactQuery } from '../facts/filter.ts';
import { formatAddress } from '../model/address.ts';
import { formatClient } from '../model/client.ts';
import { formatDomainName } from '../model/domain-name.ts';
import { formatMark } from '../model/mark.ts';
import { withMaps } from './session.ts';
import type { Settings } from './settings.ts';

/** The JSON shape of the command line and of ubus. */
export interface DecisionRow {
  /** A MAC address or an address; null: the router itself. */
  readonly client: string | null;
  readonly address: string;
  /** Null: no name is known (any more). */
  readonly name: string | null;
  /** UCI section; null: no rule. */
  readonly rule: string | null;
  readonly action: 'route' | 'block' | null;
  readonly mark: string | null;
  readonly interface: string | null;
  readonly packets: number;
  readonly bytes: number;
  /** Whole seconds since the last packet. */
  readonly age: number;
}

/** As on the command line and in ubus; what is missing does not matter. */
export interface DecisionQuery extends FactQuery {
  /** UCI section. */
  readonly rule?: string | undefined;
}

/** Finds the name that a verdict goes by, in the kernel's order (bpf/README.md, "Deciding" 2). */
function nameFinder(store: FactStore, clock: FactClock): (pair: Uint8Array) => string | null {
  const indexes = [false, true].map((matched) => {
    const entries = store.entries(matched);
    const keys = Buffer.from(entries.keys.buffer, entries.keys.byteOffset, entries.keys.byteLength);
    const byPair = new Map<string, number>();
    for (let i = 0; i < entries.count; i++) {
      byPair.set(keys.toString('latin1', i * PAIR.size, (i + 1) * PAIR.size), i);
    }
    return (pair: Buffer): string | undefined => {
      const index = byPair.get(pair.toString('latin1', 0, PAIR.size));
      if (index === undefined) return undefined;
      const fact = factAt(entries, index, store.layout, matched);
      return clock.now < validUntil(fact, clock) ? formatDomainName(fact.name) : undefined;
    };
  });
  const [stray, fact] = indexes;
  return (pair) => {
    const own = Buffer.from(pair);
    const any = Buffer.from(pair).fill(0, 0, 16);
    const toldIt = own.equals(any) ? undefined : (stray?.(own) ?? fact?.(own));
    return toldIt ?? fact?.(any) ?? stray?.(any) ?? null;
  };
}

/** The verdicts asked for, the most recent first. Throws DomainrouteError: 'usage', 'not-running'. */
export function decisions(settings: Settings, query: DecisionQuery = {}): DecisionRow[] {
  const { limit, ...filter } = parseFactQuery(query);
  const rows = withMaps(settings, (maps, { hold }) =>
    readDecisions(maps, { now: monotonicNow(), hold: Number(hold) }),
  );
  return rows.filter((row) => isWanted(row, query.rule, filter)).slice(0, limit);
}

function isWanted(row: DecisionRow, rule: string | undefined, filter: FactFilter): boolean {
  const { client, address, name } = filter;
  return (
    (rule === undefined || row.rule === rule) &&
    (client === undefined || row.client === formatClient(client)) &&
    (address === undefined || row.address === formatAddress(address)) &&
    (name === undefined || (row.name !== null && isNamed(row.name, name)))
  );
}

function isNamed(name: string, { wire, below }: NonNullable<FactFilter['name']>): boolean {
  const wanted = formatDomainName(wire);
  return name === wanted || (below && name.endsWith(`.${wanted}`));
}

function readDecisions(maps: Maps, clock: FactClock): DecisionRow[] {
  const actions = new Map<number, Action>();
  for (const action of readLiveRules(maps).cells.values()) actions.set(action.rule, action);
  const nameOf = nameFinder(factMaps(maps), clock);
  const rows = readVerdicts(maps).map((verdict): DecisionRow => {
    const { pair } = verdict;
    const taken = verdict.rule !== 0;
    const { section = null, interface: name = '' } = actions.get(verdict.rule) ?? {};
    return {
      client: formatClient(pair.subarray(0, 16)),
      address: formatAddress(pair.subarray(16)),
      name: nameOf(pair),
      rule: section,
      action: taken ? ((verdict.flags & ACTION_BLOCK) === 0 ? 'route' : 'block') : null,
      mark: taken && verdict.mask !== 0 ? formatMark(verdict.mark) : null,
      interface: name === '' ? null : name,
      packets: verdict.packets,
      bytes: verdict.bytes,
      age: Math.max(0, Math.floor((clock.now - verdict.last_seen) / 1e9)),
    };
  });
  return rows.sort((a, b) => a.age - b.age);
}
