import { KIND_LINK, type LinkInfo, native } from './addon.ts';
import type { BpfProgram } from './program.ts';
import { Resource } from './resource.ts';

/** enum bpf_attach_type; the tcx ones came with Linux 6.6. */
export const AttachType = {
  CGROUP_INET4_CONNECT: 10,
  CGROUP_INET6_CONNECT: 11,
  CGROUP_UDP4_SENDMSG: 14,
  CGROUP_UDP6_SENDMSG: 15,
  SK_LOOKUP: 36,
  TCX_INGRESS: 46,
  TCX_EGRESS: 47,
} as const;

export type TcxHook = 'ingress' | 'egress';
export type CgroupHook = 'connect4' | 'connect6' | 'sendmsg4' | 'sendmsg6';

const TCX_HOOKS: Readonly<Record<TcxHook, number>> = {
  ingress: AttachType.TCX_INGRESS,
  egress: AttachType.TCX_EGRESS,
};
const CGROUP_HOOKS: Readonly<Record<CgroupHook, number>> = {
  connect4: AttachType.CGROUP_INET4_CONNECT,
  connect6: AttachType.CGROUP_INET6_CONNECT,
  sendmsg4: AttachType.CGROUP_UDP4_SENDMSG,
  sendmsg6: AttachType.CGROUP_UDP6_SENDMSG,
};

/** A program at a hook. Without a pin it is detached when this is closed or collected. */
export class BpfLink extends Resource {
  /** Behind those already there; `ifindex` in this network namespace. Throws ENODEV. */
  static attachTcx(program: BpfProgram, ifindex: number, hook: TcxHook): BpfLink {
    return new BpfLink(native().linkDevice(program.handle, ifindex, TCX_HOOKS[hook]));
  }

  /** To the sockets of a cgroup v2 directory and those below it. Throws EBADF for other directories. */
  static attachCgroup(program: BpfProgram, directory: string, hook: CgroupHook): BpfLink {
    return new BpfLink(native().linkPath(program.handle, directory, CGROUP_HOOKS[hook]));
  }

  /** sk_lookup, to the network namespace of `path`, such as /proc/self/ns/net. */
  static attachNetns(program: BpfProgram, path: string): BpfLink {
    return new BpfLink(native().linkPath(program.handle, path, AttachType.SK_LOOKUP));
  }

  /** Undefined if there is no such file; throws EINVAL if something else is pinned there. */
  static openPinned(path: string): BpfLink | undefined {
    const handle = native().openPinned(KIND_LINK, path);
    return handle && new BpfLink(handle);
  }

  get info(): LinkInfo {
    return native().linkInfo(this.handle);
  }

  /** Replaces the program; no packet passes without one. Throws ENOLINK if the device is gone. */
  update(program: BpfProgram): void {
    native().linkUpdate(this.handle, program.handle);
  }

  /** Takes the program off the hook, even if the link is pinned; the link stays, defunct. */
  detach(): void {
    native().linkDetach(this.handle);
  }
}
