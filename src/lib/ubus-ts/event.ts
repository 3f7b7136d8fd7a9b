/** ubusd's own object for events (broadcasts), and listeners to them. */
import { readMembers } from './blobmsg.ts';
import type { Connection, IncomingCall } from './connection.ts';
import { UbusStatus } from './error.ts';
import { guard } from './guard.ts';
import { LastingObject, type Owner } from './lasting-object.ts';
import { MessageType } from './message.ts';
import type { UbusTable } from './value.ts';

/** UBUS_SYSTEM_OBJECT_EVENT. */
export const EVENT_OBJECT = 1;

export type UbusEventHandler = (event: string, data: UbusTable) => void;

/** From now on `id`, an object of ours, is called for events that match: by name, or by prefix with a '*' at the end. */
export function registerPattern(
  connection: Connection,
  id: number,
  pattern: string,
  timeoutMs: number,
  done: (error: Error | undefined) => void,
): void {
  // ubusd takes an INT32 alone, with the same bits
  const data = { object: id | 0, pattern };
  const attributes = { objectId: EVENT_OBJECT, method: 'register', data };
  const action = `listen to '${pattern}'`;
  connection.establish(MessageType.INVOKE, attributes, {
    action,
    peer: EVENT_OBJECT,
    timeoutMs,
    done,
  });
}

export class Listener extends LastingObject {
  readonly #pattern: string;
  readonly #handler: UbusEventHandler;

  constructor(pattern: string, handler: UbusEventHandler, owner: Owner) {
    super(`listen to '${pattern}'`, {}, owner);
    this.#pattern = pattern;
    this.#handler = handler;
  }

  call(call: IncomingCall): void {
    call.answer(UbusStatus.OK);
    if (!this.registered) return;
    guard(this.owner.report, () => this.#handler(call.method, readMembers(call.data)));
  }

  protected override added(connection: Connection, id: number): void {
    const { timeoutMs, report } = this.owner;
    registerPattern(connection, id, this.#pattern, timeoutMs, (error) => {
      if (error !== undefined && connection.open) report(error);
    });
  }
}
