/**
 * Messages of ctnetlink (linux/netfilter/nfnetlink_conntrack.h): struct nfgenmsg (family, version, res_id), then
 * attributes: length and type in the machine's byte order, a value in the network's, padded to 4 bytes.
 */
import type { NetlinkMessage } from '#libbpf-ts';

/** A live connection as the kernel tracks it. */
export interface Connection {
  /** 16 bytes each, as its first packet was, before any NAT. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** All its bits; unsigned. */
  readonly mark: number;
  /** What the kernel told of it: nfgenmsg and attributes. */
  readonly entry: Uint8Array;
}

/** IPCTNL_MSG_CT_* behind NFNL_SUBSYS_CTNETLINK (1). */
const CT_NEW = 0x0100;
const CT_GET = 0x0101;
const CT_DELETE = 0x0102;

const NOTHING = new Uint8Array();
const NFGENMSG = 4;
const ATTRIBUTE = 4;

/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

/** enum ctattr_type. */
const CTA_TUPLE_ORIG = 1;
const CTA_MARK = 8;
const CTA_ID = 12;
const CTA_ZONE = 18;

/** enum ctattr_tuple, enum ctattr_ip. */
const CTA_TUPLE_IP = 1;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;

/** Asks for all, of every family (AF_UNSPEC). */
export const CONNECTIONS: NetlinkMessage = { type: CT_GET, payload: new Uint8Array(NFGENMSG) };

/** Undefined for what is none, or has no addresses. */
export function parseConnection({ type, payload }: NetlinkMessage): Connection | undefined {
  if (type !== CT_NEW) return undefined;
  const tuple = valueOf(CTA_TUPLE_ORIG, payload, NFGENMSG);
  const addresses = valueOf(CTA_TUPLE_IP, tuple);
  const source = addressOf(valueOf(CTA_IP_V4_SRC, addresses) ?? valueOf(CTA_IP_V6_SRC, addresses));
  const destination = addressOf(
    valueOf(CTA_IP_V4_DST, addresses) ?? valueOf(CTA_IP_V6_DST, addresses),
  );
  if (source === undefined || destination === undefined) return undefined;
  // a kernel without marks of connections tells none
  const mark = valueOf(CTA_MARK, payload, NFGENMSG);
  return {
    source,
    destination,
    mark: mark?.length === 4 ? viewOf(mark).getUint32(0) : 0,
    entry: payload,
  };
}

/**
 * Deletes this connection and no later one: the kernel's own words for its tuple, whatever its protocol, with its id and
 * zone. Throws RangeError for an entry without a tuple: the kernel would take that for all connections.
 */
export function deletionOf({ entry }: Connection): NetlinkMessage {
  const attributes = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE].map((type) => find(type, entry, NFGENMSG));
  if (attributes[0] === undefined) {
    throw new RangeError('Cannot delete connection: it has no tuple');
  }
  // nfgenmsg for its family
  const parts = [entry.subarray(0, NFGENMSG)];
  for (const found of attributes) {
    if (found !== undefined) parts.push(entry.subarray(found.at, found.at + align(found.length)));
  }
  return { type: CT_DELETE, payload: Buffer.concat(parts) };
}

/** The value of the first attribute of this type. */
function valueOf(type: number, bytes: Uint8Array = NOTHING, start = 0): Uint8Array | undefined {
  const found = find(type, bytes, start);
  return found && bytes.subarray(found.at + ATTRIBUTE, found.at + found.length);
}

/** Where the first attribute of this type is, header included; looks no further than to one that is not whole. */
function find(
  type: number,
  bytes: Uint8Array,
  start: number,
): { readonly at: number; readonly length: number } | undefined {
  const view = viewOf(bytes);
  for (let at = start; at + ATTRIBUTE <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE || at + align(length) > bytes.length) return undefined;
    if ((view.getUint16(at + 2, true) & TYPE_MASK) === type) return { at, length };
    at += align(length);
  }
  return undefined;
}

function align(length: number): number {
  return (length + 3) & ~3;
}

/** IPv4 becomes ::ffff:a.b.c.d. */
function addressOf(value: Uint8Array | undefined): Uint8Array | undefined {
  if (value?.length === 16) return value;
  if (value?.length !== 4) return undefined;
  const address = new Uint8Array(16);
  address.fill(0xff, 10, 12);
  address.set(value, 12);
  return address;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
