import assert from 'node:assert/strict';
import { createConnection, type Socket } from 'node:net';
import { FrameDecoder } from '../../../src/lib/ubus-ts/frames.ts';
import { encodeMessage, MessageType, readAttributes } from '../../../src/lib/ubus-ts/message.ts';
import type { UbusClient, UbusObject, UbusTable } from '#ubus-ts';
import { until } from '../../lab/until.ts';
import { errorLog, useUbusd } from './clients.ts';
import { plain } from './plain.ts';

type Told = readonly [string, UbusTable];

async function publish(client: UbusClient, active: boolean[] = []): Promise<UbusObject> {
  const object = client.publish({
    path: 'test',
    methods: { n: { call: () => ({ n: 1 }) } },
    onSubscribers: (now) => active.push(now),
  });
  await until('published', () => object.registered);
  return object;
}

describe('notifications on ubus', () => {
  const world = useUbusd();

  it('reach every subscriber in order, and nobody else', async () => {
    const active: boolean[] = [];
    const object = await publish(await world.start(), active);
    object.notify('lost', { n: 0 });
    const told: Told[][] = [[], []];
    for (const list of told) {
      const client = await world.connect();
      const subscription = client.subscribe('test', (type, data) => {
        list.push([type, plain(data)]);
      });
      await until('subscribed', () => subscription.subscribed);
    }
    await until('active', () => object.hasSubscribers);
    for (let n = 1; n <= 100; n++) object.notify('tick', { n });
    object.notify('end');
    const expected: Told[] = Array.from({ length: 100 }, (_, n) => ['tick', { n: n + 1 }]);
    for (const list of told) {
      await until('told', () => list.length === 101);
      assert.deepEqual(list, [...expected, ['end', {}]]);
    }
    assert.deepEqual(active, [true]);
  });

  it('tell the owner when the first comes and the last goes', async () => {
    const active: boolean[] = [];
    const object = await publish(await world.start(), active);
    const client = await world.connect();
    const [one, two] = [client.subscribe('test', () => 0), client.subscribe('test', () => 0)];
    await until('both', () => one.subscribed && two.subscribed);
    one.close();
    two.close();
    await until('none', () => active.length === 2);
    const again = await world.connect();
    again.subscribe('test', () => 0);
    await until('active', () => object.hasSubscribers);
    again.close();
    await until('none', () => !object.hasSubscribers);
    assert.deepEqual(active, [true, false, true, false]);
  });

  it('follow an object that comes, goes and comes back', async () => {
    const steps: string[] = [];
    const client = await world.start();
    const subscription = client.subscribe('test', (type) => steps.push(type), {
      onSubscribed: () => steps.push('subscribed'),
      onLost: () => steps.push('lost'),
    });
    for (let round = 0; round < 3; round++) {
      const object = await publish(await world.start());
      await until('subscribed', () => subscription.subscribed);
      await until('active', () => object.hasSubscribers);
      object.notify('tick');
      await until('told', () => steps.at(-1) === 'tick');
      if (round === 1) object.close();
      else world.close(round + 1);
      await until('lost', () => steps.at(-1) === 'lost');
    }
    const round = ['subscribed', 'tick', 'lost'];
    assert.deepEqual(steps, [...round, ...round, ...round]);
  });

  it('miss no object, however fast it comes and goes', async () => {
    const client = await world.start();
    const owner = await world.start();
    for (let i = 0; i < 50; i++) {
      const subscription = client.subscribe('test', () => 0);
      const objects = [0, 1, 2].map(() => {
        const object = owner.publish({ path: 'test', methods: {} });
        return object;
      });
      objects[0]?.close();
      objects[1]?.close();
      await until('subscribed', () => subscription.subscribed);
      subscription.close();
      objects[2]?.close();
    }
  });

  it('of an object of the same connection are refused', async () => {
    const { lines, onError } = errorLog();
    const client = await world.start({ onError });
    await publish(client);
    const subscription = client.subscribe('test', () => 0);
    await until('refused', () => lines.length > 0);
    assert.deepEqual(lines, ["Cannot subscribe to 'test': invalid argument"]);
    assert.equal(subscription.subscribed, false);
  });

  it('do not come any more once the subscription is closed', async () => {
    const object = await publish(await world.start());
    const client = await world.connect();
    const told: string[] = [];
    const closed = client.subscribe('test', (type) => told.push(`closed ${type}`));
    const open = client.subscribe('test', (type) => told.push(type));
    await until('both', () => closed.subscribed && open.subscribed);
    await until('active', () => object.hasSubscribers);
    closed.close();
    assert.equal(closed.subscribed, false);
    object.notify('tick');
    await until('told', () => told.length > 0);
    assert.deepEqual(told, ['tick']);
  });

  it('go on when a handler throws', async () => {
    const { lines, onError } = errorLog();
    const object = await publish(await world.start());
    const client = await world.start({ onError });
    let count = 0;
    client.subscribe('test', () => {
      count++;
      throw new Error(`bug ${count}`);
    });
    await until('active', () => object.hasSubscribers);
    object.notify('one');
    object.notify('two');
    await until('reported', () => lines.length === 2);
    assert.deepEqual(lines, ['bug 1', 'bug 2']);
    assert.equal(client.connected, true);
  });

  it('over the limit are reported and not sent', async () => {
    const { lines, onError } = errorLog();
    const object = await publish(await world.start({ onError }));
    (await world.connect()).subscribe('test', () => 0);
    await until('active', () => object.hasSubscribers);
    object.notify('big', { text: 'x'.repeat(1 << 20) });
    await until('reported', () => lines.length > 0);
    assert.match(lines[0] ?? '', /over the limit of 1048576$/);
    assert.equal(object.hasSubscribers, true);
  });
});

describe('events on ubus', () => {
  const world = useUbusd();

  it('reach those who listen to them, by name or prefix', async () => {
    const sender = await world.connect();
    const listener = await world.start();
    const told: string[] = [];
    listener.listen('a.b', (event, data) => told.push(`a.b: ${event} ${JSON.stringify(data)}`));
    listener.listen('a.*', (event) => told.push(`a.*: ${event}`));
    listener.listen('*', (event) => told.push(`*: ${event}`));
    // ids are random, and so is the order in which ubusd tells them
    await until('all listen', async () => {
      await sender.send('ready');
      return told.includes('*: ready');
    });
    await sender.send('a.b', { x: [1, 'y'] });
    await sender.send('a.c');
    await sender.send('b');
    await sender.send('end');
    await until('end', () => told.includes('*: end'));
    assert.deepEqual(told.filter((line) => !/ready|ubus/.test(line)).sort(), [
      '*: a.b',
      '*: a.c',
      '*: b',
      '*: end',
      'a.*: a.b',
      'a.*: a.c',
      'a.b: a.b {"x":[1,"y"]}',
    ]);
  });

  it('do not come back to their sender', async () => {
    const one = await world.start();
    const two = await world.start();
    const told: string[] = [];
    one.listen('x', () => told.push('one'));
    two.listen('x', () => told.push('two'));
    await until('told', async () => {
      await one.send('x');
      return told.length > 0;
    });
    assert.ok(told.every((who) => who === 'two'));
  });

  it('of ubusd itself cannot be sent', async () => {
    const client = await world.connect();
    await assert.rejects(client.send('ubus.object.add', { path: 'x' }), {
      code: 'PERMISSION_DENIED',
    });
  });

  it('tell of objects', async () => {
    const listener = await world.start();
    const told: string[] = [];
    listener.listen('ubus.object.*', (event, { path }) =>
      told.push(`${event} ${typeof path === 'string' ? path : ''}`),
    );
    const owner = await world.start();
    await until('told', async () => {
      const object = owner.publish({ path: 'test', methods: {} });
      await until('published', () => object.registered);
      object.close();
      return told.includes('ubus.object.remove test');
    });
    assert.ok(told.includes('ubus.object.add test'));
  });

  it('do not come any more once the listener is closed', async () => {
    const client = await world.start();
    const sender = await world.connect();
    const told: string[] = [];
    const closed = client.listen('x', () => told.push('closed'));
    client.listen('x', () => told.push('open'));
    await until('both', async () => {
      await sender.send('x');
      return told.includes('closed') && told.includes('open');
    });
    closed.close();
    told.length = 0;
    await sender.send('x');
    await until('told', () => told.length > 0);
    assert.deepEqual(told, ['open']);
  });
});

describe('a subscriber that reads nothing', () => {
  const world = useUbusd();

  it('loses notifications, and nobody else does but while they flood', async () => {
    const owner = await world.start();
    const object = await publish(owner);
    const deaf = createConnection({ path: world.ubusd.socket });
    try {
      await subscribeAndStopReading(deaf, await idOf(owner));
      await until('active', () => object.hasSubscribers);
      const told: number[] = [];
      const reader = await world.connect();
      const subscription = reader.subscribe('test', (_type, { n }) => told.push(Number(n)));
      await until('subscribed', () => subscription.subscribed);
      const text = 'x'.repeat(100_000);
      for (let n = 0; n < 300; n++) {
        object.notify('tick', { n, text });
        if (n % 10 === 9) await reader.invoke('test', 'n');
      }
      assert.equal(owner.connected, true);
      await until('told', () => {
        object.notify('tick', { n: 1000 });
        return told.includes(1000);
      });
      assert.ok(told.length > 100, `${told.length} notifications`);
    } finally {
      deaf.destroy();
    }
  });
});

async function idOf(client: UbusClient): Promise<number> {
  const [found] = await client.lookup('test');
  assert.ok(found);
  return found.id;
}

/** Adds an anonymous object, subscribes it to `target`, and pauses when both are answered. */
async function subscribeAndStopReading(socket: Socket, target: number): Promise<void> {
  const frames = new FrameDecoder();
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      for (const { type, seq, body } of frames.push(chunk)) {
        const { objectId } = readAttributes(body);
        if (type === MessageType.DATA && objectId !== undefined) {
          const header = { type: MessageType.SUBSCRIBE, seq: 2, peer: 0 };
          socket.write(encodeMessage(header, { objectId, target }));
        }
        if (type === MessageType.STATUS && seq === 2) {
          socket.pause();
          resolve();
        }
      }
    });
  });
  socket.write(encodeMessage({ type: MessageType.ADD_OBJECT, seq: 1, peer: 0 }, {}));
  await done;
}
