/** What the kernel has now: our ip rules and routes, and what the main table says of each device. */
import { DomainrouteError } from '../base/errors.ts';
import { commandError, ProgramMissingError, type Runner } from './command.ts';

/**
 * The routing protocol number (rtnetlink(7), `rtm_protocol`) of every rule and route of ours: what carries
 * it is ours, whatever its table, and nothing else is. None of iproute2, BIRD, FRR or netifd uses it.
 */
export const PROTOCOL = 212;

export interface KernelRouting {
  readonly inet: FamilyRouting;
  /** Undefined: a kernel without IPv6. */
  readonly inet6: FamilyRouting | undefined;
  readonly devices: ReadonlyMap<string, Device>;
}

export interface FamilyRouting {
  /** Ours. */
  readonly rules: readonly IpRule[];
  /** Ours, of every table. */
  readonly routes: readonly DefaultRoute[];
  /** The default routes of the main table. */
  readonly main: readonly DefaultRoute[];
}

export interface IpRule {
  readonly priority: number;
  readonly mark: number;
  readonly mask: number;
  readonly table: number;
}

/** A route to everywhere; unique by table, metric and `from`. */
export interface DefaultRoute {
  readonly type: 'unicast' | 'unreachable' | 'prohibit';
  readonly table: number;
  readonly metric: number;
  /** Source prefix (IPv6 only: netifd's `sourcefilter`). */
  readonly from?: string;
  /** Only unicast routes have these three. */
  readonly device?: string;
  readonly gateway?: string;
  /** Preferred source address. */
  readonly source?: string;
}

export interface Device {
  readonly up: boolean;
  /** No neighbours to resolve: ppp, tun, WireGuard. */
  readonly pointToPoint: boolean;
  /** Has an address of global scope. */
  readonly inet: boolean;
  readonly inet6: boolean;
}

/** Reads all of it. Throws DomainrouteError: no ip, one without -json, no rights. */
export async function readRouting(run: Runner): Promise<KernelRouting> {
  const [inet, inet6, addresses] = await Promise.all([
    readFamily(run, '-4'),
    readFamily(run, '-6'),
    ipJson(run, ['ip', '-N', '-json', 'address', 'show']),
  ]);
  if (inet === undefined) throw new DomainrouteError('platform', `Cannot read ip rules: no IPv4`);
  return { inet, inet6, devices: parseDevices(addresses ?? []) };
}

async function readFamily(run: Runner, family: '-4' | '-6'): Promise<FamilyRouting | undefined> {
  const ip = ['ip', family, '-N', '-json'];
  const rules = await ipJson(run, [...ip, 'rule', 'show']);
  if (rules === undefined) return undefined;
  const [routes, main] = await Promise.all([
    ipJson(run, [...ip, 'route', 'show', 'table', 'all', 'proto', String(PROTOCOL)]),
    ipJson(run, [...ip, 'route', 'show', 'default', 'table', 'main']),
  ]);
  return {
    rules: parseRules(rules),
    routes: parseRoutes(routes ?? []),
    main: parseRoutes(main ?? []),
  };
}

/** The array that ip prints; undefined if the kernel lacks the address family. */
async function ipJson(
  run: Runner,
  argv: readonly string[],
): Promise<readonly unknown[] | undefined> {
  const result = await run(argv);
  if (result.status !== 0) {
    if (/not supported/i.test(result.stderr)) return undefined;
    throw commandError('read the routing tables', argv, result);
  }
  if (result.stdout.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(result.stdout);
    if (Array.isArray(value)) return value as readonly unknown[];
  } catch {
    // said below
  }
  throw new ProgramMissingError('ip', 'it writes no JSON');
}

/** `ip -N -json rule show`; what is not ours is left out. */
export function parseRules(values: readonly unknown[]): readonly IpRule[] {
  return values.flatMap((value) => {
    const rule = fields(value);
    if (number(rule['protocol']) !== PROTOCOL) return [];
    return {
      priority: number(rule['priority']) ?? 0,
      mark: number(rule['fwmark']) ?? 0,
      // ip leaves a mask of all bits out
      mask: number(rule['fwmask']) ?? 0xffffffff,
      table: number(rule['table']) ?? 0,
    };
  });
}

/** `ip -N -json route show …`; routes to anywhere but the default are left out. */
export function parseRoutes(values: readonly unknown[]): readonly DefaultRoute[] {
  return values.flatMap((value) => {
    const route = fields(value);
    const type = ROUTE_TYPES.get(text(route['type']) ?? 'unicast');
    if (route['dst'] !== 'default' || type === undefined) return [];
    const from = text(route['from']);
    const common = {
      type,
      table: number(route['table']) ?? MAIN_TABLE,
      metric: number(route['metric']) ?? 0,
      ...(from !== undefined && { from }),
    };
    // ip names lo for unreachable routes of IPv6
    if (type !== 'unicast') return common;
    const source = text(route['prefsrc']);
    const hops = Array.isArray(route['nexthops']) ? route['nexthops'].map(fields) : [route];
    return hops.map((hop) => {
      const device = text(hop['dev']);
      const gateway = gatewayOf(hop);
      return {
        ...common,
        ...(device !== undefined && { device }),
        ...(gateway !== undefined && { gateway }),
        ...(source !== undefined && { source }),
      };
    });
  });
}

const MAIN_TABLE = 254;

/** With -N ip writes numbers (RTN_*, linux/rtnetlink.h), without it names. */
const ROUTE_TYPES: ReadonlyMap<string, DefaultRoute['type']> = new Map([
  ['unicast', 'unicast'],
  ['1', 'unicast'],
  ['unreachable', 'unreachable'],
  ['7', 'unreachable'],
  ['prohibit', 'prohibit'],
  ['8', 'prohibit'],
]);

/** As `ip route add … via` takes it: an IPv4 route can have an IPv6 gateway (RFC 5549). */
function gatewayOf(hop: Fields): string | undefined {
  const via = fields(hop['via']);
  const host = text(via['host']);
  if (host === undefined) return text(hop['gateway']);
  return `${text(via['family']) ?? 'inet6'} ${host}`;
}

/** `ip -N -json address show`. */
export function parseDevices(values: readonly unknown[]): ReadonlyMap<string, Device> {
  const devices = new Map<string, Device>();
  for (const value of values) {
    const link = fields(value);
    const name = text(link['ifname']);
    if (name === undefined) continue;
    const flags = Array.isArray(link['flags']) ? link['flags'] : [];
    const addresses = Array.isArray(link['addr_info']) ? link['addr_info'].map(fields) : [];
    const has = (family: string): boolean =>
      addresses.some((address) => address['family'] === family && isGlobal(address['scope']));
    devices.set(name, {
      up: flags.includes('UP'),
      pointToPoint: flags.includes('POINTOPOINT') || flags.includes('NOARP'),
      inet: has('inet'),
      inet6: has('inet6'),
    });
  }
  return devices;
}

function isGlobal(scope: unknown): boolean {
  return scope === '0' || scope === 'global';
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Numbers, and what ip puts in quotes: "0x1000000", "24001". */
function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '' || Number.isNaN(Number(value))) return undefined;
  return Number(value);
}
