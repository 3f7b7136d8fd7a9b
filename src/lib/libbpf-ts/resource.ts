import { type Handle, native } from './addon.ts';

/** What maps, programs and links have in common: a descriptor and a pin. */
export abstract class Resource {
  /** For this library alone. */
  readonly handle: Handle;

  /** For this library alone: see the static methods. */
  constructor(handle: Handle) {
    this.handle = handle;
  }

  /** Of this object until close(). */
  get fd(): number {
    return native().fd(this.handle);
  }

  /** Makes it outlive this process, as a file on a bpffs. Throws EEXIST if there is one. */
  pin(path: string): void {
    native().pin(this.handle, path);
  }

  /** Closes the descriptor; later calls of other methods throw EBADF. What is not collected is closed then. */
  close(): void {
    native().close(this.handle);
  }
}
