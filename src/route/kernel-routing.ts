/** What the kernel has now: our ip rules and routes, the devices, and what the tables of others say. */
import { DomainrouteError } from '../base/errors.ts';
import { parseAddress } from '../model/address.ts';
import { commandError, ProgramMissingError, runCommand, type Runner } from './command.ts';
import { parseDevices, type Device } from './device.ts';
import { fields, number, objects, text, type Fields } from './json.ts';

/**
 * The routing protocol number (rtnetlink(7), `rtm_protocol`) of every rule and route of ours: what carries
 * it is ours, whatever its table, and nothing else is. None of iproute2, BIRD, FRR or netifd uses it.
 */
export const PROTOCOL = 212;

export interface KernelRouting {
  readonly inet: FamilyRouting;
  /** Undefined: a kernel without IPv6. */
  readonly inet6: FamilyRouting | undefined;
  /** By name. */
  readonly devices: ReadonlyMap<string, Device>;
}

export interface FamilyRouting {
  /** Ours. */
  readonly rules: readonly IpRule[];
  /** Ours, of every table. */
  readonly routes: readonly DefaultRoute[];
  /** The default routes of the main table. */
  readonly main: readonly DefaultRoute[];
  /** Of default routes and of those of administrators, none of them ours; 16 bytes each. Others are connected addresses. */
  readonly gateways: readonly Uint8Array[];
  /** Hosts that the main table reaches by a gateway, such as the far ends of tunnels; 16 bytes each. */
  readonly endpoints: readonly Uint8Array[];
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

const ROUTES = 'route show table all';
/**
 * Each a line for `ip -batch`, which answers with an array a line. Rules first: what lacks IPv6 has none. Of routes those
 * that are of use, as routing daemons can have a million more.
 */
const COMMANDS = [
  'rule show',
  `${ROUTES} exact default`,
  // RTPROT_BOOT and RTPROT_STATIC: of administrators, netifd and VPN programs
  `${ROUTES} proto 3`,
  `${ROUTES} proto 4`,
  // RTPROT_RA and RTPROT_DHCP
  `${ROUTES} proto 9`,
  `${ROUTES} proto 16`,
  'address show',
] as const;

/** Reads all of it, by two processes. Throws DomainrouteError: no ip, one without -json, no rights. */
export async function readRouting(run: Runner): Promise<KernelRouting> {
  const [inet, inet6] = await Promise.all([
    readFamily(run, '-4', [...COMMANDS, 'link show']),
    readFamily(run, '-6', COMMANDS),
  ]);
  if (inet === undefined) throw new DomainrouteError('platform', `Cannot read ip rules: no IPv4`);
  const links = inet.at(-1) ?? [];
  const devices = parseDevices([...links, ...addressesOf(inet), ...addressesOf(inet6 ?? [])]);
  return {
    inet: parseFamily(inet),
    inet6: inet6 && parseFamily(inet6),
    devices: new Map(devices.map((device) => [device.name, device])),
  };
}

/** The devices alone. */
export async function readDevices(run: Runner = runCommand): Promise<Device[]> {
  const [links = []] = (await ipJson(run, ['ip', '-N', '-json', 'address', 'show'])) ?? [];
  return parseDevices(links);
}

function readFamily(
  run: Runner,
  family: '-4' | '-6',
  commands: readonly string[],
): Promise<readonly Values[] | undefined> {
  return ipJson(run, ['ip', family, '-N', '-json', '-batch', '-'], commands);
}

function addressesOf(answers: readonly Values[]): Values {
  return answers[COMMANDS.indexOf('address show')] ?? [];
}

function parseFamily(answers: readonly Values[]): FamilyRouting {
  const [rules = [], defaults = [], boot = [], fixed = [], ra = [], dhcp = []] = answers;
  const isOurs = (value: unknown): boolean => number(fields(value)['protocol']) === PROTOCOL;
  const others = defaults.filter((value) => !isOurs(value));
  return {
    rules: parseRules(rules),
    routes: parseRoutes(defaults.filter(isOurs)),
    main: parseRoutes(others).filter(({ table }) => table === MAIN_TABLE),
    gateways: unique([others, boot, fixed, ra, dhcp].flat().flatMap(gatewayAddresses)),
    endpoints: unique([boot, fixed].flat().flatMap(parseEndpoint)),
  };
}

type Values = readonly unknown[];

/** The arrays that ip prints, one a line; undefined if the kernel lacks the address family. */
async function ipJson(
  run: Runner,
  argv: readonly string[],
  commands: readonly string[] = [''],
): Promise<readonly Values[] | undefined> {
  const result = await run(argv, `${commands.join('\n')}\n`);
  if (result.status !== 0) {
    if (/not supported/i.test(result.stderr)) return undefined;
    throw commandError('read the routing tables', argv, result);
  }
  const lines = result.stdout.split('\n').filter((line) => line.trim() !== '');
  try {
    const values = lines.map((line) => JSON.parse(line) as unknown);
    if (values.length === commands.length && values.every(isArray)) return values;
  } catch {
    // said below
  }
  throw new ProgramMissingError('ip', 'it writes no JSON');
}

function isArray(value: unknown): value is Values {
  return Array.isArray(value);
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

/** The gateways of a route, or of its next hops; iproute2 has three ways to say it. */
function gatewayAddresses(value: unknown): string[] {
  const route = fields(value);
  return [route, ...objects(route['nexthops'])].flatMap((hop) => {
    return text(fields(hop['via'])['host']) ?? text(hop['gateway']) ?? [];
  });
}

/**
 * The destination of a main table's route to one host by a gateway: so the far end of a tunnel is kept out of it.
 * Routing daemons have such routes by the thousand for other reasons.
 */
function parseEndpoint(value: unknown): string[] {
  const route = fields(value);
  const destination = text(route['dst']) ?? '';
  const isMain = (number(route['table']) ?? MAIN_TABLE) === MAIN_TABLE;
  if (!isMain || destination === 'default' || destination.includes('/')) return [];
  return gatewayAddresses(value).length === 0 ? [] : [destination];
}

function unique(texts: readonly string[]): Uint8Array[] {
  return [...new Set(texts)].flatMap((text) => parseAddress(text) ?? []);
}
