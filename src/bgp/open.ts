/** OPEN messages (RFC 4271 §4.2; extended optional parameters: RFC 9072). */
import { concat, Reader, u16Bytes, u32Bytes } from './bytes.ts';
import { type Capabilities, decodeCapabilities, encodeCapabilities } from './capability.ts';
import { AS_TRANS, BGP_VERSION } from './constants.ts';
import { ErrorCode, NotificationError, OpenError, unsupportedVersion } from './notification.ts';

export interface Open {
  /** The AS number of the speaker: that of the 4-octet AS capability where there is one. */
  readonly myAs: number;
  /** Seconds: 0 or at least 3. */
  readonly holdTime: number;
  /** 32 bits. */
  readonly bgpIdentifier: number;
  readonly capabilities: Capabilities;
}

/** Version 1, AS 2, hold time 2, identifier 4, length of the parameters 1. */
const PARAMETERS_AT = 10;
const PARAMETER_CAPABILITIES = 2;
/** RFC 9072 §2: as the type of the first parameter it says that a length of two bytes follows. */
const EXTENDED = 255;

/** The message behind its header. */
export function encodeOpen({ myAs, holdTime, bgpIdentifier, capabilities }: Open): Uint8Array {
  const value = encodeCapabilities(capabilities);
  const parameter = concat(Uint8Array.of(PARAMETER_CAPABILITIES, value.length), value);
  return concat(
    Uint8Array.of(BGP_VERSION),
    u16Bytes(myAs > 0xffff ? AS_TRANS : myAs, holdTime),
    u32Bytes(bgpIdentifier),
    Uint8Array.of(parameter.length),
    parameter,
  );
}

/** Reads what {@link encodeOpen} writes. Throws a NotificationError (RFC 4271 §6.2). */
export function decodeOpen(body: Uint8Array): Open {
  const reader = new Reader(body);
  if (reader.u8() !== BGP_VERSION) throw unsupportedVersion();
  const twoOctetAs = reader.u16();
  const holdTime = reader.u16();
  const bgpIdentifier = reader.u32();
  const capabilities = decodeCapabilities(parameters(reader));
  const myAs = capabilities.fourOctetAs ?? twoOctetAs;
  // RFC 7607
  if (myAs === 0) throw new NotificationError(ErrorCode.OPEN, OpenError.BAD_PEER_AS);
  if (bgpIdentifier === 0) throw new NotificationError(ErrorCode.OPEN, OpenError.BAD_IDENTIFIER);
  if (holdTime === 1 || holdTime === 2) {
    throw new NotificationError(ErrorCode.OPEN, OpenError.UNACCEPTABLE_HOLD_TIME);
  }
  return { myAs, holdTime, bgpIdentifier, capabilities };
}

/** The values of the parameters that are capabilities; no other type is in use (RFC 5492 made them obsolete). */
function parameters(reader: Reader): readonly Uint8Array[] {
  const values: Uint8Array[] = [];
  let length = reader.u8();
  const extended = length !== 0 && reader.left >= 3 && reader.u8() === EXTENDED;
  if (extended) length = reader.u16();
  else reader.offset = PARAMETERS_AT;
  demand(length === reader.left);
  while (reader.left > 0) {
    demand(reader.left >= (extended ? 3 : 2));
    const type = reader.u8();
    const size = extended ? reader.u16() : reader.u8();
    demand(size <= reader.left);
    const value = reader.take(size);
    if (type !== PARAMETER_CAPABILITIES) {
      throw new NotificationError(ErrorCode.OPEN, OpenError.UNSUPPORTED_PARAMETER);
    }
    values.push(value);
  }
  return values;
}

function demand(wellFormed: boolean): void {
  if (!wellFormed) throw new NotificationError(ErrorCode.OPEN, OpenError.UNSPECIFIC);
}
