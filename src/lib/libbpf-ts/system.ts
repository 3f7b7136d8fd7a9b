import { native } from './addon.ts';

/** Levels and options of sockets, as on x86 and ARM (asm-generic/socket.h, linux/in.h, linux/tcp.h). */
export const SOL_SOCKET = 1;
export const SO_MARK = 36;
export const SO_COOKIE = 57;
export const SO_BINDTOIFINDEX = 62;
export const IPPROTO_IP = 0;
export const IP_TRANSPARENT = 19;
export const IP_MINTTL = 21;
export const IPPROTO_IPV6 = 41;
export const IPV6_MINHOPCOUNT = 73;
export const IPV6_TRANSPARENT = 75;
export const IPPROTO_TCP = 6;
export const TCP_MD5SIG = 14;

/** How many values an entry of a per-CPU map has. */
export function possibleCpus(): number {
  return native().possibleCpus();
}

/**
 * flock(2) LOCK_EX on an open file. With `wait` it blocks the whole process; without, it returns
 * false if another descriptor holds the lock. Closing the descriptor ends it.
 */
export function flock(fd: number, wait: boolean): boolean {
  return native().flock(fd, wait);
}

/** setsockopt(2). */
export function setsockopt(fd: number, level: number, option: number, value: Uint8Array): void {
  native().setsockopt(fd, level, option, value);
}

/** getsockopt(2); returns at most `size` bytes. SO_COOKIE has 8. */
export function getsockopt(fd: number, level: number, option: number, size: number): Uint8Array {
  return native().getsockopt(fd, level, option, size);
}

/**
 * Lifts RLIMIT_MEMLOCK, which counts maps before Linux 5.11; without CAP_SYS_RESOURCE only as far as
 * the hard limit.
 */
export function memlockUnlimited(): void {
  native().memlockUnlimited();
}

/** mount(2) without set-user-ID, devices and execution: for a bpffs. Throws EBUSY, ENODEV, EPERM … */
export function mount(source: string, target: string, type: string): void {
  native().mount(source, target, type);
}
