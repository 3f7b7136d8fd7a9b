/** Frames from their parts: link layer, network layer with options or extension headers, UDP and TCP. */
import { address, checksum, concat, mac, u16, u32, u8, type Bytes } from './bytes.ts';

export interface Link {
  readonly source: string;
  readonly destination: string;
  /** From the outer to the inner: TPID and TCI. */
  readonly tags?: readonly { readonly tpid: number; readonly tci: number }[];
  /** Ethernet type behind the tags; by default that of the packet. */
  readonly type?: number;
}

export interface Extension {
  readonly type: number;
  /** Without next header and length; its size must be 6 more than a multiple of 8. */
  readonly body: Bytes;
}

export interface Network {
  readonly source: string;
  readonly destination: string;
  /** IPv4 options, a multiple of 4 bytes. */
  readonly options?: Bytes;
  /** IPv6 extension headers in order. */
  readonly extensions?: readonly Extension[];
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  /** What tot_len or payload_len says beyond the truth. */
  readonly lengthError?: number;
}

export interface Transport {
  readonly protocol: 'udp' | 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** What the UDP length says beyond the truth. */
  readonly lengthError?: number;
  /** TCP options, a multiple of 4 bytes. */
  readonly options?: Bytes;
}

/** A frame and where its layers begin. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** Of the IP header. */
  readonly network: number;
  /** Of the UDP or TCP header. */
  readonly transport: number;
  /** Of what the transport carries (for DNS over TCP: of the length prefix). */
  readonly payload: number;
}

/** `padding` zeros follow the packet. No link: the frame begins with the IP header. */
export function frame(
  link: Link | undefined,
  network: Network,
  transport: Transport,
  payload: Bytes,
  padding = 0,
): Frame {
  const source = address(network.source);
  const destination = address(network.destination);
  const protocol = transport.protocol === 'udp' ? 17 : 6;
  const body = (transport.protocol === 'udp' ? udp : tcp)(source, destination, transport, payload);
  const packet =
    source.length === 4 ? ipv4(network, protocol, body) : ipv6(network, protocol, body);
  const front = link === undefined ? u8() : ethernet(link, source.length === 4 ? 0x0800 : 0x86dd);
  return {
    bytes: concat(front, packet, new Uint8Array(padding)),
    network: front.length,
    transport: front.length + packet.length - body.length,
    payload: front.length + packet.length - payload.length,
  };
}

function ethernet(link: Link, type: number): Uint8Array {
  const tags = (link.tags ?? []).flatMap(({ tpid, tci }) => [tpid, tci]);
  return concat(mac(link.destination), mac(link.source), u16(...tags, link.type ?? type));
}

function ipv4(network: Network, protocol: number, body: Bytes): Uint8Array {
  const options = network.options ?? u8();
  const size = 20 + options.length;
  const { offset, more } = network.fragment ?? { offset: 0, more: false };
  const total = size + body.length + (network.lengthError ?? 0);
  const header = concat(
    u8(0x40 | (size / 4), 0),
    u16(total & 0xffff, 0x1234, (more ? 0x2000 : 0) | (offset >> 3)),
    u8(64, protocol, 0, 0),
    address(network.source),
    address(network.destination),
    options,
  );
  header.set(u16(checksum(header)), 10);
  return concat(header, body);
}

const FRAGMENT_HEADER = 44;

function ipv6(network: Network, protocol: number, body: Bytes): Uint8Array {
  const headers = (network.extensions ?? []).map(({ type, body: rest }) => ({
    type,
    bytes: concat(u8(0, (rest.length - 6) / 8), rest),
  }));
  if (network.fragment !== undefined) {
    const { offset, more } = network.fragment;
    const bytes = concat(u8(0, 0), u16(offset | (more ? 1 : 0)), u32(0x12345678));
    headers.push({ type: FRAGMENT_HEADER, bytes });
  }
  headers.forEach(({ bytes }, i) => (bytes[0] = headers[i + 1]?.type ?? protocol));
  const extensions = concat(...headers.map(({ bytes }) => bytes));
  const length = extensions.length + body.length + (network.lengthError ?? 0);
  return concat(
    u32(0x60000000),
    u16(length & 0xffff),
    u8(headers[0]?.type ?? protocol, 64),
    address(network.source),
    address(network.destination),
    extensions,
    body,
  );
}

/** RFC 768, RFC 9293 §3.1, RFC 8200 §8.1 */
function pseudoHeader(
  source: Bytes,
  destination: Bytes,
  protocol: number,
  length: number,
): Uint8Array {
  return concat(source, destination, u16(0, protocol, 0, length));
}

function udp(source: Bytes, destination: Bytes, transport: Transport, payload: Bytes): Uint8Array {
  const length = (8 + payload.length + (transport.lengthError ?? 0)) & 0xffff;
  const segment = concat(u16(transport.sourcePort, transport.destinationPort, length, 0), payload);
  const sum = checksum(concat(pseudoHeader(source, destination, 17, length), segment));
  segment.set(u16(sum === 0 ? 0xffff : sum), 6);
  return segment;
}

function tcp(source: Bytes, destination: Bytes, transport: Transport, payload: Bytes): Uint8Array {
  const options = transport.options ?? u8();
  const words = 5 + options.length / 4;
  const segment = concat(
    u16(transport.sourcePort, transport.destinationPort),
    u32(1000, 2000),
    u8(words << 4, 0x18), // PSH, ACK
    u16(0xffff, 0, 0),
    options,
    payload,
  );
  const sum = checksum(concat(pseudoHeader(source, destination, 6, segment.length), segment));
  segment.set(u16(sum), 16);
  return segment;
}
