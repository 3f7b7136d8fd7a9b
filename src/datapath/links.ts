/** The links that attach programs: which there should be, which there are, and the way from one to the other. */
import { join } from 'node:path';
import { BpfLink, type BpfProgram } from '#libbpf-ts';
import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import type { CgroupHook, ProgramName } from './objects.ts';
import { listPins, pinError, removePin, type Pins } from './pins.ts';

export type Role = 'lan' | 'wan';

export interface AttachDevice {
  readonly ifindex: number;
  /** Does a packet begin with an Ethernet header? */
  readonly ethernet: boolean;
  readonly role: Role;
}

/** One link, by the name of its pin: `lan_ingress_3`, `wan_egress_l3_7`, `connect4`. */
export interface LinkPlan {
  readonly pin: string;
  readonly program: ProgramName;
  readonly target:
    | {
        readonly kind: 'device';
        readonly ifindex: number;
        readonly direction: 'ingress' | 'egress';
      }
    | { readonly kind: 'cgroup'; readonly hook: CgroupHook };
}

const CGROUP_HOOKS: readonly CgroupHook[] = ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'];

/** The links that these devices need, and with `local` the router's own sockets. */
export function planLinks(devices: readonly AttachDevice[], local: boolean): LinkPlan[] {
  const links = devices.flatMap(({ ifindex, ethernet, role }) =>
    (['ingress', 'egress'] as const).map((direction): LinkPlan => {
      const program = `${role}_${direction}${ethernet ? '' : '_l3'}` as const;
      const target = { kind: 'device', ifindex, direction } as const;
      return { pin: `${program}_${ifindex}`, program, target };
    }),
  );
  if (!local) return links;
  return [
    ...links,
    ...CGROUP_HOOKS.map((hook): LinkPlan => ({
      pin: hook,
      program: hook,
      target: { kind: 'cgroup', hook },
    })),
  ];
}

/** A link as it is pinned. */
export interface LinkState {
  readonly pin: string;
  readonly program: string;
  /** 0 for a cgroup. */
  readonly ifindex: number;
  readonly role: Role | 'local';
  /** Kernel's id of the program; 0: the link's device or cgroup is gone. */
  readonly programId: number;
  /** Inode number of the cgroup; 0 for a device. */
  readonly cgroupId: bigint;
}

const DEVICE_PIN = /^((lan|wan)_(?:ingress|egress)(?:_l3)?)_(\d+)$/;

/** Undefined: it is not there (any more). */
function openLink(path: string): BpfLink | undefined {
  try {
    return BpfLink.openPinned(path);
  } catch (error) {
    throw pinError('open link', path, error);
  }
}

/** What the links' pins say, without a look at anything else. */
export function readLinks({ links }: Pins): LinkState[] {
  return listPins(links).flatMap((pin) => {
    const link = openLink(join(links, pin));
    if (link === undefined) return [];
    try {
      const { programId, ifindex = 0, cgroupId = 0n } = link.info;
      const [, program = pin, role] = DEVICE_PIN.exec(pin) ?? [];
      const gone = role === undefined ? cgroupId === 0n : ifindex === 0;
      return {
        pin,
        program,
        ifindex,
        role: role === 'lan' || role === 'wan' ? role : 'local',
        programId: gone ? 0 : programId,
        cgroupId,
      };
    } finally {
      link.close();
    }
  });
}

/** Detaches and unpins one link. */
export function removeLink({ links }: Pins, pin: string): void {
  const path = join(links, pin);
  const link = openLink(path);
  try {
    link?.detach();
  } catch {
    // its device is gone, so nothing is attached
  } finally {
    link?.close();
  }
  removePin(path);
}

export interface AttachRequest {
  readonly pins: Pins;
  readonly wanted: readonly LinkPlan[];
  /** Of every link that is missing, with `renew` of all. */
  readonly programs: ReadonlyMap<ProgramName, BpfProgram>;
  readonly renew: boolean;
  /** cgroup v2 directory; needed if a link is of a cgroup. */
  readonly cgroup: Cgroup | undefined;
}

export interface Cgroup {
  readonly path: string;
  /** Inode number that links must have; undefined: those that stand may stand in another cgroup. */
  readonly id: bigint | undefined;
}

/** Is this link in its place? */
function standsFor(
  { target }: LinkPlan,
  link: LinkState | undefined,
  cgroup: Cgroup | undefined,
): boolean {
  if (link === undefined || link.programId === 0) return false;
  return target.kind === 'device' || cgroup?.id === undefined || cgroup.id === link.cgroupId;
}

/** Those of the links that are not there. */
export function missingLinks(
  pins: Pins,
  wanted: readonly LinkPlan[],
  cgroup: Cgroup | undefined,
): LinkPlan[] {
  const standing = new Map(readLinks(pins).map((link) => [link.pin, link]));
  return wanted.filter((plan) => !standsFor(plan, standing.get(plan.pin), cgroup));
}

/**
 * Attaches what is missing, with `renew` gives links that stand the new program, and removes the others. If one
 * cannot be attached, those attached before are removed again, and links that stood keep standing. Returns whether
 * there was anything to do.
 */
export function applyLinks({ pins, wanted, programs, cgroup, renew }: AttachRequest): boolean {
  const standing = new Map(readLinks(pins).map((link) => [link.pin, link]));
  const attached: string[] = [];
  try {
    for (const plan of wanted) {
      const stands = standsFor(plan, standing.get(plan.pin), cgroup);
      if (stands && !renew) continue;
      const program = programs.get(plan.program);
      if (program === undefined) throw new RangeError(`Cannot attach '${plan.pin}': no program`);
      if (stands) {
        updateLink(pins, plan.pin, program);
      } else {
        if (standing.has(plan.pin)) removeLink(pins, plan.pin);
        attach(pins, plan, program, cgroup?.path ?? '');
        attached.push(plan.pin);
      }
    }
  } catch (error) {
    attached.forEach((pin) => removeLink(pins, pin));
    throw error;
  }
  const kept = new Set(wanted.map(({ pin }) => pin));
  const others = [...standing.keys()].filter((pin) => !kept.has(pin));
  for (const pin of others) removeLink(pins, pin);
  return renew || attached.length + others.length > 0;
}

function updateLink({ links }: Pins, pin: string, program: BpfProgram): void {
  const link = openLink(join(links, pin));
  try {
    link?.update(program);
  } catch (error) {
    throw attachError(pin, error);
  } finally {
    link?.close();
  }
}

function attach(
  { links }: Pins,
  { pin, target }: LinkPlan,
  program: BpfProgram,
  cgroup: string,
): void {
  let link: BpfLink | undefined;
  try {
    link =
      target.kind === 'device'
        ? BpfLink.attachTcx(program, target.ifindex, target.direction)
        : BpfLink.attachCgroup(program, cgroup, target.hook);
    link.pin(join(links, pin));
  } catch (error) {
    throw attachError(pin, error);
  } finally {
    // a link that is not pinned ends here
    link?.close();
  }
}

/** What the system's error means here; each has its next step, or the reason itself is one. */
const ATTACH_STATES: ReadonlyMap<string, string> = new Map([
  ['EBADF', 'not a cgroup v2 directory (give another --cgroup)'],
  ['ENODEV', 'the device is gone (run domainroute reload)'],
  ['E2BIG', 'the device has 64 programs already'],
]);

function attachError(pin: string, cause: unknown): DomainrouteError {
  const what = `Cannot attach '${pin}'`;
  const errno = errnoOf(cause) ?? '';
  if (errno === 'EPERM') {
    const state = 'not permitted (run it as root; a cgroup above may forbid more programs)';
    return new DomainrouteError('privilege', `${what}: ${state}`, { cause });
  }
  // BPF_LINK_CREATE of an attach type that the kernel does not know
  const old =
    errno === 'EINVAL' && DEVICE_PIN.test(pin) ? 'needs Linux 6.6 or newer (tcx)' : undefined;
  const state = old ?? ATTACH_STATES.get(errno) ?? messageOf(cause);
  return new DomainrouteError('platform', `${what}: ${state}`, { cause });
}
