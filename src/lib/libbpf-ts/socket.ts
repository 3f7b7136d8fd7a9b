/**
 * TCP sockets before they connect or listen: Node makes them with the descriptor in hand
 * (`new Socket({ fd })`, `server.listen({ fd })`). Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d. What
 * the kernel refuses throws a BpfError.
 */
import { native } from './addon.ts';
import {
  getsockopt,
  IP_MINTTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_MINHOPCOUNT,
  setsockopt,
  SOL_SOCKET,
  TCP_MD5SIG,
} from './system.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SO_REUSEADDR = 2;
const IP_TTL = 2;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const TCP_SAVE_SYN = 27;
const TCP_SAVED_SYN = 28;

export type Family = 4 | 6;

/**
 * A non-blocking TCP socket; its descriptor is the caller's to close. `netns` is a file of a network
 * namespace such as /run/netns/wan: the socket belongs to that one for good (needs CAP_SYS_ADMIN).
 */
export function openTcpSocket(family: Family, netns?: string): number {
  return native().openSocket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM, netns);
}

/** bind(2), with SO_REUSEADDR, so that connections that linger from before are in nobody's way. */
export function bindSocket(fd: number, family: Family, address: Uint8Array, port: number): void {
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1));
  native().bindSocket(fd, socketAddress(family, address, port));
}

/** An IPv6 socket that listens takes IPv4 as well, whatever net.ipv6.bindv6only says. */
export function acceptMappedIpv4(fd: number): void {
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, int(0));
}

/**
 * TCP MD5 signatures with one peer (RFC 2385): what is unsigned or wrong never reaches the socket. `key` has at
 * most 80 bytes; an empty one ends it. `family` is the socket's, which may differ from the address's.
 */
export function setMd5Key(fd: number, family: Family, peer: Uint8Array, key: Uint8Array): void {
  // struct tcp_md5sig: sockaddr_storage, flags, prefixlen, keylen (u16), ifindex (int), key[80]
  const option = new Uint8Array(128 + 8 + 80);
  option.set(socketAddress(family, peer, 0));
  new DataView(option.buffer).setUint16(130, key.length, true);
  option.set(key, 136);
  setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, option);
}

/** TTL and hop limit of what the socket sends. */
export function setTtl(fd: number, family: Family, ttl: number): void {
  setsockopt(fd, IPPROTO_IP, IP_TTL, int(ttl));
  if (family === 6) setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, int(ttl));
}

/** RFC 5082: what arrives with a lower TTL or hop limit is dropped by the kernel. */
export function requireTtl(fd: number, family: Family, ttl: number): void {
  setsockopt(fd, IPPROTO_IP, IP_MINTTL, int(ttl));
  if (family === 6) setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, int(ttl));
}

/** Sockets that this one accepts remember the SYN they came of: {@link synTtl}. */
export function saveSyn(fd: number): void {
  setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, int(1));
}

/**
 * TTL or hop limit of the SYN of an accepted socket, for it was let in before {@link requireTtl} could be
 * called; undefined if there is none to see (SYN cookies), or a second time.
 */
export function synTtl(fd: number): number | undefined {
  const syn = getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, 256);
  const version = (syn[0] ?? 0) >> 4;
  if (version === 4) return syn[8];
  return version === 6 ? syn[7] : undefined;
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(family: Family, address: Uint8Array, port: number): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  if (family === 4) bytes.set(address.subarray(12), 4);
  else bytes.set(address, 8);
  return bytes;
}

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
