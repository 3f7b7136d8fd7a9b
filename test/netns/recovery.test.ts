/** Twenty restarts of each process that the daemon works with, and of the daemon: healthy again each time. */
import assert from 'node:assert/strict';

import type { Status } from './support/router.ts';
import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { knowledge, query, uci } from './support/router.ts';

const RESTARTS = 20;
const HEALTHY_MS = 10_000;

describe('restarts', function () {
  this.timeout(300_000);
  const lab = useLab();
  const { ubusd, ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;

  before(async () => {
    lab().configure(uci({ video: { domain: ['video.example.com'], interface: 'wan2' } }));
    daemon = await startDaemon(lab());
  });
  after(() => daemon?.end('SIGKILL'));

  /** By ubus and by the command line, and rules are obeyed for a name that nobody has asked for. */
  async function healthy(round: string): Promise<void> {
    await until(
      `all is well after ${round}: ${daemon?.log.slice(-3).join('; ') ?? ''}`,
      async () => {
        const status = await ubus().call('status');
        return (
          status['running'] === true &&
          (status['daemon'] as { pid: number } | null)?.pid === daemon?.pid
        );
      },
      HEALTHY_MS,
    );
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink2', round);
    assert.equal(await lab().whichUplink(lab().client, 'plain.example.org'), 'uplink1', round);
  }

  it(`of ubusd, ${RESTARTS} times`, async () => {
    const { pid } = daemon ?? {};
    for (let i = 1; i <= RESTARTS; i++) {
      await ubusd().restart();
      await healthy(`restart ${i} of ubusd`);
    }
    assert.equal(daemon?.pid, pid, 'the same daemon');
  });

  it(`of dnsmasq, ${RESTARTS} times`, async () => {
    for (let i = 1; i <= RESTARTS; i++) {
      await lab().zone.restartResolver();
      await healthy(`restart ${i} of dnsmasq`);
    }
  });

  it(`of the daemon, ${RESTARTS} times, by SIGKILL and by SIGTERM in turns`, async () => {
    const known = await knowledge(lab());
    const packets = async (): Promise<number> =>
      (await query<Status>(lab(), 'status')).rules.sections[0]?.packets ?? 0;
    let count = await packets();
    for (let i = 1; i <= RESTARTS; i++) {
      await daemon?.end(i % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      daemon = await startDaemon(lab());
      await healthy(`restart ${i} of the daemon`);
      const now = await packets();
      assert.ok(now > count, `counts go on after restart ${i}`);
      count = now;
    }
    const still = new Set(await knowledge(lab()));
    assert.deepEqual(
      known.filter((fact) => !still.has(fact)),
      [],
    );
  });
});
