import assert from 'node:assert/strict';
import { PbfWriter } from 'pbf';
import { DnstapError } from '../../../src/dnstap/dnstap-error.ts';
import { decodeDnstap, type DnstapMessage } from '../../../src/dnstap/dnstap-message.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { seededRandom } from '../../bpf/random.ts';
import { DATA_FRAMES } from '../../vectors/dnstap.ts';
import { clientResponse, dnstap, MUTATIONS, type MessageFields } from './fixtures.ts';

/** With bytes and addresses as text. */
function readable(message: DnstapMessage | undefined): unknown {
  if (message === undefined) return undefined;
  const { identity, queryAddress, responseAddress } = message;
  const address = (bytes: Uint8Array | undefined): string | undefined =>
    bytes === undefined ? undefined : formatAddress(bytes);
  return {
    ...message,
    identity: identity === undefined ? undefined : Buffer.from(identity).toString(),
    queryAddress: address(queryAddress),
    responseAddress: address(responseAddress),
    message: Buffer.from(message.message).toString('hex'),
  };
}

function decode(payload: Uint8Array): DnstapMessage | undefined | 'payload' {
  try {
    return decodeDnstap(payload);
  } catch (error) {
    assert.ok(error instanceof DnstapError && error.code === 'payload', String(error));
    return 'payload';
  }
}

const fields = (more: MessageFields): DnstapMessage | undefined | 'payload' =>
  decode(dnstap({ 1: 6, 14: Buffer.from('answer'), ...more }));
const field = <K extends keyof DnstapMessage>(more: MessageFields, name: K): DnstapMessage[K] => {
  const message = fields(more);
  assert.ok(typeof message === 'object');
  return message[name];
};

/** Of two fields. */
const VALID = clientResponse(Buffer.from('A'));

describe('a dnstap message', () => {
  it('of unbound is read', () => {
    assert.deepEqual(readable(decodeDnstap(DATA_FRAMES.unbound.subarray(4))), {
      type: 'CLIENT_RESPONSE',
      identity: 'r1',
      socketFamily: 'INET',
      socketProtocol: 'UDP',
      queryAddress: '127.0.0.1',
      queryPort: 51_684,
      responseAddress: '127.0.0.1',
      responsePort: 5399,
      queryTimeMs: undefined,
      responseTimeMs: 1_795_283_308_340,
      message:
        '123485800001000200000000027634076578616d706c6503636f6d0000010001' +
        'c00c000100010000012c0004cb007150c00c000100010000012c0004cb007151',
    });
  });

  it('of BIND is read', () => {
    const message = decodeDnstap(DATA_FRAMES.bind.subarray(4));
    assert.ok(message !== undefined);
    const { type, identity, queryPort, responsePort, responseTimeMs } = message;
    assert.deepEqual(
      [type, Buffer.from(identity ?? []).toString(), queryPort, responsePort, responseTimeMs],
      ['CLIENT_RESPONSE', 'b1', 46_219, 5398, 1_795_283_332_813],
    );
    assert.equal(message.message.length, 155);
  });

  it('has a type of the schema, and the query or the answer as its message', () => {
    const types = Array.from({ length: 16 }, (_, type) => {
      const message = decode(dnstap({ 1: type, 10: Buffer.from('Q'), 14: Buffer.from('A') }));
      return typeof message === 'object'
        ? `${message.type} ${Buffer.from(message.message).toString()}`
        : message;
    });
    // dnstap.proto, enum Message.Type
    assert.deepEqual(types, [
      undefined,
      'AUTH_QUERY Q',
      'AUTH_RESPONSE A',
      'RESOLVER_QUERY Q',
      'RESOLVER_RESPONSE A',
      'CLIENT_QUERY Q',
      'CLIENT_RESPONSE A',
      'FORWARDER_QUERY Q',
      'FORWARDER_RESPONSE A',
      'STUB_QUERY Q',
      'STUB_RESPONSE A',
      'TOOL_QUERY Q',
      'TOOL_RESPONSE A',
      'UPDATE_QUERY Q',
      'UPDATE_RESPONSE A',
      undefined,
    ]);
  });

  it('came over a protocol of the schema, or one that is not known', () => {
    const protocols = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => field({ 3: n }, 'socketProtocol'));
    assert.deepEqual(protocols, [
      'UDP',
      'TCP',
      'DOT',
      'DOH',
      'DNSCryptUDP',
      'DNSCryptTCP',
      'DOQ',
      undefined,
    ]);
    const families = [1, 2, 3].map((n) => field({ 2: n }, 'socketFamily'));
    assert.deepEqual(families, ['INET', 'INET6', undefined]);
  });

  it('has addresses of 16 bytes, or none', () => {
    const address = (bytes: readonly number[]): string => {
      const found = field({ 4: Uint8Array.from(bytes) }, 'queryAddress');
      return found === undefined ? 'none' : formatAddress(found);
    };
    assert.equal(address([192, 0, 2, 7]), '192.0.2.7');
    assert.equal(address([0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 9]), '2001:db8::9');
    assert.equal(address([]), 'none');
    assert.equal(fields({ 5: Buffer.alloc(5) }), 'payload');
  });

  it('has times in milliseconds', () => {
    const time = { 8: 1_700_000_000, 9: 123_456_789, 12: 1_700_000_001 };
    assert.equal(field(time, 'queryTimeMs'), 1_700_000_000_123);
    assert.equal(field(time, 'responseTimeMs'), 1_700_000_001_000);
  });

  it('has no port above 65,535', () => {
    assert.equal(field({ 6: 65_535 }, 'queryPort'), 65_535);
    assert.equal(field({ 6: 65_536 }, 'queryPort'), undefined);
  });

  it('without a DNS message is none', () => {
    assert.equal(decode(dnstap({ 1: 6, 10: Buffer.from('Q') })), undefined);
    assert.equal(decode(dnstap({ 1: 5, 14: Buffer.from('A') })), undefined);
  });

  it('without the fields that the schema requires is a fault', () => {
    assert.equal(decode(new Uint8Array(0)), 'payload');
    assert.equal(decode(dnstap({ 14: Buffer.from('A') })), 'payload');
  });

  it('of another kind than the schema has is passed over', () => {
    const writer = new PbfWriter();
    writer.writeVarintField(15, 2);
    assert.equal(decode(writer.finish()), undefined);
  });

  it('may have fields of later schemas', () => {
    const writer = new PbfWriter();
    writer.writeBytesField(100, Buffer.from('x'));
    writer.writeVarintField(101, 5);
    writer.writeFixed32Field(102, 1);
    writer.writeFixed64Field(16, 1);
    const later = writer.finish();
    const payload = Buffer.concat([later, clientResponse(Buffer.from('A')), later]);
    assert.equal(typeof decode(payload), 'object');
  });

  it('has its fields in any order, and the last one of a number counts', () => {
    const message = new PbfWriter();
    message.writeBytesField(14, Buffer.from('first'));
    message.writeVarintField(6, 53);
    message.writeBytesField(14, Buffer.from('last'));
    message.writeVarintField(1, 5);
    message.writeVarintField(1, 6);
    const writer = new PbfWriter();
    writer.writeVarintField(15, 1);
    writer.writeBytesField(14, Buffer.from('no message'));
    writer.writeBytesField(14, message.finish());
    writer.writeBytesField(1, Buffer.from('identity'));
    assert.deepEqual(readable(decodeDnstap(writer.finish())), {
      type: 'CLIENT_RESPONSE',
      identity: 'identity',
      socketFamily: undefined,
      socketProtocol: undefined,
      queryAddress: undefined,
      queryPort: 53,
      responseAddress: undefined,
      responsePort: undefined,
      queryTimeMs: undefined,
      responseTimeMs: undefined,
      message: Buffer.from('last').toString('hex'),
    });
  });

  it('has 128 fields at most', () => {
    const more = (count: number): Buffer =>
      Buffer.concat([...new Array<Buffer>(count).fill(Buffer.from('0a00', 'hex')), VALID]);
    assert.equal(typeof decode(more(126)), 'object');
    assert.equal(decode(more(127)), 'payload');
  });

  it('takes a field of another wire type for one that is not known', () => {
    const message = new PbfWriter();
    message.writeVarintField(1, 6);
    message.writeVarintField(14, 1);
    const writer = new PbfWriter();
    writer.writeBytesField(14, message.finish());
    writer.writeVarintField(15, 1);
    assert.equal(decode(writer.finish()), undefined);
  });

  const faults: readonly (readonly [string, string])[] = [
    ['a group', '7801 a301 a401'],
    ['a wire type that is none', '7801 07'],
    ['field number 0', '7801 00 00'],
    ['a varint of 11 bytes', '7801 10 ffffffffffffffffffff01'],
    ['a varint that is cut', '7801 10 ff'],
    ['a length beyond the end', '7801 0a 02 61'],
    ['a length of 2^64 - 1', '7801 0a ffffffffffffffffff01'],
    ['a field beyond the schema that is cut', '7801 aa06 05 61'],
    ['a fixed32 that is cut', '7801 0d 010203'],
  ];
  for (const [what, text] of faults) {
    it(`with ${what} is a fault`, () =>
      assert.equal(decode(Buffer.from(text.replaceAll(' ', ''), 'hex')), 'payload'));
  }

  it('that is cut is a fault, or has a field less', () => {
    for (const frame of Object.values(DATA_FRAMES)) {
      const payload = frame.subarray(4);
      for (let length = 0; length < payload.length; length++) {
        // `type` comes last
        assert.equal(decode(payload.subarray(0, length)), 'payload', `${length} bytes`);
      }
    }
  });

  it(`of garbage is a fault, or another message, ${MUTATIONS} times`, function () {
    this.timeout(600_000);
    const random = seededRandom(0xd75);
    let faults = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = random.oneIn(10)
        ? Buffer.from(random.bytes(random.below(64)))
        : Buffer.from(random.pick(Object.values(DATA_FRAMES)).subarray(4));
      for (let changes = 1 + random.below(3); changes > 0 && bytes.length > 0; changes--) {
        bytes[random.below(Math.min(60, bytes.length))] = random.below(256);
      }
      if (decode(bytes) === 'payload') faults++;
    }
    assert.ok(faults > MUTATIONS / 20 && faults < MUTATIONS * 0.95, `${faults} faults`);
  });
});
