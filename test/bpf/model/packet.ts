/** bpf/README.md "Packet": from a frame to an IP packet and its transport. */
import { binary, mapped, type Address } from './layout.ts';
import { EXTENSIONS_MAX, MESSAGE_MAX } from './limits.ts';
import { REASON } from './reasons.ts';

export interface Packet {
  /** Sender on the link; undefined without an Ethernet header. */
  readonly mac: Uint8Array | undefined;
  readonly source: Address;
  readonly destination: Address;
  /** Of the IP packet with its headers, without padding. */
  readonly length: number;
  readonly fragment: 'whole' | 'first' | 'later';
  /** Protocol number; -1: none could be found. */
  readonly protocol: number;
  /** The transport header and what follows it in the IP packet. */
  readonly transport: Uint8Array;
}

const NOTHING = new Uint8Array(0);

function be16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** The packet in a frame, or a reason. */
export function readPacket(frame: Uint8Array, layer3: boolean): Packet | number {
  if (layer3) {
    const version = (frame[0] ?? 0) >> 4;
    if (version === 4) return readIpv4(frame, undefined);
    return version === 6 ? readIpv6(frame, undefined) : REASON.NOT_IP;
  }
  let offset = 12;
  for (let tags = 0; tags < 2; tags++) {
    const type = be16(frame, offset);
    if (type !== 0x8100 && type !== 0x88a8) break;
    offset += 4;
  }
  if (offset + 2 > frame.length) return REASON.SHORT_PACKET;
  const type = be16(frame, offset);
  const mac = frame.subarray(6, 12);
  const behind = frame.subarray(offset + 2);
  if (type === 0x0800) return readIpv4(behind, mac);
  return type === 0x86dd ? readIpv6(behind, mac) : REASON.NOT_IP;
}

function readIpv4(bytes: Uint8Array, mac: Uint8Array | undefined): Packet | number {
  if (bytes.length < 20) return REASON.SHORT_PACKET;
  const first = bytes[0] ?? 0;
  const header = (first & 15) * 4;
  const total = be16(bytes, 2);
  if (first >> 4 !== 4 || header < 20 || header > total || total > bytes.length) {
    return REASON.SHORT_PACKET;
  }
  const fragmentation = be16(bytes, 6);
  return {
    mac,
    source: mapped(bytes.subarray(12, 16)),
    destination: mapped(bytes.subarray(16, 20)),
    length: total,
    fragment:
      (fragmentation & 0x1fff) !== 0 ? 'later' : (fragmentation & 0x2000) !== 0 ? 'first' : 'whole',
    protocol: bytes[9] ?? 0,
    transport: bytes.subarray(header, total),
  };
}

const FRAGMENT_HEADER = 44;
const WALKED = [0, 43, FRAGMENT_HEADER, 60];

/** ::ffff:0:0/96 */
export function isMapped(address: Uint8Array): boolean {
  return address.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
}

function reserved(source: Uint8Array, destination: Uint8Array, layer3: boolean): boolean {
  if (isMapped(source) || isMapped(destination)) return true;
  if (!layer3) return false;
  const hex = Buffer.from(source).toString('hex');
  return /^(0{32}|010000000000000[01])/.test(hex);
}

function readIpv6(bytes: Uint8Array, mac: Uint8Array | undefined): Packet | number {
  if (bytes.length < 40) return REASON.SHORT_PACKET;
  const length = 40 + be16(bytes, 4);
  if ((bytes[0] ?? 0) >> 4 !== 6 || length > bytes.length) return REASON.SHORT_PACKET;
  if (reserved(bytes.subarray(8, 24), bytes.subarray(24, 40), mac === undefined)) {
    return REASON.RESERVED_ADDRESS;
  }
  let rest = bytes.subarray(40, length);
  let protocol = bytes[6] ?? 0;
  let fragment: Packet['fragment'] = 'whole';
  for (let walked = 0; WALKED.includes(protocol) && fragment !== 'later'; walked++) {
    const isFragment = protocol === FRAGMENT_HEADER;
    const size = isFragment ? 8 : ((rest[1] ?? 0) + 1) * 8;
    if (walked === EXTENSIONS_MAX || size > rest.length) {
      protocol = -1;
      break;
    }
    if (isFragment) fragment = be16(rest, 2) >> 3 === 0 ? 'first' : 'later';
    protocol = rest[0] ?? 0;
    rest = rest.subarray(size);
  }
  return {
    mac,
    source: binary(bytes.subarray(8, 24)),
    destination: binary(bytes.subarray(24, 40)),
    length,
    fragment,
    protocol,
    transport: protocol === -1 ? NOTHING : rest,
  };
}

/** A DNS message in a packet. */
export interface Carried {
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** At least 12 and at most 4,096 bytes. */
  readonly message: Uint8Array;
}

/** The message of a packet to (`query`) or from port 53; a reason; or undefined where nothing is looked at. */
export function readCarried(
  packet: Packet,
  direction: 'query' | 'answer',
): Carried | number | undefined {
  const { protocol, transport } = packet;
  const header = protocol === 17 ? 8 : 20;
  if (
    (protocol !== 17 && protocol !== 6) ||
    packet.fragment === 'later' ||
    transport.length < header
  ) {
    return undefined;
  }
  const sourcePort = be16(transport, 0);
  const destinationPort = be16(transport, 2);
  if ((direction === 'query' ? destinationPort : sourcePort) !== 53) return undefined;
  if (packet.fragment === 'first') return REASON.FRAGMENT;
  const payload = protocol === 17 ? udpPayload(transport) : tcpMessage(transport);
  if (typeof payload === 'number' || payload === undefined) return payload;
  if (payload.length < 12) return REASON.SHORT_MESSAGE;
  return { protocol, sourcePort, destinationPort, message: payload.subarray(0, MESSAGE_MAX) };
}

function udpPayload(transport: Uint8Array): Uint8Array | number {
  if (be16(transport, 4) !== transport.length) return REASON.LENGTH;
  return transport.subarray(8);
}

function tcpMessage(transport: Uint8Array): Uint8Array | number | undefined {
  const header = ((transport[12] ?? 0) >> 4) * 4;
  if (header < 20 || header > transport.length) return REASON.LENGTH;
  const payload = transport.subarray(header);
  if (payload.length === 0) return undefined;
  if (payload.length < 2 || be16(payload, 0) > payload.length - 2) return REASON.SEGMENTED;
  return payload.subarray(2, 2 + be16(payload, 0));
}
