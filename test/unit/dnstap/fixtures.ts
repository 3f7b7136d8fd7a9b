/** dnstap and Frame Streams from their parts, written apart from src/dnstap. */
import { PbfWriter } from 'pbf';
import { CONTROL_FRAMES } from '../../vectors/dnstap.ts';

/** Mutated inputs for each decoder. */
export const MUTATIONS = Number(process.env['DR_DNSTAP_INPUTS'] ?? 20_000);

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function dataFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([u32(payload.length), payload]);
}

export function controlFrame(type: number, ...fields: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat([u32(type), ...fields]);
  return Buffer.concat([u32(0), u32(payload.length), payload]);
}

export function contentType(text: string): Buffer {
  return Buffer.concat([u32(1), u32(text.length), Buffer.from(text)]);
}

/** One data frame after the other, between START and STOP. */
export function oneWay(...frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat([CONTROL_FRAMES.START, ...frames, CONTROL_FRAMES.STOP]);
}

/** Fields of `message Message` of dnstap.proto, by number; numbers are varints, but 9 and 13. */
export type MessageFields = Readonly<Record<number, number | Uint8Array>>;

/** A payload with one message, as protobuf-c writes it: `type` last. */
export function dnstap(fields: MessageFields, identity?: string): Uint8Array {
  const message = new PbfWriter();
  for (const [number, value] of Object.entries(fields)) writeField(message, Number(number), value);
  const writer = new PbfWriter();
  if (identity !== undefined) writer.writeBytesField(1, Buffer.from(identity));
  writer.writeBytesField(14, message.finish());
  writer.writeVarintField(15, 1);
  return writer.finish();
}

function writeField(writer: PbfWriter, number: number, value: number | Uint8Array): void {
  if (value instanceof Uint8Array) writer.writeBytesField(number, value);
  else if (number === 9 || number === 13) writer.writeFixed32Field(number, value);
  else writer.writeVarintField(number, value);
}

/** CLIENT_RESPONSE with a message of these bytes. */
export function clientResponse(message: Uint8Array): Uint8Array {
  return dnstap({ 1: 6, 2: 1, 3: 1, 4: Buffer.from([192, 0, 2, 1]), 14: message });
}
