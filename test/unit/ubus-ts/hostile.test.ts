import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { encodeMessage, MessageType } from '../../../src/lib/ubus-ts/message.ts';
import { UbusClient, type UbusClientOptions, type UbusObject } from '#ubus-ts';
import { seededRandom } from '../../bpf/random.ts';
import { until } from '../../lab/until.ts';
import { CAPTURED } from '../../vectors/ubus.ts';
import { FIRST_ID, say, scriptedUbusd, type Script, type ScriptedUbusd } from './scripted.ts';

describe('a client of a ubusd that misbehaves', () => {
  let ubusd: ScriptedUbusd | undefined;
  const clients: UbusClient[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    ubusd?.close();
  });

  async function start(options: UbusClientOptions = {}, script: Script = {}): Promise<UbusClient> {
    ubusd = await scriptedUbusd(script);
    const client = UbusClient.start({ path: ubusd.path, reconnectDelay: 5, ...options });
    clients.push(client);
    await until('connected', () => client.connected);
    return client;
  }

  async function publish(client: UbusClient): Promise<UbusObject> {
    const object = client.publish({ path: 'test', methods: { n: { call: () => ({ n: 1 }) } } });
    await until('published', () => object.registered);
    return object;
  }

  function script(): ScriptedUbusd {
    assert.ok(ubusd);
    return ubusd;
  }

  function lastSocket(): Socket {
    const socket = script().sockets.at(-1);
    assert.ok(socket);
    return socket;
  }

  /** STATUS messages of the client, as [seq, peer, status, objectId]. */
  function answers(): unknown[] {
    return script()
      .received.filter(({ type }) => type === MessageType.STATUS)
      .map(({ seq, peer, status, objectId }) => [seq, peer, status, objectId]);
  }

  it('waits for its greeting no longer than for an answer', async () => {
    ubusd = await scriptedUbusd({ greets: false });
    await assert.rejects(UbusClient.connect({ path: ubusd.path, timeout: 30 }), {
      code: 'CONNECTION_FAILED',
      message: `Cannot connect to '${ubusd.path}': no greeting in 30 ms`,
    });
  });

  it('says so when it is turned away without a greeting', async () => {
    const { path, sockets } = (ubusd = await scriptedUbusd({ greets: false }));
    const refused = assert.rejects(UbusClient.connect({ path }), {
      code: 'CONNECTION_FAILED',
      message: `Cannot connect to '${path}': ubusd closed the connection`,
    });
    await until('there', () => sockets[0]);
    sockets[0]?.destroy();
    await refused;
  });

  for (const length of [0, 3, 1_048_577, 0xff_ffff]) {
    it(`closes the connection at a message of ${length} bytes, and comes back`, async () => {
      const reasons: string[] = [];
      const client = await start({ onDisconnect: ({ message }) => reasons.push(message) });
      const object = await publish(client);
      const bytes = encodeMessage({ type: MessageType.STATUS, seq: 0, peer: 0 }, {});
      bytes.writeUInt32BE(length, 8);
      lastSocket().write(bytes);
      await until('connected again', () => script().sockets.length === 2 && object.registered);
      assert.deepEqual(reasons, [`Cannot read a message: ${length} bytes`]);
    });
  }

  it('ignores messages of another version or of an unknown type', async () => {
    await publish(await start());
    const call = { objectId: FIRST_ID, method: 'n' };
    const old = encodeMessage({ type: MessageType.INVOKE, seq: 1, peer: 5 }, call);
    old[0] = 1;
    lastSocket().write(old);
    say(lastSocket(), 77, 2, 5, call);
    say(lastSocket(), MessageType.INVOKE, 3, 5, call);
    await until('answered', () => answers().length > 0);
    assert.deepEqual(answers(), [[3, 5, 0, FIRST_ID]]);
  });

  it('answers every call once, also what it cannot serve, unless no answer is wanted', async () => {
    await publish(await start());
    const socket = lastSocket();
    const { INVOKE } = MessageType;
    say(socket, INVOKE, 1, 5, { objectId: 4711, method: 'n' });
    say(socket, INVOKE, 2, 5, { objectId: FIRST_ID });
    say(socket, INVOKE, 3, 5, { objectId: FIRST_ID, method: 'x' });
    say(socket, INVOKE, 4, 5, { objectId: FIRST_ID, method: 'n', noReply: true });
    say(socket, INVOKE, 5, 5, { method: 'n' });
    // without DATA
    say(socket, INVOKE, 6, 5, { objectId: FIRST_ID, method: 'n' });
    // the same seq of another caller
    say(socket, INVOKE, 6, 6, { objectId: FIRST_ID, method: 'n' });
    await until('answered', () => answers().length >= 5);
    assert.deepEqual(answers(), [
      [1, 5, 4, 4711],
      [2, 5, 2, FIRST_ID],
      [3, 5, 3, FIRST_ID],
      [6, 5, 0, FIRST_ID],
      [6, 6, 0, FIRST_ID],
    ]);
    const data = script().received.filter(({ type }) => type === MessageType.DATA);
    assert.deepEqual(
      data.map(({ seq, peer, objectId }) => [seq, peer, objectId]),
      [
        [6, 5, FIRST_ID],
        [6, 6, FIRST_ID],
      ],
    );
  });

  it('survives messages with any bytes changed', async () => {
    const object = await publish(await start());
    const random = seededRandom(0x0b05);
    const socket = lastSocket();
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(random.pick(CAPTURED).bytes);
      for (let n = 0; n <= random.below(4); n++) {
        const at = random.below(bytes.length);
        // the root's length alone stays, so that the stream does
        if (at < 8 || at > 11) bytes[at] = random.oneIn(2) ? random.below(256) : 0xff;
      }
      if (random.oneIn(4)) bytes.writeUInt32BE(FIRST_ID, Math.min(16, bytes.length - 4));
      bytes[0] = 0;
      if (bytes.length === 12) bytes.writeUInt32BE(4, 8);
      socket.write(bytes);
    }
    say(socket, MessageType.INVOKE, 9999, 5, { objectId: FIRST_ID, method: 'n' });
    await until('answered', () => script().received.some(({ seq }) => seq === 9999), 20_000);
    assert.equal(script().sockets.length, 1);
    assert.equal(object.registered, true);
  });

  it('survives any bytes at all', async () => {
    const object = await publish(await start());
    const random = seededRandom(0xb10b);
    for (let round = 0; round < 200; round++) {
      const socket = lastSocket();
      const count = script().sockets.length;
      // also lengths that are allowed, for which the rest is waited
      const prefix = random.oneIn(2)
        ? random.bytes(12)
        : Buffer.from('000100020000000000000100', 'hex');
      socket.end(Buffer.concat([prefix, random.bytes(random.below(600))]));
      await until('connected again', () => script().sockets.length > count && object.registered);
    }
  });

  it('drops notifications that ubusd does not read, and keeps the connection', async () => {
    const client = await start();
    const object = await publish(client);
    const socket = lastSocket();
    say(socket, MessageType.NOTIFY, 1, 0, { objectId: FIRST_ID, active: true });
    await until('active', () => object.hasSubscribers);
    socket.pause();
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 1000; n++) object.notify('tick', { text });
    socket.resume();
    say(socket, MessageType.INVOKE, 9999, 5, { objectId: FIRST_ID, method: 'n' });
    await until('answered', () => answers().length === 1);
    const notified = script().received.filter(({ type }) => type === MessageType.NOTIFY).length;
    // 1 MiB that waits, one more, and what the kernel's buffers take
    assert.ok(notified >= 10 && notified < 20, `${notified} notifications`);
    assert.ok(
      script().received.every(({ type, noReply }) => type !== MessageType.NOTIFY || noReply),
    );
    assert.equal(client.connected, true);
  });

  it('gives a ubusd up that reads nothing', async () => {
    const reasons: string[] = [];
    const client = await start({ onDisconnect: ({ message }) => reasons.push(message) });
    lastSocket().pause();
    const text = 'x'.repeat(1_000_000);
    const sent = Array.from({ length: 20 }, () => client.send('event', { text }));
    const results = await Promise.allSettled(sent);
    assert.ok(results.every(({ status }) => status === 'rejected'));
    await until('given up', () => reasons.length > 0);
    assert.deepEqual(reasons, ['Cannot send to ubusd: 16777216 bytes wait already']);
  });

  it('comes back when a subscription is not answered', async () => {
    const reasons: string[] = [];
    const onDisconnect = ({ message }: Error): unknown => reasons.push(message);
    const client = await start({ timeout: 30, onDisconnect });
    client.subscribe('test', () => 0);
    await until('again', () => script().sockets.length >= 2);
    assert.equal(reasons[0], "Cannot find 'test': no answer in 30 ms");
  });

  it('asks again for an object that comes while it is asked for', async () => {
    const client = await start();
    client.subscribe('test', () => 0);
    const lookups = (): number[] =>
      script()
        .received.filter(({ type }) => type === MessageType.LOOKUP)
        .map(({ seq }) => seq);
    const [first = 0] = await until('asked', () => lookups().length === 1 && lookups());
    const data = { id: 3000, path: 'test' };
    const event = { objectId: FIRST_ID, method: 'ubus.object.add', data };
    say(lastSocket(), MessageType.INVOKE, 1, 0, event);
    say(lastSocket(), MessageType.STATUS, first, 0, { status: 4 });
    await until('asked again', () => lookups().length === 2);
  });

  it('comes back when its objects are not answered', async () => {
    const reasons: string[] = [];
    const onDisconnect = ({ message }: Error): unknown => reasons.push(message);
    const client = await start({ timeout: 30, onDisconnect }, { registers: false });
    client.publish({ path: 'test', methods: {} });
    await until('again', () => script().sockets.length >= 2);
    assert.equal(reasons[0], "Cannot publish 'test': no answer in 30 ms");
  });
});
