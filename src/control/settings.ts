/** Where things are: the global options of the command line. */

export interface Settings {
  /** Directory of the UCI file `domainroute`. */
  readonly config: string;
  /** Directory of pins, on a bpffs. */
  readonly pin: string;
  /** cgroup v2 directory whose sockets are steered; undefined: the root as mounted. */
  readonly cgroup: string | undefined;
  /** Directory of the lock. */
  readonly run: string;
  /** Socket of ubusd, which need not be there. */
  readonly ubus: string;
  /** Directory of `libbpf.node` and `bpf/`. */
  readonly assets: string;
}

export const DEFAULTS = {
  config: '/etc/config',
  pin: '/sys/fs/bpf/domainroute',
  run: '/var/run/domainroute',
  ubus: '/var/run/ubus/ubus.sock',
} as const;
