import assert from 'node:assert/strict';
import {
  encodedSize,
  UBUS_REPLY_LIMIT,
  UbusClient,
  UbusError,
  ubusMethod,
  UbusStatus,
  type UbusTable,
} from '#ubus-ts';
import { until } from '../../lab/until.ts';
import { errorLog, useUbusd } from './clients.ts';
import { plain } from './plain.ts';

const ALL = {
  text: 'ä€😀',
  yes: true,
  int: -1,
  big: 2 ** 40,
  huge: 2n ** 62n,
  half: 0.5,
  nothing: null,
  list: [1, 'x', [true], { a: 1 }],
  table: { inner: { deep: 'x' } },
};

describe('calls over ubus', () => {
  const world = useUbusd();

  /** A server with the object 'test', and another client to call it. */
  async function pair(
    methods: Parameters<UbusClient['publish']>[0]['methods'],
    onError?: (error: Error) => void,
  ): Promise<UbusClient> {
    const server = await world.start(onError === undefined ? {} : { onError });
    const object = server.publish({ path: 'test', methods });
    await until('published', () => object.registered);
    return world.connect();
  }

  it('bring arguments and answers of every type', async () => {
    const echo = ubusMethod({
      arguments: { all: 'table' },
      call: ({ all }) => ({ all: all ?? null }),
    });
    const client = await pair({ echo });
    assert.deepEqual(plain(await client.invoke('test', 'echo', { all: ALL })), { all: ALL });
  });

  it('may be answered with nothing', async () => {
    const client = await pair({ nothing: { call: () => undefined } });
    assert.deepEqual(plain(await client.invoke('test', 'nothing')), {});
  });

  it('tell the names of the caller', async () => {
    const who = ubusMethod({ arguments: {}, call: (_args, { user, group }) => ({ user, group }) });
    const client = await pair({ who });
    assert.deepEqual(plain(await client.invoke('test', 'who')), { user: 'root', group: 'root' });
  });

  it('may come from the connection of the object itself', async () => {
    const server = await world.start();
    const object = server.publish({ path: 'test', methods: { one: { call: () => ({ n: 1 }) } } });
    await until('published', () => object.registered);
    assert.deepEqual(plain(await server.invoke('test', 'one')), { n: 1 });
  });

  it('are answered in any order, also with the same seq by two callers', async () => {
    const waiting = new Map<number, (answer: UbusTable) => void>();
    const slow = ubusMethod({
      arguments: { n: 'integer' },
      call: ({ n = 0 }) => new Promise<UbusTable>((resolve) => waiting.set(n, resolve)),
    });
    const one = await pair({ slow });
    const two = await world.connect();
    const calls = Array.from({ length: 100 }, (_, n) =>
      (n % 2 === 0 ? one : two).invoke('test', 'slow', { n }),
    );
    await until('all calls are there', () => waiting.size === 100);
    for (const [n, answer] of [...waiting].reverse()) answer({ n });
    assert.deepEqual(
      (await Promise.all(calls)).map(({ n }) => n),
      calls.map((_, n) => n),
    );
  });

  it('fail with the status and the data that the method throws', async () => {
    const { lines, onError } = errorLog();
    const data = { error: 'no such rule' };
    const client = await pair(
      {
        absent: {
          call: () => {
            throw new UbusError(UbusStatus.NOT_FOUND, 'no such rule', { data });
          },
        },
        forbidden: {
          call: async () => {
            await Promise.resolve();
            throw new UbusError(UbusStatus.PERMISSION_DENIED, 'not you');
          },
        },
      },
      onError,
    );
    await assert.rejects(client.invoke('test', 'absent'), (error) => {
      assert.ok(error instanceof UbusError);
      const { status, code, message } = error;
      assert.deepEqual(
        { status, code, message, data: plain(error.data) },
        {
          status: 4,
          code: 'NOT_FOUND',
          message: "Cannot call 'absent' of 'test': not found",
          data,
        },
      );
      return true;
    });
    await assert.rejects(client.invoke('test', 'forbidden'), { status: 6 });
    assert.deepEqual(lines, []);
  });

  it('fail with UNKNOWN_ERROR when the method throws otherwise, and the server is told why', async () => {
    const { lines, onError } = errorLog();
    const bug = (): never => {
      throw new TypeError('a bug');
    };
    const client = await pair({ bug: { call: bug } }, onError);
    await assert.rejects(client.invoke('test', 'bug'), { status: 9 });
    assert.deepEqual(lines, ["Cannot answer 'bug' of 'test': a bug"]);
  });

  it('fail for unknown methods, Object.prototype ones too, and unknown objects', async () => {
    const client = await pair({});
    for (const method of ['none', 'toString', '__proto__']) {
      await assert.rejects(client.invoke('test', method), { status: 3, code: 'METHOD_NOT_FOUND' });
    }
    await assert.rejects(client.invoke('nobody', 'none'), {
      status: 4,
      message: "Cannot call 'none' of 'nobody': not found",
    });
  });

  it('refuse arguments of a wrong type, and say which to the server alone', async () => {
    const { lines, onError } = errorLog();
    const typed = ubusMethod({
      arguments: { s: 'string', i: 'integer', b: 'boolean', d: 'double', l: 'array', t: 'table' },
      call: (args) => ({ ...args }),
    });
    const client = await pair({ typed }, onError);
    const wrong: UbusTable[] = [
      { s: 1 },
      { i: '1' },
      { i: 1.5 },
      { i: 2n ** 60n },
      { i: true },
      { b: 1 },
      { d: '1' },
      { l: {} },
      { t: [] },
    ];
    for (const args of wrong) {
      await assert.rejects(client.invoke('test', 'typed', args), { code: 'INVALID_ARGUMENT' });
    }
    assert.equal(lines.length, wrong.length);
    assert.equal(
      lines[0],
      "Cannot answer 'typed' of 'test': Cannot take argument 's': number instead of string",
    );
  });

  it('take integers of any width, integers for doubles, null for nothing, and leave out what is not declared', async () => {
    const typed = ubusMethod({
      arguments: { i: 'integer', d: 'double', e: 'double', s: 'string', x: 'any' },
      call: (args) => ({ ...args }),
    });
    const client = await pair({ typed });
    const args = { i: 5n, d: 3, e: 2n ** 60n, s: null, x: null, ubus_rpc_session: '0', other: 1 };
    assert.deepEqual(plain(await client.invoke('test', 'typed', args)), {
      i: 5,
      d: 3,
      e: 2 ** 60,
      x: null,
    });
  });

  it('bring an answer of 1 MiB, and an error for a longer one', async () => {
    const { lines, onError } = errorLog();
    const of = ubusMethod({
      arguments: { length: 'integer' },
      call: ({ length = 0 }) => ({ text: 'x'.repeat(length) }),
    });
    const client = await pair({ of }, onError);
    const length = UBUS_REPLY_LIMIT - encodedSize({ text: '' }) + 3;
    const { text } = await client.invoke('test', 'of', { length });
    assert.ok(typeof text === 'string');
    assert.equal(text.length, length);
    await assert.rejects(client.invoke('test', 'of', { length: length + 1 }), { status: 8 });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^Cannot answer 'of' of 'test': .*over the limit of 1048576$/);
    await assert.rejects(client.invoke('test', 'of', { text: 'x'.repeat(1 << 20) }), { status: 8 });
    assert.equal((await client.invoke('test', 'of', { length: 1 }))['text'], 'x');
  });

  it('end with TIMEOUT when nobody answers, and the connection goes on', async () => {
    const client = await pair({
      never: { call: () => new Promise<undefined>(() => undefined) },
      now: { call: () => ({ n: 1 }) },
    });
    await assert.rejects(client.invoke('test', 'never', {}, { timeout: 30 }), {
      code: 'TIMEOUT',
      message: "Cannot call 'never' of 'test': no answer in 30 ms",
    });
    assert.deepEqual(plain(await client.invoke('test', 'now')), { n: 1 });
  });

  it('end with TIMEOUT when the server dies', async () => {
    let called = false;
    const server = await world.start();
    const never = (): Promise<undefined> => {
      called = true;
      return new Promise(() => undefined);
    };
    const object = server.publish({ path: 'test', methods: { never: { call: never } } });
    await until('published', () => object.registered);
    const client = await world.connect();
    const call = client.invoke('test', 'never', {}, { timeout: 200 });
    const refused = assert.rejects(call, { code: 'TIMEOUT' });
    await until('called', () => called);
    server.close();
    await refused;
  });

  it('end when their signal is aborted', async () => {
    const client = await pair({ never: { call: () => new Promise<undefined>(() => undefined) } });
    const reason = new Error('enough');
    const controller = new AbortController();
    const call = client.invoke('test', 'never', {}, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
    await assert.rejects(client.invoke('test', 'never', {}, { signal: controller.signal }), reason);
  });

  it('end when the client is closed', async () => {
    const client = await pair({ never: { call: () => new Promise<undefined>(() => undefined) } });
    const call = client.invoke('test', 'never');
    client.close();
    await assert.rejects(call, { code: 'CONNECTION_FAILED' });
    await assert.rejects(client.invoke('test', 'never'), {
      message: "Cannot call 'never' of 'test': not connected to ubusd",
    });
  });

  it('find an object that came back with another id', async () => {
    const client = await pair({ who: { call: () => ({ n: 1 }) } });
    await client.invoke('test', 'who');
    const [before] = await client.lookup('test');
    const server = await world.start();
    world.close(0);
    await until('it is gone', async () => (await client.lookup('test')).length === 0);
    const object = server.publish({ path: 'test', methods: { who: { call: () => ({ n: 2 }) } } });
    await until('published', () => object.registered);
    assert.deepEqual(plain(await client.invoke('test', 'who')), { n: 2 });
    const [after] = await client.lookup('test');
    assert.notEqual(after?.id, before?.id);
  });

  it('refuse a second object of one path, say so once, and publish it when the first is gone', async () => {
    const { lines, onError } = errorLog();
    const client = await pair({});
    const second = await world.start({ onError, reconnectDelay: 1 });
    const object = second.publish({ path: 'test', methods: {} });
    await until('refused', () => lines.length > 0);
    assert.equal(object.registered, false);
    // ubusd answers each in its turn
    for (let i = 0; i < 50; i++) await client.lookup('test');
    world.close(0);
    await until('published', () => object.registered);
    assert.deepEqual(lines, ["Cannot publish 'test': invalid argument"]);
  });

  it('reach no object that was removed', async () => {
    const server = await world.start();
    const object = server.publish({ path: 'test', methods: { n: { call: () => ({}) } } });
    await until('published', () => object.registered);
    const client = await world.connect();
    await client.invoke('test', 'n');
    object.close();
    assert.equal(object.registered, false);
    await until('gone', async () => (await client.lookup('test')).length === 0);
    await assert.rejects(client.invoke('test', 'n'), { code: 'NOT_FOUND' });
    server.publish({ path: 'test', methods: {} }).close();
    const methods = { m: { call: () => ({ m: 1 }) } };
    const third = server.publish({ path: 'test', methods });
    await until('published', () => third.registered);
    assert.deepEqual(plain(await client.invoke('test', 'm')), { m: 1 });
  });
});

describe('lookup on ubus', () => {
  const world = useUbusd();

  it('shows paths and signatures, all or by pattern', async () => {
    const server = await world.start();
    const get = ubusMethod({
      arguments: {
        s: 'string',
        i: 'integer',
        b: 'boolean',
        d: 'double',
        l: 'array',
        t: 'table',
        x: 'any',
      },
      call: () => undefined,
    });
    for (const path of ['a.one', 'a.two', 'b']) {
      const object = server.publish({ path, methods: { get, none: { call: () => undefined } } });
      await until('published', () => object.registered);
    }
    const empty = server.publish({ path: 'empty', methods: {} });
    await until('published', () => empty.registered);
    const client = await world.connect();
    const paths = async (pattern?: string): Promise<string[]> =>
      (await client.lookup(pattern)).map(({ path }) => path).sort();
    assert.deepEqual(await paths(), ['a.one', 'a.two', 'b', 'empty']);
    assert.deepEqual(await paths('a.*'), ['a.one', 'a.two']);
    assert.deepEqual(await paths('a.two'), ['a.two']);
    assert.deepEqual(await paths('c'), []);
    assert.deepEqual(await paths('c*'), []);
    const [one] = await client.lookup('b');
    assert.ok(one && one.id >= 1024);
    assert.deepEqual(
      [...one.methods].map(([name, types]) => [name, Object.fromEntries(types)]),
      [
        [
          'get',
          {
            s: 'string',
            i: 'integer',
            b: 'boolean',
            d: 'double',
            l: 'array',
            t: 'table',
            x: 'any',
          },
        ],
        ['none', {}],
      ],
    );
  });

  it('is refused for an empty path', async () => {
    const client = await world.connect();
    await assert.rejects(client.lookup(''), { code: 'INVALID_ARGUMENT' });
  });
});

describe('a connection to ubus', () => {
  it('fails where nobody listens', async () => {
    await assert.rejects(UbusClient.connect({ path: '/nonexistent/ubus.sock' }), {
      code: 'CONNECTION_FAILED',
      message: "Cannot connect to '/nonexistent/ubus.sock': ENOENT",
    });
  });
});
