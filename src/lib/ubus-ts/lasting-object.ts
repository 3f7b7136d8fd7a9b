/** An object of ours that outlives connections: it is added anew on each. */
import type { Connection, IncomingCall, LocalObject } from './connection.ts';
import type { NewAttributes } from './message.ts';

/** What it needs of its client. */
export interface Owner {
  /** Of a request to ubusd. */
  readonly timeoutMs: number;
  /** Before what was refused is tried again. */
  readonly retryMs: number;
  readonly report: (error: Error) => void;
  readonly release: (object: LastingObject) => void;
}

export abstract class LastingObject implements LocalObject {
  protected readonly owner: Owner;
  /** What it is for, in errors: "publish 'network'". */
  protected readonly action: string;
  /** As ADD_OBJECT takes them: none for an anonymous object. */
  readonly #attributes: NewAttributes;
  #connection: Connection | undefined;
  #id: number | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  /** What was reported last: what is refused for the same reason every second is told once. */
  #refusal: string | undefined;

  constructor(action: string, attributes: NewAttributes, owner: Owner) {
    this.action = action;
    this.#attributes = attributes;
    this.owner = owner;
  }

  /** Whether ubusd has it now. */
  get registered(): boolean {
    return this.#id !== undefined;
  }

  /** Adds it to a connection that has just been made. */
  attach(connection: Connection): void {
    this.#connection = connection;
    const { timeoutMs, retryMs } = this.owner;
    const registration = { attributes: this.#attributes, action: this.action, timeoutMs };
    connection.addObject(this, registration, (error, id) => {
      if (error === undefined && this.#closed) {
        connection.removeObject(id, timeoutMs);
      } else if (error === undefined) {
        this.#id = id;
        this.#refusal = undefined;
        this.added?.(connection, id);
      } else if (connection.open && !this.#closed) {
        // the path may be that of a process that is about to end
        if (error.message !== this.#refusal) this.owner.report(error);
        this.#refusal = error.message;
        this.#retry = setTimeout(() => this.attach(connection), retryMs).unref();
      }
    });
  }

  /** The connection is gone. */
  detach(): void {
    clearTimeout(this.#retry);
    this.#connection = undefined;
    this.#id = undefined;
    this.lost?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#id !== undefined) this.#connection?.removeObject(this.#id, this.owner.timeoutMs);
    this.detach();
    this.owner.release(this);
  }

  /** Calls that are being answered go on after close(). */
  abstract call(call: IncomingCall): void;

  protected get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Undefined while ubusd does not have it. */
  protected get id(): number | undefined {
    return this.#id;
  }

  /** ubusd has it. */
  protected added?(connection: Connection, id: number): void;

  /** ubusd has it no more, or never had. */
  protected lost?(): void;
}
