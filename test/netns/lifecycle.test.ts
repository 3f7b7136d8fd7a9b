/** Rules that change while connections live: who obeys the new ones, and who stays. */
import assert from 'node:assert/strict';

import { useLab } from '../lab/mocha.ts';
import { Pump } from './support/pump.ts';
import {
  command,
  forgetPrograms,
  knowledge,
  startWith,
  uci,
  type Rules,
} from './support/router.ts';

const VIDEO: Rules = { video: { domain: ['video.example.com'], interface: 'wan2' } };
const [VIDEO_ADDRESS, PLAIN_ADDRESS] = ['203.0.113.20', '203.0.113.30'];

describe('a rule that changes', function () {
  this.timeout(60_000);
  const lab = useLab();
  const NAMES = ['www.example.com', 'video.example.com', 'plain.example.org'];

  /** By which uplink new connections to the addresses of {@link NAMES} leave. */
  async function ways(): Promise<string> {
    const uplinks = [];
    for (const address of ['203.0.113.10', VIDEO_ADDRESS, PLAIN_ADDRESS]) {
      const pair = [lab().client, lab().router].map((host) => lab().whichUplink(host, address));
      const [client, router] = await Promise.all(pair);
      uplinks.push(client === router ? client : `client ${client}, router ${router}`);
    }
    return uplinks.join(' ');
  }

  it('is obeyed by the next connection without a DNS query, and nothing learnt is lost', async () => {
    await startWith(lab(), VIDEO);
    for (const host of [lab().client, lab().router]) {
      for (const name of NAMES) await host.resolve(name);
    }
    const queries = lab().zone.queries();
    const known = await knowledge(lab());
    assert.equal(known.length >= 2 * NAMES.length, true, known.join('\n'));
    assert.equal(await ways(), 'uplink1 uplink2 uplink1');

    await command(
      lab(),
      ...['rule', 'add', 'news', '--domain', 'plain.example.org', '--interface', 'wan2'],
    );
    assert.equal(await ways(), 'uplink1 uplink2 uplink2', 'added');

    lab().configure(
      uci({
        ...VIDEO,
        news: { domain: ['example.com', '=plain.example.org'], interface: 'wan1' },
        www: { domain: ['=www.example.com'], interface: 'wan2' },
      }),
    );
    await command(lab(), 'reload');
    assert.equal(await ways(), 'uplink2 uplink2 uplink1', 'changed');

    await command(lab(), 'rule', 'del', 'video');
    assert.equal(await ways(), 'uplink2 uplink1 uplink1', 'one deleted');
    await command(lab(), 'rule', 'del', 'www');
    await command(lab(), 'rule', 'del', 'news');
    assert.equal(await ways(), 'uplink1 uplink1 uplink1', 'all deleted');

    await command(lab(), 'rule', 'add', '--domain', '.', '--interface', 'wan2');
    assert.equal(await ways(), 'uplink2 uplink2 uplink2', 'the default rule');

    assert.deepEqual(await knowledge(lab()), known);
    assert.equal(lab().zone.queries(), queries);
  });

  it('is not obeyed while its section is disabled', async () => {
    const rule = { domain: ['video.example.com'], interface: 'wan2' };
    await startWith(lab(), { video: { ...rule, enabled: '0' } });
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink1');
    await startWith(lab(), { video: { ...rule, enabled: '1' } });
    assert.equal(await lab().whichUplink(lab().client, VIDEO_ADDRESS), 'uplink2');
  });
});

describe('live connections', function () {
  this.timeout(120_000);
  const lab = useLab({ masquerade: true });
  const open: Pump[] = [];

  beforeEach(async () => {
    await command(lab(), 'stop');
    for (const name of ['video.example.com', 'plain.example.org']) {
      await lab().client.resolve(name);
      await lab().router.resolve(name);
    }
  });
  afterEach(async () => {
    for (const pump of open.splice(0)) await pump.close();
  });

  async function pump(host: 'client' | 'router', address: string, uplink: string): Promise<Pump> {
    const opened = await Pump.open(lab()[host], address, uplink);
    open.push(opened);
    return opened;
  }

  /** Learns, as {@link beforeEach} did before anything ran. */
  async function resolveAgain(): Promise<void> {
    for (const host of [lab().client, lab().router]) {
      for (const name of ['video.example.com', 'plain.example.org']) await host.resolve(name);
    }
  }

  it('that are older than the start stay on their uplink when their names are learnt', async () => {
    const pumps = [
      await pump('client', VIDEO_ADDRESS, 'uplink1'),
      await pump('client', PLAIN_ADDRESS, 'uplink1'),
      await pump('router', VIDEO_ADDRESS, 'uplink1'),
    ];
    await startWith(lab(), VIDEO);
    await resolveAgain();
    assert.equal(await lab().whichUplink(lab().client, VIDEO_ADDRESS), 'uplink2');
    for (const each of pumps) await each.flows('the start');
    await command(lab(), 'stop');
    for (const each of pumps) await each.flows('the stop');
  });

  for (const host of ['client', 'router'] as const) {
    const whose = host === 'client' ? 'of a client' : 'of the router itself';

    it(`${whose} stay on their uplink whatever happens to their rules`, async () => {
      await startWith(lab(), VIDEO);
      await resolveAgain();
      const marked = await pump(host, VIDEO_ADDRESS, 'uplink2');
      const unmarked = await pump(host, PLAIN_ADDRESS, 'uplink1');
      const flows = async (after: string): Promise<void> => {
        await marked.flows(after);
        await unmarked.flows(after);
      };
      await flows('nothing');

      await command(lab(), 'start');
      await flows('another start');
      forgetPrograms(lab());
      await command(lab(), 'start');
      await flows('a start with new programs');

      const both = { domain: ['video.example.com', 'plain.example.org'] };
      await startWith(lab(), { other: { ...both, interface: 'wan1' } });
      await flows('a rule with another interface');

      await startWith(lab(), { other: { ...both, action: 'block' } });
      assert.notEqual(await lab().whichUplink(lab()[host], VIDEO_ADDRESS), 'uplink2');
      await flows('a rule that blocks new ones');

      await startWith(lab(), {});
      await flows('a start without any rule');

      await startWith(lab(), { late: { domain: ['.'], interface: 'wan2' } });
      assert.equal(await lab().whichUplink(lab()[host], PLAIN_ADDRESS), 'uplink2');
      await flows('a default rule for all the rest');

      await command(lab(), 'stop');
      await unmarked.flows('the stop');
    });
  }

  it('of a client stay when it is told another name for the address', async () => {
    await startWith(lab(), { one: { domain: ['one.example.net'], interface: 'wan2' } });
    const [shared = ''] = (await lab().client.resolve('one.example.net')).addresses;
    const marked = await pump('client', shared, 'uplink2');
    await lab().client.resolve('two.example.net');
    assert.equal(await lab().whichUplink(lab().client, shared), 'uplink1');
    const unmarked = await pump('client', shared, 'uplink1');
    await lab().client.resolve('one.example.net');
    assert.equal(await lab().whichUplink(lab().client, shared), 'uplink2');
    await marked.flows('other answers');
    await unmarked.flows('other answers');
  });
});
