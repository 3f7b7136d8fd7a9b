/**
 * What the machine's network looks like now: devices with their addresses, gateways, resolvers. Read from
 * iproute2's JSON, which is right in any network namespace; /sys/class/net is that of whoever mounted it.
 */
import { readFileSync } from 'node:fs';
import { parseAddress } from '../model/address.ts';
import { commandError, runCommand } from '../route/command.ts';

export interface DeviceAddress {
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** Of the connected prefix, as a length of the 16 bytes: 0 to 128. */
  readonly length: number;
  /** The other end of a point-to-point link. */
  readonly peer: Uint8Array | undefined;
}

export interface Device {
  readonly name: string;
  readonly ifindex: number;
  /** Do its packets begin with an Ethernet header? Not those of ppp, tun, wg. */
  readonly ethernet: boolean;
  readonly addresses: readonly DeviceAddress[];
}

export interface Host {
  readonly devices: readonly Device[];
  readonly gateways: readonly Uint8Array[];
  /** Upstream resolvers. */
  readonly resolvers: readonly Uint8Array[];
}

type Json = Readonly<Record<string, unknown>>;

/** The objects of a JSON array. */
function objects(value: unknown): Json[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Json => typeof item === 'object' && item !== null);
}

async function ip(...args: readonly string[]): Promise<Json[]> {
  const argv = ['ip', '-json', ...args];
  const result = await runCommand(argv);
  // a kernel without IPv6 has no routes of it
  if (result.status !== 0 && /not supported/i.test(result.stderr)) return [];
  if (result.status !== 0) throw commandError('read the network devices', argv, result);
  return result.stdout.trim() === '' ? [] : objects(JSON.parse(result.stdout));
}

/** ARPHRD_ETHER and ARPHRD_LOOPBACK, as iproute2 names them. */
const WITH_ETHERNET_HEADER = new Set(['ether', 'loopback']);

function addressOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? parseAddress(value) : undefined;
}

function readDeviceAddress(info: Json): DeviceAddress[] {
  const address = addressOf(info['local']);
  const bits = info['prefixlen'];
  if (address === undefined || typeof bits !== 'number') return [];
  const length = info['family'] === 'inet' ? 96 + bits : bits;
  return [{ address, length, peer: addressOf(info['address']) }];
}

/** The devices of this network namespace. */
export async function readDevices(): Promise<Device[]> {
  const devices = await ip('addr', 'show');
  return devices.flatMap((device) => {
    const { ifname, ifindex, link_type: type, addr_info: info } = device;
    if (typeof ifname !== 'string' || typeof ifindex !== 'number') return [];
    const ethernet = WITH_ETHERNET_HEADER.has(String(type));
    return [
      { name: ifname, ifindex, ethernet, addresses: objects(info).flatMap(readDeviceAddress) },
    ];
  });
}

/** Every gateway of every table; iproute2 has three ways to say it. */
async function readGateways(): Promise<Uint8Array[]> {
  const routes = await Promise.all(
    ['-4', '-6'].map((family) => ip(family, 'route', 'show', 'table', 'all')),
  );
  const hops = routes.flat().flatMap((route) => [route, ...objects(route['nexthops'])]);
  return hops.flatMap(({ gateway, via }) => {
    const host = typeof via === 'object' && via !== null && 'host' in via ? via.host : gateway;
    const address = addressOf(host);
    return address === undefined ? [] : [address];
  });
}

/** Where the system's and netifd's resolvers stand. */
const RESOLV_CONF = [
  '/etc/resolv.conf',
  '/tmp/resolv.conf.d/resolv.conf.auto',
  '/tmp/resolv.conf.auto',
];

/** The `nameserver` lines of resolv.conf(5). */
export function parseResolvers(text: string): Uint8Array[] {
  return text.split('\n').flatMap((line) => {
    const [keyword, value = ''] = line.trim().split(/\s+/);
    const address = keyword === 'nameserver' ? parseAddress(value.replace(/%.*$/, '')) : undefined;
    return address === undefined ? [] : [address];
  });
}

function readResolvers(): Uint8Array[] {
  return RESOLV_CONF.flatMap((path) => {
    try {
      return parseResolvers(readFileSync(path, 'utf8'));
    } catch {
      return []; // not there, as usual for two of the three
    }
  });
}

/** Throws DomainrouteError 'platform' where `ip` cannot be run. */
export async function readHost(): Promise<Host> {
  const [devices, gateways] = await Promise.all([readDevices(), readGateways()]);
  return { devices, gateways, resolvers: readResolvers() };
}
