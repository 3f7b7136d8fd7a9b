/** Notifications of somebody else's object, whenever it is there. */
import { readMembers } from './blobmsg.ts';
import type { Connection, IncomingCall } from './connection.ts';
import { UbusError, UbusStatus } from './error.ts';
import { registerPattern } from './event.ts';
import { guard } from './guard.ts';
import { LastingObject, type Owner } from './lasting-object.ts';
import { MessageType } from './message.ts';
import type { UbusTable } from './value.ts';

export interface UbusSubscriptionOptions {
  /** Each time the object is subscribed to: what it told before may have been missed. */
  onSubscribed?(): void;
  /** The object is gone, or the connection to ubusd. */
  onLost?(): void;
}

export type UbusNotificationHandler = (type: string, data: UbusTable) => void;

/** The event that ubusd sends when an object comes, {id, path}. */
const OBJECT_ADDED = 'ubus.object.add';

/**
 * One anonymous object, which both subscribes to the target and listens for its coming. Listening comes first, so that
 * a target that comes while it is looked up is not missed.
 */
export class Subscription extends LastingObject {
  readonly #path: string;
  readonly #handler: UbusNotificationHandler;
  readonly #options: UbusSubscriptionOptions;
  /** The object subscribed to. */
  #target: number | undefined;
  #searching = false;
  /** It came while it was searched, so that what is being found may be the one before. */
  #searchAgain = false;

  constructor(
    path: string,
    handler: UbusNotificationHandler,
    options: UbusSubscriptionOptions,
    owner: Owner,
  ) {
    super(`subscribe to '${path}'`, {}, owner);
    this.#path = path;
    this.#handler = handler;
    this.#options = options;
  }

  get subscribed(): boolean {
    return this.#target !== undefined;
  }

  override close(): void {
    // what the user ends is not lost
    this.#target = undefined;
    super.close();
  }

  call(call: IncomingCall): void {
    call.answer(UbusStatus.OK);
    const { connection, id } = this;
    if (connection === undefined || id === undefined) return;
    const data = readMembers(call.data);
    if (!call.fromDaemon) guard(this.owner.report, () => this.#handler(call.method, data));
    else if (data['path'] === this.#path) this.#search(connection, id);
  }

  targetLost(target: number): void {
    if (target !== this.#target) return;
    this.#target = undefined;
    guard(this.owner.report, () => this.#options.onLost?.());
  }

  protected override added(connection: Connection, id: number): void {
    registerPattern(connection, id, OBJECT_ADDED, this.owner.timeoutMs, (error) => {
      if (error !== undefined) this.#report(connection, error);
      this.#search(connection, id);
    });
  }

  protected override lost(): void {
    this.#searching = false;
    this.#searchAgain = false;
    if (this.#target !== undefined) this.targetLost(this.#target);
  }

  #search(connection: Connection, id: number): void {
    if (this.id !== id || this.#target !== undefined) return;
    this.#searchAgain = this.#searching;
    if (this.#searching) return;
    this.#searching = true;
    let found: number | undefined;
    connection.establish(
      MessageType.LOOKUP,
      { path: this.#path },
      {
        action: `find '${this.#path}'`,
        peer: 0,
        timeoutMs: this.owner.timeoutMs,
        data: ({ objectId }) => (found = objectId),
        done: (error) => {
          if (this.id !== id) return;
          if (error !== undefined || found === undefined) this.#searched(connection, id, error);
          else this.#subscribe(connection, id, found);
        },
      },
    );
  }

  #subscribe(connection: Connection, id: number, target: number): void {
    connection.establish(
      MessageType.SUBSCRIBE,
      { objectId: id, target },
      {
        action: this.action,
        peer: 0,
        timeoutMs: this.owner.timeoutMs,
        done: (error) => {
          if (this.id !== id) return;
          if (error === undefined) {
            this.#target = target;
            guard(this.owner.report, () => this.#options.onSubscribed?.());
          }
          this.#searched(connection, id, error);
        },
      },
    );
  }

  #searched(connection: Connection, id: number, error: Error | undefined): void {
    const again = this.#searchAgain;
    this.#searching = false;
    this.#searchAgain = false;
    const absent = error instanceof UbusError && error.status === UbusStatus.NOT_FOUND;
    if (error !== undefined && !absent) this.#report(connection, error);
    if (again) this.#search(connection, id);
  }

  /** The end of a connection is its client's to tell. */
  #report(connection: Connection, error: Error): void {
    if (connection.open) this.owner.report(error);
  }
}
