/** What the machine's network looks like now: the kernel's part, netifd's, and the resolvers. */
import { readFileSync } from 'node:fs';
import type { OwnAddresses } from '../datapath/index.ts';
import { parseAddress } from '../model/address.ts';
import { prefixOf } from '../model/prefix.ts';
import { readRouting, runCommand, type Device, type KernelRouting } from '../route/index.ts';
import type { NetifdInterface } from './netifd.ts';

export interface Host {
  readonly routing: KernelRouting;
  readonly devices: readonly Device[];
  /** Undefined: there is no netifd. */
  readonly netifd: readonly NetifdInterface[] | undefined;
  /** Of the files that say so; 16 bytes each. */
  readonly resolvers: readonly Uint8Array[];
}

/** How netifd is asked. */
export type ReadNetifd = () => Promise<readonly NetifdInterface[] | undefined>;

/** Throws DomainrouteError 'platform' where `ip` cannot be run. */
export async function readHost(readNetifd: ReadNetifd): Promise<Host> {
  const [routing, netifd] = await Promise.all([readRouting(runCommand), readNetifd()]);
  return { routing, devices: [...routing.devices.values()], netifd, resolvers: readResolvers() };
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

/** The addresses of the machine's own network (Z2), as the kernel and netifd have them. */
export function ownAddresses({ devices, routing, netifd = [], resolvers }: Host): OwnAddresses {
  const own = devices.flatMap(({ addresses }) => addresses);
  const families = [routing.inet, ...(routing.inet6 === undefined ? [] : [routing.inet6])];
  const gateways = netifd
    .flatMap(({ routes }) => routes)
    .flatMap(({ gateway }) => parseAddress(gateway ?? '') ?? []);
  return {
    // one entry a prefix, however many addresses the machine has in it
    connected: own.map(({ address, length }) => prefixOf(address, length)),
    addresses: [
      ...own.flatMap(({ address, peer }) => (peer === undefined ? [address] : [address, peer])),
      ...families.flatMap((family) => [...family.gateways, ...family.endpoints]),
      ...netifd.flatMap(({ addresses, dnsServers, endpoints }) => [
        ...addresses,
        ...dnsServers,
        ...endpoints,
      ]),
      ...gateways,
      ...resolvers,
    ],
  };
}
