/** What the kernel tells of changes in its network: links, addresses, routes, ip rules, one nft table. */
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkListener, type NetlinkMessage } from '#libbpf-ts';

export type NetworkChange = 'network' | 'nftables';

export interface NetworkInterest {
  /** Routes of this protocol are our own: only that they are gone is of interest. */
  readonly protocol: number;
  /** The nft table whose loss is of interest. */
  readonly table: string;
}

/** RTNLGRP_*, linux/rtnetlink.h. */
const ROUTE_GROUPS = [
  1, // LINK
  5, // IPV4_IFADDR
  7, // IPV4_ROUTE
  8, // IPV4_RULE
  9, // IPV6_IFADDR
  11, // IPV6_ROUTE
  19, // IPV6_RULE
];

/** NFNLGRP_NFTABLES, linux/netfilter/nfnetlink.h. */
const NFTABLES_GROUP = 7;

/**
 * Listens until the function that is returned is called. Messages that were lost count as a change. openLibbpf comes
 * first. Throws BpfError.
 */
export function watchNetworkEvents(
  interest: NetworkInterest,
  onChange: (what: NetworkChange) => void,
): () => void {
  const network = new NetlinkListener(NETLINK_ROUTE, ROUTE_GROUPS, (message) => {
    if (message === 'overrun' || isNetworkChange(message, interest.protocol)) onChange('network');
  });
  try {
    const tables = new NetlinkListener(NETLINK_NETFILTER, [NFTABLES_GROUP], (message) => {
      if (message === 'overrun' || isLoss(message, interest.table)) onChange('nftables');
    });
    return () => {
      network.close();
      tables.close();
    };
  } catch (error) {
    network.close();
    throw error;
  }
}

/** RTM_*, linux/rtnetlink.h. */
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;

/** RTPROT_*, linux/rtnetlink.h: BGP, OSPF and the like change routes all the time. */
const ROUTING_DAEMONS = new Set([
  11, // ZEBRA
  12, // BIRD
  42, // BABEL
  186, // BGP
  187, // ISIS
  188, // OSPF
  189, // RIP
  192, // EIGRP
]);

/** Of links, addresses and ip rules all; of routes those that decide where targets lead, or what is protected. */
export function isNetworkChange({ type, payload }: NetlinkMessage, own: number): boolean {
  if (type !== RTM_NEWROUTE && type !== RTM_DELROUTE) return true;
  // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type
  const [, destinationLength, , , , protocol = 0] = payload;
  if (protocol === own) return type === RTM_DELROUTE;
  return destinationLength === 0 || !ROUTING_DAEMONS.has(protocol);
}

/** NFT_MSG_* of linux/netfilter/nf_tables.h, behind NFNL_SUBSYS_NFTABLES (10): DELTABLE, DELCHAIN, DELRULE. */
const LOSSES = new Set([0x0a02, 0x0a05, 0x0a08]);

/** struct nfgenmsg: family, version, res_id. */
const NFGENMSG = 4;

/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE, which come first. */
const NFTA_TABLE = 1;

/** Is the table of this name gone, or a part of it? */
export function isLoss({ type, payload }: NetlinkMessage, table: string): boolean {
  if (!LOSSES.has(type) || payload.length < NFGENMSG + 4) return false;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const length = view.getUint16(NFGENMSG, true);
  if (view.getUint16(NFGENMSG + 2, true) !== NFTA_TABLE) return false;
  const name = payload.subarray(NFGENMSG + 4, NFGENMSG + length);
  return Buffer.from(name).toString('latin1') === `${table}\0`;
}
