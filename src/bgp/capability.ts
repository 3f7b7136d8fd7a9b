/** Capabilities of OPEN messages (RFC 5492). */
import { concat, Reader, u16Bytes, u32Bytes } from './bytes.ts';
import { afiOf, CapabilityCode, type Family, familyOf, SAFI_UNICAST } from './constants.ts';
import { ErrorCode, NotificationError, OpenError } from './notification.ts';

/** RFC 4724 §3. */
export interface GracefulRestart {
  /** The R bit: the speaker has restarted. */
  readonly restartState: boolean;
  /** Seconds, 0 to 4095. */
  readonly restartTime: number;
  /** Families, and whether forwarding went on meanwhile: the F bit. */
  readonly families: ReadonlyMap<Family, boolean>;
}

/** What is used here; others are ignored. */
export interface Capabilities {
  /** RFC 4760. Without this capability a speaker has IPv4 alone: undefined. */
  readonly multiprotocol: readonly Family[] | undefined;
  readonly routeRefresh: boolean;
  /** RFC 6793: the AS number of the speaker. */
  readonly fourOctetAs: number | undefined;
  readonly gracefulRestart: GracefulRestart | undefined;
}

const RESTART_STATE = 0x8000;
const RESTART_TIME = 0x0fff;
const FORWARDING_STATE = 0x80;

/** The capabilities as one optional parameter's value. */
export function encodeCapabilities(capabilities: Capabilities): Uint8Array {
  const { multiprotocol, routeRefresh, fourOctetAs, gracefulRestart } = capabilities;
  const parts: Uint8Array[] = [];
  const add = (code: number, value: Uint8Array): void => {
    parts.push(Uint8Array.of(code, value.length), value);
  };
  for (const family of multiprotocol ?? []) {
    add(CapabilityCode.MULTIPROTOCOL, multiprotocolValue(family));
  }
  if (routeRefresh) add(CapabilityCode.ROUTE_REFRESH, new Uint8Array());
  if (gracefulRestart !== undefined) {
    const { restartState, restartTime, families } = gracefulRestart;
    const list = [...families].map(([family, forwarding]) =>
      Uint8Array.of(0, afiOf(family), SAFI_UNICAST, forwarding ? FORWARDING_STATE : 0),
    );
    const head = u16Bytes((restartState ? RESTART_STATE : 0) | (restartTime & RESTART_TIME));
    add(CapabilityCode.GRACEFUL_RESTART, concat(head, ...list));
  }
  if (fourOctetAs !== undefined) add(CapabilityCode.FOUR_OCTET_AS, u32Bytes(fourOctetAs));
  return concat(...parts);
}

function multiprotocolValue(family: Family): Uint8Array {
  return Uint8Array.of(0, afiOf(family), 0, SAFI_UNICAST);
}

/** RFC 5492 §5: the session cannot be without these, so the peer is told which. */
export function missingFamilies(families: readonly Family[]): NotificationError {
  const data = families.map((family) =>
    concat(Uint8Array.of(CapabilityCode.MULTIPROTOCOL, 4), multiprotocolValue(family)),
  );
  return new NotificationError(ErrorCode.OPEN, OpenError.UNSUPPORTED_CAPABILITY, concat(...data));
}

/**
 * The capabilities of all optional parameters of an OPEN. One that is there twice counts once (RFC 5492 §4: the
 * families add up, of others the last is taken). Throws a NotificationError.
 */
export function decodeCapabilities(values: readonly Uint8Array[]): Capabilities {
  let multiprotocol: Set<Family> | undefined;
  let routeRefresh = false;
  let fourOctetAs: number | undefined;
  let gracefulRestart: GracefulRestart | undefined;
  for (const { code, value } of values.flatMap(split)) {
    const reader = new Reader(value);
    switch (code) {
      case CapabilityCode.MULTIPROTOCOL: {
        demand(value.length === 4);
        multiprotocol ??= new Set();
        const afi = reader.u16();
        reader.u8(); // reserved
        const family = familyOf(afi, reader.u8());
        if (family !== undefined) multiprotocol.add(family);
        break;
      }
      case CapabilityCode.ROUTE_REFRESH:
        demand(value.length === 0);
        routeRefresh = true;
        break;
      case CapabilityCode.FOUR_OCTET_AS:
        demand(value.length === 4);
        fourOctetAs = reader.u32();
        break;
      case CapabilityCode.GRACEFUL_RESTART:
        demand(value.length >= 2 && value.length % 4 === 2);
        gracefulRestart = decodeGracefulRestart(reader);
        break;
    }
  }
  return {
    multiprotocol: multiprotocol === undefined ? undefined : [...multiprotocol].sort(),
    routeRefresh,
    fourOctetAs,
    gracefulRestart,
  };
}

function decodeGracefulRestart(reader: Reader): GracefulRestart {
  const head = reader.u16();
  const families = new Map<Family, boolean>();
  while (reader.left > 0) {
    const family = familyOf(reader.u16(), reader.u8());
    const forwarding = (reader.u8() & FORWARDING_STATE) !== 0;
    if (family !== undefined) families.set(family, forwarding);
  }
  return {
    restartState: (head & RESTART_STATE) !== 0,
    restartTime: head & RESTART_TIME,
    families,
  };
}

function split(bytes: Uint8Array): readonly { code: number; value: Uint8Array }[] {
  const reader = new Reader(bytes);
  const list: { code: number; value: Uint8Array }[] = [];
  while (reader.left > 0) {
    demand(reader.left >= 2);
    const code = reader.u8();
    const length = reader.u8();
    demand(length <= reader.left);
    list.push({ code, value: reader.take(length) });
  }
  return list;
}

/** RFC 4271 §6.2: "recognized, but malformed" is subcode 0. */
function demand(wellFormed: boolean): void {
  if (!wellFormed) throw new NotificationError(ErrorCode.OPEN, OpenError.UNSPECIFIC);
}
