/** ubus client and object server in TypeScript. Self-contained; see README.md. */
export {
  type UbusArguments,
  type UbusArgumentType,
  type UbusArgumentValues,
  type UbusSignature,
} from './arguments.ts';
export { encodedSize } from './blobmsg.ts';
export {
  DEFAULT_SOCKET,
  UbusClient,
  type UbusClientOptions,
  type UbusInvokeOptions,
  type UbusListener,
  type UbusObjectInfo,
  type UbusSubscription,
} from './client.ts';
export { UbusError, type UbusErrorOptions, UbusStatus, type UbusStatusName } from './error.ts';
export { type UbusEventHandler } from './event.ts';
export { UBUS_REPLY_LIMIT } from './message.ts';
export {
  ubusMethod,
  type UbusCaller,
  type UbusMethod,
  type UbusObject,
  type UbusObjectDefinition,
  type UbusReply,
} from './object.ts';
export { type UbusNotificationHandler, type UbusSubscriptionOptions } from './subscription.ts';
export { type UbusTable, type UbusValue } from './value.ts';
