/**
 * `option on_change 'drop'`: which live connections go another way when rules change, and their end. What was in force
 * is read from the maps, as the rules of before may be gone from the file.
 */
import { DomainrouteError } from '../base/errors.ts';
import {
  ACTION_BLOCK,
  ACTION_DROP,
  ACTION_LOCAL_BIND,
  ACTION_LOCAL_MARK,
  decisionMaps,
  readConfig,
  readLiveRules,
  type Config,
  type DecisionMaps,
  type Maps,
} from '../datapath/index.ts';
import { ANY_CLIENT, decide } from '../decide/decide.ts';
import type { RuleCell, RuleSource } from '../decide/source.ts';
import { parseAddress } from '../model/address.ts';
import type { Diagnostic } from '../model/rule.ts';
import {
  deleteConnections,
  readConnections,
  readDevices,
  type Connection,
  type ConnectionFilter,
} from '../route/index.ts';
import { identifier, readNeighbours } from './neighbours.ts';
import { ruleSource } from './rule-source.ts';

/** The rules in force before a change. Their cells stay readable until the staged rules are cleaned up. */
export interface RulesBefore {
  readonly config: Config;
  readonly fingerprint: string;
  readonly lookups: DecisionMaps;
}

/**
 * Opens what is in force now, `config` with it. Undefined where no connection will be ended: nothing is in force,
 * or neither a rule of before nor one of `wanted` has on_change 'drop'.
 */
export function rulesBefore(
  maps: Maps,
  config: Config | undefined,
  wanted: readonly { readonly flags: number }[],
): RulesBefore | undefined {
  if (config === undefined) return undefined;
  const { cells, fingerprint } = readLiveRules(maps);
  const drops = [...cells.values(), ...wanted].some(({ flags }) => (flags & ACTION_DROP) !== 0);
  return drops ? { config, fingerprint, lookups: decisionMaps(maps) } : undefined;
}

/**
 * Ends the live connections that the rules in force send another way than those before did, if one of the two has
 * on_change 'drop'. Behind the commit, so that a connection that comes back takes the new way. What cannot be done
 * is said: the rules are in force nevertheless. Closes what {@link rulesBefore} opened. `run`: the run directory.
 */
export async function dropChanged(
  run: string,
  maps: Maps,
  before: RulesBefore,
): Promise<readonly Diagnostic[]> {
  const lookups = decisionMaps(maps);
  try {
    await deleteConnections(await changedSince(maps, before, lookups), run);
    return [];
  } catch (error) {
    if (!(error instanceof DomainrouteError)) throw error;
    return [
      {
        severity: 'warning',
        type: 'domainroute',
        section: 'main',
        option: undefined,
        value: undefined,
        message: `live connections of rules with on_change 'drop' are kept: ${error.message}`,
      },
    ];
  } finally {
    lookups.close();
    before.lookups.close();
  }
}

async function changedSince(
  maps: Maps,
  before: RulesBefore,
  lookups: DecisionMaps,
): Promise<readonly ConnectionFilter[]> {
  const config = readConfig(maps);
  const { cells, fingerprint } = readLiveRules(maps);
  if (config === undefined || fingerprint === before.fingerprint) return [];
  const [connections, neighbours, devices] = await Promise.all([
    readConnections(),
    readNeighbours(),
    readDevices(),
  ]);
  const identify = remembering(identifier(neighbours, devices));
  const filters = changedConnections(connections, {
    before: ruleSource(before.config, before.lookups, identify),
    after: ruleSource(config, lookups, identify),
    own: devices.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    markMask: config.mark_mask,
  });
  return joinFilters(filters, connections, new Set(Array.from(cells.values(), ({ mark }) => mark)));
}

export interface ChangeInput {
  readonly before: RuleSource;
  readonly after: RuleSource;
  /** The router's own addresses, 16 bytes each. */
  readonly own: readonly Uint8Array[];
  readonly markMask: number;
}

/** What to delete: connections of one client to one address with one mark share their fate. */
export function changedConnections(
  connections: readonly Connection[],
  { before, after, own, markMask }: ChangeInput,
): ConnectionFilter[] {
  const isOwn = new Set(own.map(keyOf));
  const found = new Map<string, ConnectionFilter>();
  const seen = new Set<string>();
  for (const { family, source, destination, mark: whole } of connections) {
    const mark = (whole & markMask) >>> 0;
    const key = `${source} ${destination} ${mark}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const from = parseAddress(source);
    const to = parseAddress(destination);
    if (from === undefined || to === undefined) continue;
    const isRouter = isOwn.has(keyOf(from));
    const client = isRouter ? ANY_CLIENT : (after.identify(from)[0] ?? from);
    const [old, now] = [before, after].map((each) => decide(each, client, to).cell);
    if (!isChanged(old, now, isRouter) || (!isRouter && isThere(mark, old, now, markMask)))
      continue;
    found.set(key, { family, source, destination, mark, mask: markMask });
  }
  return [...found.values()];
}

/**
 * The same with fewer filters: one for all connections of a mark that no other connection has and, by `marks`, no rule
 * gives any more.
 */
export function joinFilters(
  filters: readonly ConnectionFilter[],
  connections: readonly Connection[],
  marks: ReadonlySet<number>,
): ConnectionFilter[] {
  const pairs = new Set(
    filters.map(({ source, destination, mark }) => `${source} ${destination} ${mark}`),
  );
  const [{ mask } = { mask: 0 }] = filters;
  const mixed = new Set<string>();
  for (const { family, source, destination, mark: whole } of connections) {
    const mark = (whole & mask) >>> 0;
    if (!pairs.has(`${source} ${destination} ${mark}`)) mixed.add(`${family} ${mark}`);
  }
  const joined = new Map<string, ConnectionFilter>();
  for (const filter of filters) {
    const { family, mark, source, destination } = filter;
    const key = `${family} ${mark}`;
    if (mark === 0 || marks.has(mark) || mixed.has(key))
      joined.set(`${key} ${source} ${destination}`, filter);
    else joined.set(key, { family, mark, mask });
  }
  return [...joined.values()];
}

/** Looks through the neighbours once a client: there are many connections of each. */
function remembering(identify: RuleSource['identify']): RuleSource['identify'] {
  const known = new Map<string, readonly Uint8Array[]>();
  return (client) => {
    const key = keyOf(client);
    const found = known.get(key) ?? identify(client);
    known.set(key, found);
    return found;
  };
}

type Cell = RuleCell | undefined;

function isChanged(old: Cell, now: Cell, isRouter: boolean): boolean {
  const drop = (((old?.flags ?? 0) | (now?.flags ?? 0)) & ACTION_DROP) !== 0;
  return drop && wayOf(old, isRouter) !== wayOf(now, isRouter);
}

/** Where connections of a rule go, in words that are the same for the same way. */
function wayOf(cell: Cell, isRouter: boolean): string {
  if (cell === undefined || cell.mask === 0) return 'main';
  const { flags, mark, mask, interface: name } = cell;
  if (isRouter && (flags & (ACTION_LOCAL_MARK | ACTION_LOCAL_BIND)) === 0) return 'main';
  if ((flags & ACTION_BLOCK) !== 0) return 'blocked';
  return name === '' ? `mark ${mark}/${mask}` : `interface ${name}`;
}

/** Began it on the new way, before rules in between or since they are in force? Marks of users are not kept. */
function isThere(mark: number, old: Cell, now: Cell, markMask: number): boolean {
  const ours = (cell: Cell): boolean => cell === undefined || cell.mask === markMask;
  return ours(old) && ours(now) && mark === (now?.mark ?? 0);
}

function keyOf(address: Uint8Array): string {
  return Buffer.from(address).toString('latin1');
}
