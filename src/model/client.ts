/**
 * Who asks: a MAC address where there is one, else an address, or anyone. In the maps a client is 16 bytes
 * (`struct address` of bpf/domainroute.h): an address, `100::MAC`, `100:0:0:1::IFINDEX` or `::`.
 */
import { formatAddress, parseAddress } from './address.ts';
import { parsePrefix, type Prefix } from './prefix.ts';

/** `option client` of a rule. */
export type ClientMatch =
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'mac'; readonly mac: Uint8Array }
  | { readonly kind: 'interface'; readonly name: string };

const MAC = /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i;

/** Six bytes of `aa:bb:cc:dd:ee:ff` (or with `-`), or undefined. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!MAC.test(text)) return undefined;
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

/** `192.168.3.0/24`, a MAC address, or `@guest`; undefined if it is none of them. */
export function parseClientMatch(text: string): ClientMatch | undefined {
  if (text.startsWith('@')) {
    return /^@(?!\.{1,2}$)[A-Za-z0-9_.-]{1,31}$/.test(text)
      ? { kind: 'interface', name: text.slice(1) }
      : undefined;
  }
  const mac = parseMac(text);
  if (mac !== undefined) return { kind: 'mac', mac };
  const prefix = parsePrefix(text);
  return prefix === undefined ? undefined : { kind: 'prefix', prefix };
}

/** The 16 bytes of a device with this MAC address. */
export function clientOfMac(mac: Uint8Array): Uint8Array {
  const client = new Uint8Array(16);
  client[0] = 0x01;
  client.set(mac, 10);
  return client;
}

/** The 16 bytes of whoever is behind this interface. */
export function clientOfInterface(ifindex: number): Uint8Array {
  const client = new Uint8Array(16);
  client[0] = 0x01;
  client[7] = 0x01;
  new DataView(client.buffer).setUint32(12, ifindex);
  return client;
}

/** The ifindex of what {@link clientOfInterface} makes; undefined: it is another client. */
export function clientInterface(client: Uint8Array): number | undefined {
  const { buffer, byteOffset } = client;
  const ifindex = new DataView(buffer, byteOffset).getUint32(12);
  return Buffer.compare(client, clientOfInterface(ifindex)) === 0 ? ifindex : undefined;
}

/** No address of a client, since it means something else in the maps: `::`, or of 100::/63 (`is_reserved` of bpf/packet.h). */
export function isReserved(address: Uint8Array): boolean {
  const words = new DataView(address.buffer, address.byteOffset, 16);
  if (words.getUint32(0) === 0x01000000) return words.getUint32(4) <= 1;
  return address.every((byte) => byte === 0);
}

/** A MAC address, an address, or null for any client. */
export function formatClient(client: Uint8Array): string | null {
  if (client.every((byte) => byte === 0)) return null;
  if (client[0] === 0x01 && client.subarray(1, 10).every((byte) => byte === 0)) {
    return Array.from(client.subarray(10), (byte) => byte.toString(16).padStart(2, '0')).join(':');
  }
  return formatAddress(client);
}

/** The 16 bytes of what {@link formatClient} writes; undefined if it is neither a MAC nor an address. */
export function parseClient(text: string): Uint8Array | undefined {
  const mac = parseMac(text);
  return mac === undefined ? parseAddress(text) : clientOfMac(mac);
}
