import { KIND_PROGRAM, native, type ProgramInfo, type TestRunResult } from './addon.ts';
import { Resource } from './resource.ts';

/** Bytes a program may add to a packet before testRun() throws ENOSPC, unless told otherwise. */
const GROWTH = 256;

export interface TestRunOptions {
  /** The packet, of at least 14 bytes for SCHED_CLS. */
  readonly data: Uint8Array;
  /** struct __sk_buff (192 bytes; mark at offset 8) or the like; goes in and comes out. */
  readonly context?: Uint8Array;
  /** @default 1 */
  readonly repeat?: number;
  /** Room for the packet afterwards. @default the packet's length and 256 */
  readonly dataOutSize?: number;
}

/** A loaded program. */
export class BpfProgram extends Resource {
  /** Undefined if there is no such file; throws EINVAL if something else is pinned there. */
  static openPinned(path: string): BpfProgram | undefined {
    const handle = native().openPinned(KIND_PROGRAM, path);
    return handle && new BpfProgram(handle);
  }

  /** Needs CAP_SYS_ADMIN. Throws ENOENT. */
  static openId(id: number): BpfProgram {
    return new BpfProgram(native().openId(KIND_PROGRAM, id));
  }

  get info(): ProgramInfo {
    return native().programInfo(this.handle);
  }

  /** BPF_PROG_TEST_RUN. Throws ENOTSUPP for types the kernel cannot run so. */
  testRun(options: TestRunOptions): TestRunResult {
    const { data, context, repeat = 1, dataOutSize = data.length + GROWTH } = options;
    return native().testRun(this.handle, data, context, repeat, dataOutSize);
  }
}
