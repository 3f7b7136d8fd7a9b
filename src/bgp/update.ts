/** UPDATE messages (RFC 4271 §4.3, RFC 4760) as they arrive, judged by RFC 7606. */
import { type AttributeError, decodeAttributes, type DecodeContext } from './attributes.ts';
import type { PathAttributes } from './attributes.ts';
import { Reader } from './bytes.ts';
import { isNlri } from './nlri.ts';
import { ErrorCode, NotificationError, UpdateError } from './notification.ts';

/** Routes stay bytes: `decodeNlri` reads them. They are views of the message, good as long as it is. */
export interface Update {
  /** Of IPv4; IPv6's are in `pathAttributes.mpUnreach`. */
  readonly withdrawnRoutes: Uint8Array;
  readonly pathAttributes: PathAttributes;
  /** Of IPv4; IPv6's are in `pathAttributes.mpReach`. */
  readonly nlri: Uint8Array;
  /** What was wrong with it; one 'treat-as-withdraw' makes `nlri` and `mpReach` withdrawals. */
  readonly errors: readonly AttributeError[];
}

/** Decodes the message behind its header, of at least 4 bytes. Throws a NotificationError (RFC 4271 §6.3, RFC 7606). */
export function decodeUpdate(body: Uint8Array, context: DecodeContext): Update {
  const reader = new Reader(body);
  const withdrawnLength = reader.u16();
  if (withdrawnLength + 2 > reader.left) throw malformed();
  const withdrawnRoutes = reader.take(withdrawnLength);
  const attributesLength = reader.u16();
  if (attributesLength > reader.left) throw malformed();
  const field = reader.take(attributesLength);
  const nlri = reader.take(reader.left);
  if (!isNlri(withdrawnRoutes, 4) || !isNlri(nlri, 4)) {
    throw new NotificationError(ErrorCode.UPDATE, UpdateError.INVALID_NETWORK_FIELD);
  }
  const { attributes, errors } = decodeAttributes(field, context);
  const lacking = lacksMandatory(attributes, nlri.length > 0, context.internal);
  return {
    withdrawnRoutes,
    pathAttributes: attributes,
    nlri,
    errors: lacking ? [...errors, { type: 0, action: 'treat-as-withdraw' }] : errors,
  };
}

/** RFC 7606 §3 (d). */
function lacksMandatory(attributes: PathAttributes, hasNlri: boolean, internal: boolean): boolean {
  const { origin, asPath, nextHop, localPref, mpReach } = attributes;
  if (!hasNlri && mpReach === undefined) return false;
  if (origin === undefined || asPath === undefined) return true;
  return (hasNlri && nextHop === undefined) || (internal && localPref === undefined);
}

function malformed(): NotificationError {
  return new NotificationError(ErrorCode.UPDATE, UpdateError.MALFORMED_ATTRIBUTE_LIST);
}
