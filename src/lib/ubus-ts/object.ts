/** An object that others call. */
import {
  checkArguments,
  signatureOf,
  type UbusArguments,
  type UbusArgumentValues,
} from './arguments.ts';
import { readMembers } from './blobmsg.ts';
import type { IncomingCall } from './connection.ts';
import { UbusError, UbusStatus } from './error.ts';
import { guard, toError } from './guard.ts';
import { LastingObject, type Owner } from './lasting-object.ts';
import type { UbusTable } from './value.ts';

export interface UbusCaller {
  /** Names of the uid and gid of the process that called, as ubusd found them. */
  readonly user: string;
  readonly group: string;
  /** Aborted when the connection is lost, and with it the way to answer. */
  readonly signal: AbortSignal;
}

/** A method that answers with status 0 alone returns nothing. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- so that it needs no return statement
export type UbusReply = UbusTable | undefined | void;

export interface UbusMethod<A extends UbusArguments = UbusArguments> {
  /** What it takes; none by default. */
  readonly arguments?: A;
  /** Answers with the table and status 0, with the status of a UbusError, or with UNKNOWN_ERROR for any other throw. */
  call(args: UbusArgumentValues<A>, caller: UbusCaller): UbusReply | Promise<UbusReply>;
}

/** Gives `call` the types of the arguments that the method declares. */
export function ubusMethod<const A extends UbusArguments>(method: UbusMethod<A>): UbusMethod {
  return method;
}

export interface UbusObjectDefinition {
  readonly path: string;
  readonly methods: Readonly<Record<string, UbusMethod>>;
  /** The first subscriber has come, or the last has gone. */
  onSubscribers?(active: boolean): void;
}

export interface UbusObject {
  readonly path: string;
  /** Whether ubusd has it now. */
  readonly registered: boolean;
  readonly hasSubscribers: boolean;
  /** Tells the subscribers; nothing is sent when there are none, or while too much waits to be sent. */
  notify(type: string, data?: UbusTable): void;
  /** Takes it from ubusd; calls that are being answered go on. */
  close(): void;
}

export class PublishedObject extends LastingObject implements UbusObject {
  readonly path: string;
  readonly #methods: ReadonlyMap<string, UbusMethod>;
  readonly #onSubscribers: (active: boolean) => void;
  #active = false;

  constructor(definition: UbusObjectDefinition, owner: Owner) {
    const { path, methods } = definition;
    super(`publish '${path}'`, { path, signature: signatureOf(methods) }, owner);
    this.path = path;
    this.#methods = new Map(Object.entries(methods));
    this.#onSubscribers = (active) => definition.onSubscribers?.(active);
  }

  get hasSubscribers(): boolean {
    return this.#active;
  }

  notify(type: string, data: UbusTable = {}): void {
    const { connection, id } = this;
    if (!this.#active || connection === undefined || id === undefined) return;
    guard(this.owner.report, () => connection.notify(id, type, data));
  }

  active(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    guard(this.owner.report, () => this.#onSubscribers(active));
  }

  protected override lost(): void {
    this.active(false);
  }

  call(call: IncomingCall): void {
    const method = this.#methods.get(call.method);
    if (method === undefined) {
      call.answer(UbusStatus.METHOD_NOT_FOUND);
      return;
    }
    try {
      const args = checkArguments(method.arguments ?? {}, readMembers(call.data));
      void this.#answer(call, method, args);
    } catch (error) {
      this.#fail(call, toError(error));
    }
  }

  /** Never rejects. A UbusError of the method is an answer like others, and not reported. */
  async #answer(
    call: IncomingCall,
    method: UbusMethod,
    args: UbusArgumentValues<UbusArguments>,
  ): Promise<void> {
    try {
      const { user, group, signal } = call;
      const reply = await method.call(args, { user, group, signal });
      this.#reply(call, UbusStatus.OK, reply ?? undefined);
    } catch (error) {
      if (error instanceof UbusError) this.#reply(call, error.status, error.data);
      else this.#fail(call, toError(error));
    }
  }

  #reply(call: IncomingCall, status: number, data: UbusTable | undefined): void {
    try {
      call.answer(status, data);
    } catch (error) {
      this.#fail(call, toError(error));
    }
  }

  /** ubus has no way to tell the caller why. */
  #fail(call: IncomingCall, cause: Error): void {
    const status = cause instanceof UbusError ? cause.status : UbusStatus.UNKNOWN_ERROR;
    call.answer(status);
    const text = `Cannot answer '${call.method}' of '${this.path}': ${cause.message}`;
    this.owner.report(new UbusError(status, text, { cause }));
  }
}
