/** netifd's interfaces, as its ubus object `network.interface` tells them (netifd: ubus.c, netifd_dump_status). */
import { UbusClient, UbusError } from '#ubus-ts';
import { DomainrouteError } from '../base/errors.ts';
import { formatAddress, isMapped, parseAddress } from '../model/address.ts';
import { formatPrefix, parsePrefix } from '../model/prefix.ts';
import type { Settings } from './settings.ts';

/** A default route of an interface, whether netifd has put it into a table or not. */
export interface NetifdRoute {
  readonly family: 'inet' | 'inet6';
  /** As formatAddress writes it; undefined: the device alone says where. */
  readonly gateway: string | undefined;
  /** IPv4: the preferred source address. IPv6: the source prefix that the route is for. */
  readonly source: string | undefined;
  readonly metric: number;
}

export interface NetifdInterface {
  readonly name: string;
  readonly up: boolean;
  /** Its layer 3 device while it is up; else the device it is made of, which may be another one (PPPoE). */
  readonly device: string | undefined;
  /** The default routes to go by: of each family those in force, else those that `option defaultroute '0'` holds back. */
  readonly routes: readonly NetifdRoute[];
  /** 16 bytes each: own addresses, and the other ends of point-to-point links. */
  readonly addresses: readonly Uint8Array[];
  readonly dnsServers: readonly Uint8Array[];
  /** Single hosts that are reached by a gateway, as the far ends of tunnels are. */
  readonly endpoints: readonly Uint8Array[];
}

type Table = Readonly<Record<string, unknown>>;

/** Interfaces of a dump that are taken; a router has a dozen. */
const INTERFACES_MAX = 1024;

/** netifd answers at once, or it is busy with something that a reload need not wait for. */
const TIMEOUT_MS = 2_000;

/**
 * Reads all interfaces now, over a connection of its own. Undefined: there is no ubusd, or no netifd at it. Throws
 * DomainrouteError 'platform' where netifd is there and does not answer: then nobody knows what it would say.
 */
export async function readNetifd({
  ubus,
}: Pick<Settings, 'ubus'>): Promise<readonly NetifdInterface[] | undefined> {
  let client: UbusClient;
  try {
    client = await UbusClient.connect({ path: ubus, timeout: TIMEOUT_MS });
  } catch (error) {
    throwUnlessAbsent(error);
    return undefined;
  }
  try {
    return await dumpNetifd(client);
  } finally {
    client.close();
  }
}

/** The same over a connection that is there, or is not at the moment. */
export async function dumpNetifd(
  client: Pick<UbusClient, 'invoke'>,
): Promise<readonly NetifdInterface[] | undefined> {
  try {
    const timeout = TIMEOUT_MS;
    return parseDump(await client.invoke('network.interface', 'dump', {}, { timeout }));
  } catch (error) {
    throwUnlessAbsent(error);
    return undefined;
  }
}

/** No error is that ubusd or netifd is not there. */
function throwUnlessAbsent(error: unknown): void {
  if (!(error instanceof UbusError)) throw error;
  if (error.code === 'CONNECTION_FAILED' || error.code === 'NOT_FOUND') return;
  const state = error.code.toLowerCase().replaceAll('_', ' ');
  throw new DomainrouteError(
    'platform',
    `Cannot read the interfaces of netifd: ${state} (see ubus call network.interface dump)`,
    { cause: error },
  );
}

/** The reply to `dump`. What is not as netifd writes it is left out, down to single routes and addresses. */
export function parseDump(value: unknown): readonly NetifdInterface[] {
  const found = new Map<string, NetifdInterface>();
  for (const item of tables(table(value)['interface']).slice(0, INTERFACES_MAX)) {
    const parsed = parseInterface(item);
    if (parsed !== undefined && !found.has(parsed.name)) found.set(parsed.name, parsed);
  }
  return [...found.values()];
}

function parseInterface(item: Table): NetifdInterface | undefined {
  const name = text(item['interface']);
  if (name === undefined || name === '') return undefined;
  const up = item['up'] === true;
  const device = text(up ? (item['l3_device'] ?? item['device']) : item['device']);
  const routes = tables(item['route']);
  const addresses = [...tables(item['ipv4-address']), ...tables(item['ipv6-address'])];
  const assignments = tables(item['ipv6-prefix-assignment']).map((prefix) =>
    table(prefix['local-address']),
  );
  return {
    name,
    up,
    device: device !== undefined && isDevice(device) ? device : undefined,
    routes: up ? defaultRoutes(item, routes) : [],
    addresses: [...addresses, ...assignments].flatMap(({ address, ptpaddress }) => [
      ...addressOf(address),
      ...addressOf(ptpaddress),
    ]),
    dnsServers: array(item['dns-server']).flatMap(addressOf),
    endpoints: routes.flatMap(({ target, mask, nexthop }) => {
      const [address] = addressOf(target);
      const [gateway] = addressOf(nexthop);
      if (address === undefined || gateway === undefined || isUnspecified(gateway)) return [];
      return mask === (isMapped(address) ? 32 : 128) ? [address] : [];
    }),
  };
}

function defaultRoutes(item: Table, routes: readonly Table[]): NetifdRoute[] {
  const metric = count(item['metric']) ?? 0;
  const parse = (list: readonly Table[]): NetifdRoute[] =>
    // those of the main table, or of the interface's own, go before what is in some other
    [...list.filter((route) => !('table' in route)), ...list.filter((route) => 'table' in route)]
      .flatMap((route) => parseDefault(route, metric))
      .slice(0, ROUTES_MAX);
  const active = parse(routes);
  const held = parse(tables(table(item['inactive'])['route']));
  return (['inet', 'inet6'] as const).flatMap((family) => {
    const own = active.filter((route) => route.family === family);
    return own.length > 0 ? own : held.filter((route) => route.family === family);
  });
}

/** Default routes of an interface; with source prefixes there is one for each that was delegated. */
const ROUTES_MAX = 32;

/** RTN_UNICAST, linux/rtnetlink.h. */
const UNICAST = 1;

function parseDefault(route: Table, inherited: number): NetifdRoute[] {
  const { target, mask, nexthop, type = UNICAST, source } = route;
  const [address] = addressOf(target);
  const [gateway] = addressOf(nexthop);
  if (address === undefined || !isUnspecified(address) || mask !== 0 || type !== UNICAST) return [];
  const family = isMapped(address) ? 'inet' : 'inet6';
  const same = gateway === undefined || isMapped(gateway) === (family === 'inet');
  return [
    {
      family,
      gateway:
        gateway === undefined || isUnspecified(gateway) || !same
          ? undefined
          : formatAddress(gateway),
      source: sourceOf(text(source), family),
      metric: count(route['metric']) ?? inherited,
    },
  ];
}

/** `0.0.0.0/0` and `::/0` say nothing. */
function sourceOf(source: string | undefined, family: 'inet' | 'inet6'): string | undefined {
  const prefix = source === undefined ? undefined : parsePrefix(source);
  if (prefix === undefined || isMapped(prefix.address) !== (family === 'inet')) return undefined;
  // IPv4 has a preferred source address, which only a whole one can be
  if (family === 'inet') return prefix.length === 128 ? formatPrefix(prefix) : undefined;
  return prefix.length === 0 ? undefined : formatPrefix(prefix);
}

function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Table)
    : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function tables(value: unknown): readonly Table[] {
  return array(value).map(table);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A `u32`, which ubus hands over signed. */
function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value >>> 0 : undefined;
}

function addressOf(value: unknown): Uint8Array[] {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  return address === undefined ? [] : [address];
}

function isUnspecified(address: Uint8Array): boolean {
  return address.subarray(isMapped(address) ? 12 : 0).every((byte) => byte === 0);
}

/** IFNAMSIZ with its NUL is 16. */
function isDevice(name: string): boolean {
  return /^[A-Za-z0-9_.@+-]{1,15}$/.test(name);
}
