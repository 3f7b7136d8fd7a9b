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
  deleteConnections,
  readConfig,
  readConnections,
  readLiveRules,
  type Config,
  type Connection,
  type DecisionMaps,
  type Maps,
} from '../datapath/index.ts';
import { ANY_CLIENT, decide } from '../decide/decide.ts';
import type { RuleCell, RuleSource } from '../decide/source.ts';
import type { Diagnostic } from '../model/rule.ts';
import { readDevices } from '../route/index.ts';
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
 * is said: the rules are in force nevertheless. Closes what {@link rulesBefore} opened.
 */
export async function dropChanged(maps: Maps, before: RulesBefore): Promise<readonly Diagnostic[]> {
  const lookups = decisionMaps(maps);
  try {
    await deleteConnections(await changedSince(maps, before, lookups));
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
): Promise<readonly Connection[]> {
  const config = readConfig(maps);
  if (config === undefined || readLiveRules(maps).fingerprint === before.fingerprint) return [];
  const [neighbours, devices] = await Promise.all([readNeighbours(), readDevices()]);
  const identify = remembering(identifier(neighbours, devices));
  return changedConnections(readConnections(), {
    before: ruleSource(before.config, before.lookups, identify),
    after: ruleSource(config, lookups, identify),
    own: devices.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    markMask: config.mark_mask,
  });
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
): Connection[] {
  const isOwn = new Set(own.map(keyOf));
  const ends = (source: Uint8Array, destination: Uint8Array, mark: number): boolean => {
    const isRouter = isOwn.has(keyOf(source));
    const client = isRouter ? ANY_CLIENT : (after.identify(source)[0] ?? source);
    const [old, now] = [before, after].map((each) => decide(each, client, destination).cell);
    return isChanged(old, now, isRouter) && (isRouter || !isThere(mark, old, now, markMask));
  };
  const fates = new Map<string, boolean>();
  return connections.filter(({ source, destination, mark: whole }) => {
    const mark = (whole & markMask) >>> 0;
    const key = `${keyOf(source)}${keyOf(destination)}${mark}`;
    const fate = fates.get(key) ?? ends(source, destination, mark);
    fates.set(key, fate);
    return fate;
  });
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
  // a rule that only announces has no mark at all
  const ours = (cell: Cell): boolean =>
    cell === undefined || cell.mask === markMask || cell.mask === 0;
  return ours(old) && ours(now) && mark === (now?.mark ?? 0);
}

function keyOf(address: Uint8Array): string {
  return Buffer.from(address).toString('latin1');
}
