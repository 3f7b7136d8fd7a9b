import assert from 'node:assert/strict';
import { readMembers } from '../../../src/lib/ubus-ts/blobmsg.ts';
import { UbusError } from '../../../src/lib/ubus-ts/error.ts';
import { FrameDecoder } from '../../../src/lib/ubus-ts/frames.ts';
import {
  encodeMessage,
  MAX_ROOT,
  MessageType,
  readAttributes,
  type Message,
} from '../../../src/lib/ubus-ts/message.ts';
import { CAPTURED } from '../../vectors/ubus.ts';
import { plain } from './plain.ts';

function decode(...chunks: readonly Buffer[]): Message[] {
  const frames = new FrameDecoder();
  return chunks.flatMap((chunk) =>
    // a body may be part of a chunk, which is the socket's
    [...frames.push(Buffer.from(chunk))].map((message) => ({
      ...message,
      body: Buffer.from(message.body),
    })),
  );
}

/** As the vectors have them: tables read. */
function attributesOf({ body }: Message): object {
  const { signature, data, ...rest } = readAttributes(body);
  return plain({
    ...rest,
    ...(signature === undefined ? {} : { signature: readMembers(signature) }),
    ...(data === undefined ? {} : { data: readMembers(data) }),
  });
}

describe('messages of ubus', () => {
  for (const { what, bytes, attributes, ...header } of CAPTURED) {
    it(`${what} is read as captured`, () => {
      const [message, ...others] = decode(bytes);
      assert.ok(message);
      assert.deepEqual(others, []);
      const { version, type, seq, peer } = message;
      assert.deepEqual({ version, type, seq, peer }, { version: 0, ...header });
      assert.deepEqual(attributesOf(message), attributes);
    });

    it(`${what} is written as captured`, () => {
      assert.deepEqual(encodeMessage(header, attributes), bytes);
    });
  }

  const stream = Buffer.concat(CAPTURED.map(({ bytes }) => bytes));

  it('are the same wherever the stream is cut in two', () => {
    const whole = decode(stream);
    assert.equal(whole.length, CAPTURED.length);
    for (let cut = 1; cut < stream.length; cut++) {
      assert.deepEqual(decode(stream.subarray(0, cut), stream.subarray(cut)), whole);
    }
  });

  it('are the same when they come byte by byte', () => {
    const bytes = [...stream].map((byte) => Buffer.of(byte));
    assert.deepEqual(decode(...bytes), decode(stream));
  });

  it('of an unknown attribute show the others', () => {
    const body = Buffer.from('7f000005 01000000 03000008 00000400'.replaceAll(' ', ''), 'hex');
    assert.deepEqual(readAttributes(body), { objectId: 1024 });
  });

  it('take the last of two attributes of one kind', () => {
    const body = Buffer.from('0300000800000400 0300000800000401'.replaceAll(' ', ''), 'hex');
    assert.deepEqual(readAttributes(body), { objectId: 1025 });
  });

  it('end before an attribute whose padding does not fit', () => {
    // LOOKUP of "abcde": ubusd took it for one without a path when the last two zeros were not counted
    const whole = Buffer.from('0200000a 61626364 65000000'.replaceAll(' ', ''), 'hex');
    assert.deepEqual(readAttributes(whole), { path: 'abcde' });
    assert.deepEqual(readAttributes(whole.subarray(0, 10)), {});
  });

  it('leave out a string without NUL and numbers of a wrong length', () => {
    for (const hex of ['0200000861626364', '03000007 00000400', '0900000800000001']) {
      assert.deepEqual(readAttributes(Buffer.from(hex.replaceAll(' ', ''), 'hex')), {});
    }
  });
});

describe('the limit of a message', () => {
  const header = { type: MessageType.DATA, seq: 1, peer: 2 };
  /** A root blob of exactly `length` bytes: its word, the id, the word of DATA. */
  const ofLength = (length: number): Buffer =>
    encodeMessage(header, { objectId: 1, data: Buffer.alloc(length - 4 - 8 - 4) });

  it('is reached by one of 1 MiB', () => {
    const bytes = ofLength(MAX_ROOT);
    assert.equal(bytes.readUInt32BE(8), 1_048_576);
    const [message] = decode(bytes);
    assert.equal(message?.body.length, 1_048_576 - 4);
  });

  it('refuses to write a longer one', () => {
    assert.throws(() => ofLength(MAX_ROOT + 4), { name: 'UbusError', code: 'NOT_SUPPORTED' });
  });

  for (const length of [0, 3, 1_048_577, 0xff_ffff]) {
    it(`refuses to read one of ${length} bytes`, () => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt32BE(length, 8);
      assert.throws(
        () => decode(bytes),
        (error) => error instanceof UbusError && error.code === 'PARSE_ERROR',
      );
    });
  }
});
