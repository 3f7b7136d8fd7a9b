/** Fifty live connections while the daemon comes, works, crashes and comes back. */
import assert from 'node:assert/strict';

import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { Fleet } from './support/fleet.ts';
import { forgetPrograms, linkUp, uci, type Rules } from './support/router.ts';

const VIDEO = ['203.0.113.20', '2001:db8:113::20'];
const PLAIN = ['203.0.113.30', '2001:db8:113::30'];
const CONNECTIONS = 50;

const RULES: Rules = { video: { domain: ['video.example.com'], interface: 'wan2' } };
const OTHERS: Rules = { all: { domain: ['example.org', 'example.com'], interface: 'wan1' } };

describe('fifty live connections and the daemon', function () {
  this.timeout(120_000);
  const lab = useLab({ masquerade: true });
  const { ubusd, ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;
  let fleet: Fleet | undefined;

  before(async () => {
    lab().configure(uci(RULES));
    daemon = await startDaemon(lab());
    for (const name of ['video.example.com', 'plain.example.org']) {
      for (const type of ['A', 'AAAA'] as const) await lab().client.resolve(name, type);
    }
    const addresses = [...VIDEO, ...PLAIN];
    fleet = await Fleet.open(
      lab(),
      lab().client,
      Array.from({ length: CONNECTIONS }, (_, i) => addresses[i % addresses.length] ?? ''),
    );
  });
  after(async () => {
    await fleet?.close();
    await daemon?.end('SIGKILL');
  });

  async function stay(after: string): Promise<void> {
    assert.ok(fleet !== undefined);
    await fleet.isUnbroken(after);
  }

  it('stay when it reloads rules that send them elsewhere', async () => {
    lab().configure(uci(OTHERS));
    await ubus().call('reload');
    assert.equal(await lab().whichUplink(lab().client, VIDEO[0] ?? ''), 'uplink1', 'a new one');
    await stay('a reload');
    lab().configure(uci(RULES));
    await ubus().call('reload');
    await stay('a reload back');
  });

  it('stay when it is killed, and when the next one takes over with other programs', async () => {
    await daemon?.end('SIGKILL');
    await stay('its death');
    forgetPrograms(lab());
    daemon = await startDaemon(lab());
    await stay('the next one, of another version');
    await daemon.end('SIGTERM');
    daemon = await startDaemon(lab());
    await stay('a restart');
  });

  it('stay when their table is deleted, which it puts back', async () => {
    await lab().router.output(['nft', 'delete', 'table', 'inet', 'domainroute']);
    await until('the table is back', async () => {
      const { status } = await lab().router.run(['nft', 'list', 'table', 'inet', 'domainroute']);
      return status === 0;
    });
    await stay('a table that was deleted');
  });

  it('stay when ubusd restarts', async () => {
    await ubusd().restart();
    assert.equal((await ubus().call('status'))['running'], true);
    await stay('a restart of ubusd');
  });

  it('of one uplink stay when the other one flaps', async () => {
    const video = await Fleet.open(lab(), lab().client, [...VIDEO, ...VIDEO]);
    try {
      await lab().router.output(['ip', 'link', 'set', 'wan1', 'down']);
      await video.isUnbroken('the other uplink went');
      await linkUp(lab(), 'wan1');
      await video.isUnbroken('the other uplink came back');
    } finally {
      await video.close();
    }
  });
});
