export {
  type LinkInfo,
  loadAddon,
  type MapEntries,
  type MapInfo,
  type ProgramInfo,
  type TestRunResult,
} from './addon.ts';
export { type Btf, type BtfMap, type BtfMember, type BtfStruct, readBtf } from './btf.ts';
export { BpfError } from './error.ts';
export { AttachType, BpfLink, type CgroupHook, type TcxHook } from './link.ts';
export { BpfMap, MapFlag, type MapOptions, MapType, UpdateFlag } from './map.ts';
export { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkListener } from './netlink.ts';
export { type NetlinkMessage } from './netlink-message.ts';
export { netlinkDump, type NetlinkDump, netlinkRequest } from './netlink-request.ts';
export { BpfObject, type OpenOptions } from './object.ts';
export { BpfProgram, type TestRunOptions } from './program.ts';
export { RingBuffer } from './ring-buffer.ts';
export {
  acceptMappedIpv4,
  bindSocket,
  openTcpSocket,
  requireTtl,
  saveSyn,
  setMd5Key,
  setTtl,
  synTtl,
} from './socket.ts';
export {
  flock,
  getsockopt,
  IP_MINTTL,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_MINHOPCOUNT,
  IPV6_TRANSPARENT,
  memlockUnlimited,
  mount,
  possibleCpus,
  setsockopt,
  SO_BINDTOIFINDEX,
  SO_COOKIE,
  SO_MARK,
  SOL_SOCKET,
  TCP_MD5SIG,
} from './system.ts';
export { type Column, type EntryFormat, type EntryRows, formatEntries } from './text.ts';
