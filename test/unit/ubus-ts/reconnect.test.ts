import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UbusClient, type UbusClientOptions } from '#ubus-ts';
import { until } from '../../lab/until.ts';
import { startUbusd, type Ubusd } from '../../ubusd/start.ts';
import { errorLog } from './clients.ts';
import { plain } from './plain.ts';

describe('a client of a ubusd that comes and goes', function () {
  this.timeout(60_000);
  let directory = '';
  let ubusd: Ubusd | undefined;
  const clients: UbusClient[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ubusd-'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await ubusd?.stop();
    ubusd = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  function start(options: UbusClientOptions = {}): UbusClient {
    const path = join(directory, 'ubus.sock');
    const client = UbusClient.start({ path, reconnectDelay: 20, ...options });
    clients.push(client);
    return client;
  }

  it('waits for it, and says once that it is not there', async () => {
    const { lines, onError } = errorLog();
    const client = start({ onError, reconnectDelay: 1 });
    const object = client.publish({ path: 'test', methods: {} });
    await until('reported', () => lines.length > 0);
    assert.equal(client.connected, false);
    await assert.rejects(client.invoke('test', 'x'), { code: 'CONNECTION_FAILED' });
    ubusd = await startUbusd(directory);
    await until('published', () => object.registered);
    assert.deepEqual(lines, [`Cannot connect to '${ubusd.socket}': ENOENT`]);
  });

  it('registers objects, subscriptions and listeners anew', async () => {
    ubusd = await startUbusd(directory);
    const steps: string[] = [];
    const active: boolean[] = [];
    const server = start({
      onConnect: () => steps.push('connect'),
      onDisconnect: ({ message }) => steps.push(message),
    });
    const methods = { n: { call: () => ({ n: 1 }) } };
    const onSubscribers = (now: boolean): unknown => active.push(now);
    const object = server.publish({ path: 'test', methods, onSubscribers });
    const client = start();
    const told: string[] = [];
    const lost: string[] = [];
    client.subscribe('test', (type) => told.push(type), { onLost: () => lost.push('lost') });
    client.listen('event', (event) => told.push(event));
    for (let round = 0; round < 3; round++) {
      await until('active', () => object.registered && object.hasSubscribers);
      told.length = 0;
      object.notify('tick');
      await until('told', async () => {
        await server.send('event');
        return told.includes('tick') && told.includes('event');
      });
      assert.deepEqual(plain(await client.invoke('test', 'n')), { n: 1 });
      await ubusd.kill();
      await until('noticed', () => !server.connected && !client.connected);
      object.notify('nobody');
      await ubusd.restart();
    }
    await until('active', () => active.length === 7);
    assert.deepEqual(active, [true, false, true, false, true, false, true]);
    assert.deepEqual(lost, ['lost', 'lost', 'lost']);
    const end = `Cannot go on with '${ubusd.socket}': ubusd closed the connection`;
    assert.deepEqual(steps, ['connect', end, 'connect', end, 'connect', end, 'connect']);
  });

  it('fails what waits for an answer when it dies', async () => {
    ubusd = await startUbusd(directory);
    const aborted: string[] = [];
    const server = start();
    const object = server.publish({
      path: 'test',
      methods: {
        never: {
          call: (_args, { signal }) => {
            signal.addEventListener('abort', () => aborted.push('aborted'));
            return new Promise<undefined>(() => undefined);
          },
        },
        now: { call: () => ({}) },
      },
    });
    await until('published', () => object.registered);
    const client = await UbusClient.connect({ path: ubusd.socket });
    clients.push(client);
    const call = client.invoke('test', 'never');
    const failed = assert.rejects(call, {
      code: 'CONNECTION_FAILED',
      message: "Cannot call 'never' of 'test': the connection is closed",
    });
    await client.invoke('test', 'now');
    await ubusd.kill();
    await failed;
    await until('the server knows', () => aborted.length === 1);
    await ubusd.restart();
    await until('published again', () => object.registered);
    assert.equal(client.connected, false);
  });

  it('does nothing any more once it is closed', async () => {
    ubusd = await startUbusd(directory);
    const steps: string[] = [];
    const client = start({
      onConnect: () => steps.push('connect'),
      onDisconnect: () => steps.push('disconnect'),
      onError: () => steps.push('error'),
    });
    await until('connected', () => client.connected);
    client.close();
    client.close();
    const object = client.publish({ path: 'test', methods: {} });
    const other = start();
    await until('connected', () => other.connected);
    await ubusd.restart();
    await until('connected', () => other.connected);
    assert.equal(object.registered, false);
    assert.deepEqual(steps, ['connect']);
  });
});
