/** The network devices, from iproute2's JSON, which is right in any network namespace. */
import { parseAddress } from '../model/address.ts';
import { fields, number, objects, text, type Fields } from './json.ts';

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
  readonly up: boolean;
  /** Do its packets begin with an Ethernet header? Not those of ppp, tun, wg. */
  readonly ethernet: boolean;
  /** No neighbours to resolve: ppp, tun, WireGuard. */
  readonly pointToPoint: boolean;
  /** Has an address of global scope. */
  readonly inet: boolean;
  readonly inet6: boolean;
  readonly addresses: readonly DeviceAddress[];
}

/** ARPHRD_ETHER and ARPHRD_LOOPBACK, as iproute2 writes them with and without -N. */
const WITH_ETHERNET_HEADER = new Set(['ether', '[1]', 'loopback', '[772]']);

/** What `ip link show` and `ip address show` print, of any families; entries of one device are put together. */
export function parseDevices(values: readonly unknown[]): Device[] {
  const entries = new Map<string, Fields[]>();
  for (const entry of objects(values)) {
    const name = text(entry['ifname']);
    if (name === undefined) continue;
    const others = entries.get(name);
    if (others === undefined) entries.set(name, [entry]);
    else others.push(entry);
  }
  return [...entries].flatMap(([name, parts]) => parseDevice(name, parts));
}

function parseDevice(name: string, parts: readonly Fields[]): Device[] {
  const link: Fields = Object.assign({}, ...parts) as Fields;
  const ifindex = number(link['ifindex']);
  if (ifindex === undefined) return [];
  const flags = new Set(Array.isArray(link['flags']) ? link['flags'] : []);
  const infos = parts.flatMap((part) => objects(part['addr_info']));
  const hasGlobal = (family: string): boolean =>
    infos.some((info) => info['family'] === family && isGlobal(info['scope']));
  return [
    {
      name,
      ifindex,
      up: flags.has('UP'),
      ethernet: WITH_ETHERNET_HEADER.has(text(link['link_type']) ?? ''),
      pointToPoint: flags.has('POINTOPOINT') || flags.has('NOARP'),
      inet: hasGlobal('inet'),
      inet6: hasGlobal('inet6'),
      addresses: infos.flatMap(parseDeviceAddress),
    },
  ];
}

function isGlobal(scope: unknown): boolean {
  return scope === '0' || scope === 'global';
}

function parseDeviceAddress(value: Fields): DeviceAddress[] {
  const info = fields(value);
  const address = addressOf(info['local']);
  const bits = number(info['prefixlen']);
  if (address === undefined || bits === undefined) return [];
  const length = info['family'] === 'inet' ? 96 + bits : bits;
  return [{ address, length, peer: addressOf(info['address']) }];
}

function addressOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? parseAddress(value) : undefined;
}
