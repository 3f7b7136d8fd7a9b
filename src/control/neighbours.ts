/** Who is who in the LAN: MAC addresses, addresses and devices, from the neighbour table. */
import { parseAddress } from '../model/address.ts';
import { clientOfInterface, clientOfMac, parseMac } from '../model/client.ts';
import { runCommand, type Runner } from '../route/command.ts';
import type { Device } from '../route/index.ts';

export interface Neighbour {
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** 6 bytes. */
  readonly mac: Uint8Array;
  readonly device: string;
}

/** `ip -json neighbour show`; entries without a MAC address are left out. */
export function parseNeighbours(text: string): Neighbour[] {
  if (text.trim() === '') return [];
  const entries = JSON.parse(text) as readonly { dst?: string; lladdr?: string; dev?: string }[];
  return entries.flatMap(({ dst = '', lladdr = '', dev = '' }) => {
    const address = parseAddress(dst);
    const mac = parseMac(lladdr);
    return address === undefined || mac === undefined ? [] : [{ address, mac, device: dev }];
  });
}

/** None where the table cannot be read: a client is then known by what it was asked for. */
export async function readNeighbours(run: Runner = runCommand): Promise<Neighbour[]> {
  const { status, stdout } = await run(['ip', '-json', 'neighbour', 'show']);
  return status === 0 ? parseNeighbours(stdout) : [];
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Is the address in a prefix of the device? */
function isBehind(device: Device, address: Uint8Array): boolean {
  return device.addresses.some(({ address: own, length }) => {
    for (let bit = 0; bit < length; bit++) {
      const mask = 0x80 >> (bit & 7);
      if (((own[bit >> 3] ?? 0) & mask) !== ((address[bit >> 3] ?? 0) & mask)) return false;
    }
    return length > 0;
  });
}

/**
 * All that a client is known by, 16 bytes each: first what its facts are under, which is its MAC address where it
 * has one, then its addresses, then the interfaces it is behind.
 */
export function identifier(
  neighbours: readonly Neighbour[],
  devices: readonly Device[],
): (client: Uint8Array) => readonly Uint8Array[] {
  return (client) => {
    const [direct] = neighbours.filter(({ address }) => same(address, client));
    const key = direct === undefined ? client : clientOfMac(direct.mac);
    const known = neighbours.filter(({ mac }) => same(clientOfMac(mac), key));
    const names = new Set(known.map(({ device }) => device));
    const behind = devices.filter((device) => names.has(device.name) || isBehind(device, client));
    return [
      key,
      ...known.map(({ address }) => address),
      ...(direct === undefined ? [] : [client]),
      ...behind.map(({ ifindex }) => clientOfInterface(ifindex)),
    ];
  };
}
