/** What only the daemon knows: asked of its ubus object. */
import { UbusClient, UbusError, type UbusTable } from '#ubus-ts';
import { DomainrouteError } from '../base/errors.ts';
import type { Settings } from './settings.ts';

/**
 * The answer of a method of `domainroute`. Throws DomainrouteError: 'not-running' if there is no daemon on ubus,
 * 'usage' with its words for what it refuses.
 */
export async function askDaemon(
  { ubus: path }: Settings,
  method: string,
  args: UbusTable = {},
): Promise<UbusTable> {
  let client: UbusClient | undefined;
  try {
    client = await UbusClient.connect({ path });
    return await client.invoke('domainroute', method, args);
  } catch (cause) {
    if (!(cause instanceof UbusError)) throw cause;
    throw translate(cause, method);
  } finally {
    client?.close();
  }
}

function translate(cause: UbusError, method: string): DomainrouteError {
  const said = cause.data?.['error'];
  const isRefused = cause.code === 'INVALID_ARGUMENT';
  if (typeof said === 'string') {
    return new DomainrouteError(isRefused ? 'usage' : 'internal', said, { cause });
  }
  if (cause.code === 'CONNECTION_FAILED' || cause.code === 'NOT_FOUND') {
    return new DomainrouteError(
      'not-running',
      `Cannot ask the daemon for '${method}': it is not on ubus (run /etc/init.d/domainroute start)`,
      { cause },
    );
  }
  return new DomainrouteError('internal', cause.message, { cause });
}
