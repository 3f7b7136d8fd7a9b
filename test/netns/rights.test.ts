/** The daemon with no more rights than its service gives it (U2): files/etc/capabilities/domainroute.json. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { useLab } from '../lab/mocha.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { command, uci, type Rules } from './support/router.ts';

const FILE = new URL('../../files/etc/capabilities/domainroute.json', import.meta.url);

const RULES: Rules = {
  video: { domain: ['example.com'], interface: 'wan2', on_change: 'drop' },
};

/** argv that takes every other capability away, for ever, as ujail does. */
function confined(): readonly string[] {
  const { bounding } = JSON.parse(readFileSync(FILE, 'utf8')) as { bounding: readonly string[] };
  const kept = bounding.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join();
  return ['setpriv', '--no-new-privs', `--bounding-set=-all,${kept}`, '--inh-caps=-all', '--'];
}

describe('the daemon without other capabilities', function () {
  this.timeout(60_000);
  const lab = useLab({}, ['setpriv']);
  const { ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;

  after(() => daemon?.end('SIGKILL'));

  it('starts what does not run', async () => {
    lab().configure(uci(RULES));
    daemon = await startDaemon(lab(), confined());
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    assert.match(status, /^NoNewPrivs:\s1$/m);
    // 38 CAP_PERFMON, 39 CAP_BPF, 10 12 13 of the network
    assert.match(status, /^CapEff:\s000000c000003400$/m);
    assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink2');
  });

  it('answers every question', async () => {
    for (const method of ['status', 'rdns', 'decisions', 'rules', 'counters', 'check']) {
      assert.ok(Object.keys(await ubus().call(method)).length > 0, method);
    }
    const { rule } = await ubus().call('explain', { name: 'www.example.com' });
    assert.equal(rule, 'video');
  });

  it('reloads, takes over, and can stop', async () => {
    lab().configure(uci({ ...RULES, plain: { domain: ['example.org'], interface: 'wan2' } }));
    assert.equal((await ubus().call('reload'))['rules'], 2);
    assert.equal(await lab().whichUplink(lab().client, 'plain.example.org'), 'uplink2');
    await daemon?.end('SIGKILL');
    daemon = await startDaemon(lab(), confined());
    assert.equal((await ubus().call('status'))['running'], true);
    await daemon.end();
    const { status, stderr } = await lab().router.run([...confined(), ...lab().cliArgv('stop')]);
    assert.equal(status, 0, stderr);
    await command(lab(), 'status');
  });
});
