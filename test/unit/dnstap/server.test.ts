import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainrouteError } from '../../../src/base/errors.ts';
import type { DnstapError } from '../../../src/dnstap/dnstap-error.ts';
import type { DnstapMessage } from '../../../src/dnstap/dnstap-message.ts';
import {
  createDnstapServer,
  type DnstapOptions,
  type DnstapServer,
} from '../../../src/dnstap/server.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { seededRandom } from '../../bpf/random.ts';
import { until } from '../../lab/until.ts';
import { CONTROL_FRAMES, DATA_FRAMES } from '../../vectors/dnstap.ts';
import {
  clientResponse,
  contentType,
  controlFrame,
  dataFrame,
  dnstap,
  oneWay,
  u32,
} from './fixtures.ts';

const { READY, ACCEPT, START, STOP, FINISH } = CONTROL_FRAMES;
const { unbound, bind } = DATA_FRAMES;

describe('a dnstap server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dnstap-'));
  const path = join(directory, 'tap.sock');
  const sockets: Socket[] = [];
  const servers: DnstapServer[] = [];
  let messages: DnstapMessage[];
  let problems: DnstapError[];

  beforeEach(() => {
    messages = [];
    problems = [];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  after(() => rmSync(directory, { recursive: true }));

  async function start(options: Partial<DnstapOptions> = {}): Promise<DnstapServer> {
    const server = await createDnstapServer({
      listen: { unix: { path } },
      onMessage: (message) => {
        messages.push(message);
      },
      onProblem: (problem) => problems.push(problem),
      ...options,
    });
    servers.push(server);
    return server;
  }

  /** A sender; `received` is what it was answered. */
  function connect(to: { path: string } | { host: string; port: number } = { path }): {
    readonly socket: Socket;
    readonly received: () => Buffer;
  } {
    const socket = createConnection(to);
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    return { socket, received: () => Buffer.concat(chunks) };
  }

  const codes = (): readonly string[] => problems.map(({ code }) => code);
  const gone = (server: DnstapServer): Promise<boolean> =>
    until('no sender is left', () => server.senders().length === 0);

  it('takes a bidirectional stream over a unix socket', async () => {
    const server = await start();
    assert.deepEqual(server.address(), { unix: path });
    const { socket, received } = connect();
    socket.write(READY);
    await until('ACCEPT', () => received().equals(ACCEPT));
    socket.write(Buffer.concat([START, unbound, bind, STOP]));
    await once(socket, 'close');
    assert.ok(received().equals(Buffer.concat([ACCEPT, FINISH])));
    assert.deepEqual(
      messages.map(({ identity }) => Buffer.from(identity ?? []).toString()),
      ['r1', 'b1'],
    );
    await gone(server);
    assert.deepEqual(problems, []);
    assert.deepEqual(server.stats(), {
      accepted: 1,
      refused: 0,
      failed: 0,
      bytes: READY.length + START.length + unbound.length + bind.length + STOP.length,
      messages: 2,
      ignored: 0,
      malformed: 0,
    });
  });

  it('takes a unidirectional stream over TCP, and says who sends', async () => {
    const server = await start({ listen: { tcp: { address: '127.0.0.1', port: 0 } } });
    const { tcp } = server.address();
    assert.ok(tcp !== undefined && tcp.port > 0);
    const { socket, received } = connect({ host: tcp.address, port: tcp.port });
    socket.write(Buffer.concat([START, bind]));
    await until('a message', () => messages.length === 1);
    const [sender] = server.senders();
    assert.deepEqual(
      [sender?.peer, sender?.state, sender?.frames, sender?.malformed],
      [`127.0.0.1 port ${socket.localPort ?? 0}`, 'started', 1, 0],
    );
    socket.write(STOP);
    await gone(server);
    assert.equal(received().length, 0);
    assert.deepEqual(problems, []);
  });

  it('listens on both at once', async () => {
    const server = await start({
      listen: { unix: { path }, tcp: { address: '::1', port: 0 } },
    });
    connect().socket.end(oneWay(bind));
    connect({ host: '::1', port: server.address().tcp?.port ?? 0 }).socket.end(oneWay(unbound));
    await until('two messages', () => messages.length === 2);
  });

  it('gives CLIENT_RESPONSE alone, if nothing else was asked for', async () => {
    const server = await start();
    const types = Array.from({ length: 14 }, (_, i) =>
      dataFrame(dnstap({ 1: i + 1, 10: Buffer.from('Q'), 14: Buffer.from('A') })),
    );
    connect().socket.end(oneWay(...types));
    await until('all are read', () => server.stats().ignored === 13);
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['CLIENT_RESPONSE'],
    );
  });

  it('gives the types that were asked for, with who asked', async () => {
    await start({ messageTypes: ['RESOLVER_RESPONSE', 'CLIENT_QUERY'] });
    const ipv6 = Buffer.from('20010db8000000000000000000000009', 'hex');
    connect().socket.end(
      oneWay(
        dataFrame(clientResponse(Buffer.from('A'))),
        dataFrame(
          dnstap({ 1: 4, 2: 1, 3: 1, 4: Buffer.from([192, 0, 2, 9]), 14: Buffer.from('A') }),
        ),
        dataFrame(dnstap({ 1: 5, 2: 2, 3: 7, 4: ipv6, 10: Buffer.from('Q') })),
      ),
    );
    await until('two messages', () => messages.length === 2);
    assert.deepEqual(
      messages.map((m) => [m.type, m.socketProtocol, formatAddress(m.queryAddress ?? ipv6)]),
      [
        ['RESOLVER_RESPONSE', 'UDP', '192.0.2.9'],
        ['CLIENT_QUERY', 'DOQ', '2001:db8::9'],
      ],
    );
  });

  it('counts malformed messages, tells of the first, and goes on', async () => {
    const server = await start();
    const bad = dataFrame(Buffer.from([0xff]));
    connect().socket.end(oneWay(bad, bad, unbound, bad));
    await until('all are read', () => server.stats().malformed === 3);
    assert.equal(messages.length, 1);
    await gone(server);
    assert.deepEqual(codes(), ['payload']);
  });

  const faults: readonly (readonly [string, Buffer, string])[] = [
    ['another content type', controlFrame(2, contentType('protobuf:other')), 'content-type'],
    ['a control frame of 513 bytes', Buffer.concat([u32(0), u32(513)]), 'frame'],
    ['a data frame over 1 MiB', Buffer.concat([START, u32((1 << 20) + 1)]), 'frame'],
    ['a data frame of 4 GiB', Buffer.concat([START, u32(0xffffffff)]), 'frame'],
    ['data without START', bind, 'control'],
  ];
  for (const [what, bytes, code] of faults) {
    it(`closes the sender of ${what}, and no other`, async () => {
      const server = await start();
      const good = connect();
      good.socket.write(READY);
      await until('ACCEPT', () => good.received().length > 0);
      const { socket } = connect();
      socket.write(bytes);
      await once(socket, 'close');
      good.socket.write(Buffer.concat([START, bind, STOP]));
      await once(good.socket, 'close');
      assert.deepEqual([codes(), messages.length, server.stats().failed], [[code], 1, 1]);
    });
  }

  it('goes on after senders that end anywhere in the handshake', async () => {
    const server = await start();
    const handshake = Buffer.concat([READY, START, STOP]);
    for (let length = 0; length < handshake.length; length++) {
      connect().socket.end(handshake.subarray(0, length));
    }
    await until('all were there', () => server.stats().accepted === handshake.length);
    await gone(server);
    assert.ok(codes().every((code) => code === 'frame' || code === 'socket'));
    connect().socket.end(oneWay(bind));
    await until('a message', () => messages.length === 1);
  });

  it('goes on after garbage', async () => {
    const server = await start();
    const random = seededRandom(0x7a9);
    const good = Buffer.concat([READY, START, unbound, bind, STOP]);
    for (let i = 0; i < 300; i++) {
      const bytes = random.oneIn(4)
        ? Buffer.from(random.bytes(random.below(200)))
        : Buffer.from(good);
      for (let changes = random.below(4); changes > 0 && bytes.length > 0; changes--) {
        bytes[random.below(bytes.length)] = random.pick([0, 1, 255, random.below(256)]);
      }
      const { socket } = connect();
      socket.end(bytes);
      await once(socket, 'close');
    }
    await gone(server);
    messages = [];
    connect().socket.end(oneWay(bind));
    await until('a message', () => messages.length === 1);
  });

  it('takes many senders at a time', async () => {
    const server = await start();
    const frames = new Array<Buffer>(200).fill(unbound);
    const bytes = Buffer.concat([START, ...frames]);
    for (let i = 0; i < 60; i++) connect().socket.write(bytes);
    await until('all messages', () => messages.length === 60 * 200);
    assert.equal(server.senders().length, 60);
    assert.deepEqual(problems, []);
  });

  it('takes all of what a sender wrote before it ended, however much', async () => {
    const server = await start();
    const many = new Array<Buffer>(5_000).fill(dataFrame(clientResponse(Buffer.from('x'))));
    const { socket, received } = connect();
    socket.end(Buffer.concat([READY, oneWay(...many)]));
    await once(socket, 'close');
    await gone(server);
    assert.equal(messages.length, many.length);
    assert.deepEqual(received(), Buffer.concat([ACCEPT, FINISH]));
    // one that was killed
    connect().socket.end(Buffer.concat([START, ...many]));
    await until('the second has come and gone', () => server.stats().accepted === 2);
    await gone(server);
    assert.deepEqual([messages.length, problems], [2 * many.length, []]);
  });

  it('refuses more senders than there may be, and says so once', async () => {
    const server = await start({ limits: { senders: 2 } });
    const first = [connect(), connect()];
    await until('both are there', () => server.senders().length === 2);
    for (let i = 0; i < 3; i++) await once(connect().socket, 'close');
    assert.deepEqual([codes(), server.stats().refused], [['full'], 3]);
    for (const { socket } of first) socket.end(oneWay(bind));
    await gone(server);
    connect().socket.end(oneWay(bind));
    await until('a message of each', () => messages.length === 3);
    await gone(server);
    for (let i = 0; i < 3; i++) connect();
    await until('it is full again', () => problems.length === 2);
  });

  it('reads no more than it has given to the consumer, and a little', async () => {
    const frame = dataFrame(clientResponse(Buffer.alloc(60_000)));
    const count = 400; // 24 MB, more than a socket buffer holds
    let most = 0;
    const server = await start({
      onMessage: () => {
        const { bytes, messages: taken } = server.stats();
        most = Math.max(most, bytes - taken * frame.length);
      },
    });
    const { socket } = connect();
    socket.write(START);
    for (let i = 0; i < count; i++) socket.write(frame);
    await until('all messages', () => server.stats().messages === count);
    assert.ok(most < 1_000_000, `${most} bytes wait`);
  });

  const floods: readonly (readonly [string, Buffer])[] = [
    ['that are malformed', dataFrame(Buffer.from([0xff]))],
    ['of other types', dataFrame(Buffer.from([0x78, 2]))],
    ['with messages', dataFrame(clientResponse(Buffer.from('A')))],
  ];
  for (const [what, frame] of floods) {
    it(`lets the rest of the program have its turn amid many frames ${what}`, async () => {
      const server = await start({ onMessage: () => undefined });
      const bytes = Buffer.concat([START, ...new Array<Buffer>(20_000).fill(frame)]);
      let most = 0;
      let before = 0;
      let watching = true;
      const watch = (): void => {
        const { malformed, ignored, messages: taken } = server.stats();
        most = Math.max(most, malformed + ignored + taken - before);
        before = malformed + ignored + taken;
        if (watching) setImmediate(watch);
      };
      watch();
      try {
        connect().socket.write(bytes);
        await until('all are read', () => before === 20_000);
      } finally {
        watching = false;
      }
      assert.ok(most <= 1_024, `${most} frames in a turn`);
    });
  }

  it('closes a sender whose message the consumer cannot use', async () => {
    const fault = new Error('no space');
    let taken = 0;
    await start({
      onMessage: () => {
        taken++;
        throw fault;
      },
    });
    const { socket } = connect();
    socket.write(Buffer.concat([START, bind, bind]));
    await once(socket, 'close');
    await until('it is told', () => codes().length > 0);
    assert.deepEqual([codes(), taken, problems[0]?.cause], [['consumer'], 1, fault]);
  });

  it('closes a sender that does not start', async () => {
    await start({ limits: { handshakeMs: 20 } });
    const { socket } = connect();
    socket.write(READY);
    await once(socket, 'close');
    await until('it is told', () => codes().length > 0);
    assert.deepEqual(codes(), ['timeout']);
  });

  it('lets a sender be silent that has started', async () => {
    const server = await start({ limits: { handshakeMs: 20 } });
    const { socket } = connect();
    socket.write(START);
    await until('it has started', () => server.senders()[0]?.state === 'started');
    // of one that came later, and did not start
    await once(connect().socket, 'close');
    await until('it is told', () => codes().length > 0);
    socket.write(bind);
    await until('a message', () => messages.length === 1);
    assert.deepEqual([codes(), server.senders().length], [['timeout'], 1]);
  });

  it('gives no message any more when it was closed, and leaves no socket behind', async () => {
    let closed: Promise<void> | undefined;
    let taken = 0;
    const server = await start({
      onMessage: () => {
        taken++;
        closed = server.close();
      },
    });
    const { socket } = connect();
    socket.write(Buffer.concat([START, bind, unbound]));
    await once(socket, 'close');
    await closed;
    assert.deepEqual([taken, problems, server.senders()], [1, [], []]);
    assert.throws(() => lstatSync(path), { code: 'ENOENT' });
  });
});

describe('the TCP socket of a dnstap server', () => {
  it('is told to be impossible with what the system says', async () => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0 });
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = createDnstapServer({
      onMessage: () => undefined,
      onProblem: () => undefined,
      listen: { tcp: { address: '127.0.0.1', port } },
    });
    try {
      await assert.rejects(server, (error) => {
        assert.ok(error instanceof DomainrouteError && error.code === 'platform');
        assert.equal(error.message, `Cannot listen on '127.0.0.1:${port}': EADDRINUSE`);
        return true;
      });
    } finally {
      other.close();
    }
  });
});
