import assert from 'node:assert/strict';
import { DnstapError } from '../../../src/dnstap/dnstap-error.ts';
import { FrameStream } from '../../../src/dnstap/frame-stream.ts';
import { seededRandom } from '../../bpf/random.ts';
import { CONTROL_FRAMES, DATA_FRAMES } from '../../vectors/dnstap.ts';
import { contentType, controlFrame, dataFrame, MUTATIONS, oneWay, u32 } from './fixtures.ts';

const { READY, ACCEPT, START, STOP, FINISH } = CONTROL_FRAMES;
const { unbound, bind } = DATA_FRAMES;
const MIB = 1 << 20;
const LATER = 99; // a type that a later version might have

/** What the chunks bring, a line each; replies as their hexadecimal digits. */
function feed(chunks: readonly Buffer[], atEnd = true): readonly string[] {
  const stream = new FrameStream();
  const lines: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const event of stream.push(chunk)) {
        lines.push(
          event.kind === 'data'
            ? `data ${event.payload.toString('hex')}`
            : `reply ${event.bytes.toString('hex')}`,
        );
      }
    }
    if (atEnd) stream.end();
  } catch (error) {
    if (!(error instanceof DnstapError)) throw error;
    lines.push(error.code);
  }
  return [...lines, stream.state];
}

const data = (frame: Buffer): string => `data ${frame.subarray(4).toString('hex')}`;
const reply = (frame: Buffer): string => `reply ${frame.toString('hex')}`;

interface Row {
  readonly what: string;
  readonly bytes: Buffer;
  readonly brings: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    what: 'a unidirectional stream',
    bytes: oneWay(unbound, bind),
    brings: [data(unbound), data(bind), 'stopped'],
  },
  {
    what: 'a bidirectional stream',
    bytes: Buffer.concat([READY, START, bind, STOP]),
    brings: [reply(ACCEPT), data(bind), reply(FINISH), 'stopped'],
  },
  {
    what: 'a stream without data',
    bytes: oneWay(),
    brings: ['stopped'],
  },
  {
    what: 'control frames of later versions',
    bytes: Buffer.concat([READY, START, controlFrame(LATER, u32(7)), bind, controlFrame(0), STOP]),
    brings: [reply(ACCEPT), data(bind), reply(FINISH), 'stopped'],
  },
  {
    what: 'a handshake without content types',
    bytes: Buffer.concat([controlFrame(4), controlFrame(2), bind, STOP]),
    brings: [reply(ACCEPT), data(bind), reply(FINISH), 'stopped'],
  },
  {
    what: 'READY with several content types',
    bytes: Buffer.concat([
      controlFrame(4, contentType('x'), contentType('protobuf:dnstap.Dnstap')),
      START,
      STOP,
    ]),
    brings: [reply(ACCEPT), reply(FINISH), 'stopped'],
  },
  {
    what: 'what follows STOP',
    bytes: Buffer.concat([oneWay(bind), bind, u32(0xffffffff)]),
    brings: [data(bind), 'stopped'],
  },
];

describe('a frame stream', () => {
  for (const { what, bytes, brings } of ROWS) {
    it(`${what}: is read whole`, () => assert.deepEqual(feed([bytes]), brings));

    it(`${what}: is read byte by byte`, () =>
      assert.deepEqual(feed(Array.from(bytes, (byte) => Buffer.from([byte]))), brings));

    it(`${what}: is read in two pieces, wherever it is split`, () => {
      for (let at = 0; at <= bytes.length; at++) {
        assert.deepEqual(feed([bytes.subarray(0, at), bytes.subarray(at)]), brings, `at ${at}`);
      }
    });

    it(`${what}: brings what was whole, wherever it is cut`, () => {
      const events = brings.slice(0, -1);
      for (let length = 0; length < bytes.length; length++) {
        const found = feed([bytes.subarray(0, length)], false).slice(0, -1);
        assert.deepEqual(found, events.slice(0, found.length), `${length} bytes`);
      }
    });
  }

  it('that ends within a frame is told from one that ends between frames', () => {
    const bytes = Buffer.concat([READY, START, unbound]);
    const whole = [0, READY.length, READY.length + START.length, bytes.length];
    for (let length = 0; length <= bytes.length; length++) {
      const faulty = feed([bytes.subarray(0, length)]).includes('frame');
      assert.equal(faulty, !whole.includes(length), `${length} bytes`);
    }
  });

  const limits: readonly (readonly [string, Buffer, readonly string[]])[] = [
    ['a control frame of 512 bytes', controlFrame(LATER, Buffer.alloc(508)), ['started']],
    ['a control frame of 513 bytes', controlFrame(LATER, Buffer.alloc(509)), ['frame', 'started']],
    ['a control frame of 4 GiB', Buffer.concat([u32(0), u32(0xffffffff)]), ['frame', 'started']],
    ['a control frame of 0 bytes', Buffer.concat([u32(0), u32(0)]), ['frame', 'started']],
    [
      'a control frame of 3 bytes',
      Buffer.from('00000000 00000003 000000'.replaceAll(' ', ''), 'hex'),
      ['control', 'started'],
    ],
    [
      'a data frame of 1 MiB',
      dataFrame(Buffer.alloc(MIB)),
      [data(dataFrame(Buffer.alloc(MIB))), 'started'],
    ],
    ['a data frame of 1 MiB and a byte', u32(MIB + 1), ['frame', 'started']],
    ['a data frame of 4 GiB', u32(0xffffffff), ['frame', 'started']],
  ];
  for (const [what, bytes, brings] of limits) {
    it(`meets ${what}: ${brings.at(-2)?.slice(0, 8) ?? 'fine'}`, () =>
      assert.deepEqual(feed([START, bytes]), brings));
  }

  it('of large frames is read the same in pieces of any size', () => {
    const random = seededRandom(0xf5);
    const bytes = oneWay(
      ...[1, 65_535, 65_536, 65_537, 200_000, MIB].map((n) =>
        dataFrame(Buffer.from(random.bytes(n))),
      ),
    );
    const brings = feed([bytes]);
    for (const size of [997, 65_536, 100_000]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      assert.ok(
        feed(chunks).every((line, i) => line === brings[i]),
        `${size} bytes`,
      );
    }
  });

  const types: readonly (readonly [string, Buffer, string])[] = [
    [
      'another content type in START',
      controlFrame(2, contentType('protobuf:dnstap.Other')),
      'content-type',
    ],
    [
      'the beginning of the content type',
      controlFrame(2, contentType('protobuf:dnstap')),
      'content-type',
    ],
    ['an empty content type', controlFrame(2, contentType('')), 'content-type'],
    [
      'other content types in READY',
      controlFrame(4, contentType('a'), contentType('b')),
      'content-type',
    ],
    ['two content types in START', controlFrame(2, contentType('a'), contentType('b')), 'control'],
    ['a content type of 257 bytes', controlFrame(4, contentType('x'.repeat(257))), 'control'],
    [
      'a content type that is cut off',
      controlFrame(4, contentType('abc').subarray(0, -1)),
      'control',
    ],
    ['half a field', controlFrame(4, u32(1)), 'control'],
    ['an unknown field', controlFrame(4, u32(2), u32(0)), 'control'],
    ['data before START', dataFrame(Buffer.from('x')), 'control'],
    ['STOP before START', STOP, 'control'],
    ['ACCEPT of a sender', ACCEPT, 'control'],
    ['FINISH of a sender', FINISH, 'control'],
  ];
  for (const [what, bytes, code] of types) {
    it(`is refused for ${what}`, () => assert.deepEqual(feed([bytes]), [code, 'opening']));
  }

  const misplaced: readonly (readonly [string, Buffer])[] = [
    ['READY after START', READY],
    ['START after START', START],
    ['ACCEPT after START', ACCEPT],
    ['FINISH after START', FINISH],
    ['STOP with a content type', controlFrame(3, contentType('protobuf:dnstap.Dnstap'))],
  ];
  for (const [what, bytes] of misplaced) {
    it(`is refused for ${what}`, () =>
      assert.deepEqual(feed([Buffer.concat([START, bytes])]), ['control', 'started']));
  }

  it('is refused for READY after READY, and data before START', () => {
    assert.deepEqual(feed([READY, READY]), [reply(ACCEPT), 'control', 'accepted']);
    assert.deepEqual(feed([READY, bind]), [reply(ACCEPT), 'control', 'accepted']);
  });

  it('is not given the memory that it promises to fill', () => {
    const before = process.memoryUsage().arrayBuffers;
    const streams = Array.from({ length: 64 }, () => {
      const stream = new FrameStream();
      const bytes = Buffer.concat([START, u32(MIB), Buffer.from('x')]);
      assert.deepEqual([...stream.push(bytes)], []);
      return stream;
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < (streams.length * MIB) / 4, `${grown} bytes`);
  });

  it(`of garbage brings DnstapError and nothing else, ${MUTATIONS} times`, function () {
    this.timeout(600_000);
    const random = seededRandom(0x6a7b);
    const good = Buffer.concat([READY, START, unbound, bind, STOP]);
    const ends = new Map<string, number>();
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = Buffer.from(good);
      for (let changes = 1 + random.below(4); changes > 0; changes--) {
        bytes[random.below(random.oneIn(2) ? 100 : bytes.length)] = random.pick([
          0,
          1,
          4,
          255,
          random.below(256),
        ]);
      }
      const split = random.below(bytes.length);
      const found = feed([bytes.subarray(0, split), bytes.subarray(split)]);
      const last = found.at(-2)?.replace(/ .*/, '') ?? 'nothing';
      ends.set(last, (ends.get(last) ?? 0) + 1);
    }
    for (const code of ['frame', 'control', 'content-type', 'reply'])
      assert.ok(ends.has(code), code);
  });
});
