/** The data path that domainroute has started, opened by its pins: its programs and maps, run on frames. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { BpfObject, BpfProgram, RingBuffer } from '#libbpf-ts';
import { Maps, openLibbpf, pinsBelow, readLinks, type MapName } from '../../src/datapath/index.ts';
import type { Lab } from '../lab/lab.ts';
import { DIST } from './tools.ts';

/** struct __sk_buff of linux/bpf.h. */
const CONTEXT_SIZE = 192;
const MARK_OFFSET = 8;

export class DataPath {
  readonly maps: Maps;
  private readonly lab: Lab;
  private readonly opened: { close(): void }[] = [];

  /** Throws if domainroute does not run. */
  constructor(lab: Lab) {
    openLibbpf(DIST);
    this.lab = lab;
    this.maps = new Maps(pinsBelow(lab.directories.pin));
    this.opened.push(this.maps);
  }

  close(): void {
    for (const each of this.opened.reverse()) each.close();
  }

  /** A program that is attached. */
  program(name: string): BpfProgram {
    const link = readLinks(pinsBelow(this.lab.directories.pin)).find(
      ({ program }) => program === name,
    );
    if (link === undefined) throw new Error(`Cannot run '${name}': it is not attached`);
    return this.keep(BpfProgram.openId(link.programId));
  }

  /** An object of the bench, around the maps in force. `shared`: those that it uses. */
  load(file: string, programs: readonly string[], shared: readonly MapName[]): BpfObject {
    const reuse = Object.fromEntries(shared.map((name) => [name, this.maps.get(name)]));
    return this.keep(BpfObject.load(file, { programs, reuse }));
  }

  /** Takes the events out when told, as the buffer would be full otherwise. */
  events(): RingBuffer {
    return this.keep(new RingBuffer(this.maps.get('events'), () => undefined).unref());
  }

  private keep<T extends { close(): void }>(resource: T): T {
    this.opened.push(resource);
    return resource;
  }
}

/** Runs a program once; the packet's mark afterwards, which was 0. */
export function markOf(program: BpfProgram, data: Uint8Array): number {
  const { context } = program.testRun({ data, context: new Uint8Array(CONTEXT_SIZE) });
  if (context === undefined) throw new Error('Cannot read the mark: no context came back');
  return new DataView(context.buffer, context.byteOffset).getUint32(MARK_OFFSET, true);
}

/**
 * Nanoseconds of one run. Taken from outside: the kernel gives whole nanoseconds, and a short program takes a
 * dozen of them.
 */
export function runTime(program: BpfProgram, data: Uint8Array, repeat: number): number {
  const start = process.hrtime.bigint();
  program.testRun({ data, repeat });
  return Number(process.hrtime.bigint() - start) / repeat;
}

/**
 * Keeps this process on one processor, and others from it, while it measures: the maps of the data path are per
 * CPU, and a machine has other things to do.
 */
export async function undisturbed<T>(task: () => Promise<T> | T): Promise<T> {
  const status = readFileSync('/proc/self/status', 'latin1');
  const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? '0';
  const own = (program: string, ...args: readonly string[]): void => {
    execFileSync(program, [...args, String(process.pid)], { stdio: 'ignore' });
  };
  own('taskset', '-a', '-p', '-c', /\d+$/.exec(allowed)?.[0] ?? '0');
  own('chrt', '--all-tasks', '--fifo', '-p', '1');
  try {
    return await task();
  } finally {
    own('chrt', '--all-tasks', '--other', '-p', '0');
    own('taskset', '-a', '-p', '-c', allowed);
  }
}
