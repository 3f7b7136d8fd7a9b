/** The init script, run by a stand-in for rc.common and procd. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = new URL('../../../files/etc/init.d/domainroute', import.meta.url).pathname;
const RC_COMMON = join(import.meta.dirname, 'rc-common.sh');
const NO_PINS = '/nonexistent';
const SOME_PINS = import.meta.dirname;

interface World {
  readonly enabled: boolean;
  readonly running?: boolean;
  readonly pins?: string;
  readonly upgrade?: boolean;
}

/** What procd and the program are asked to do. */
function run(action: string, { enabled, running, pins = NO_PINS, upgrade }: World): string[] {
  const output = execFileSync('sh', [RC_COMMON, SCRIPT, action], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      ENABLED: enabled ? '1' : '0',
      RUNNING: running === true ? '1' : '',
      PINS: pins,
      PKG_UPGRADE: upgrade === true ? '1' : '0',
    },
  });
  return output.trimEnd().split('\n');
}

const TRIGGER = 'trigger domainroute';
const INSTANCE = [
  'instance main',
  'param command /usr/bin/node --max-old-space-size=64 --max-semi-space-size=2 /usr/lib/domainroute/domainroute.cjs daemon',
  // all that the daemon loads: an upgrade may change only some of it
  'param file /usr/lib/domainroute/domainroute.cjs /usr/lib/domainroute/libbpf.node /usr/lib/domainroute/bpf/*.o',
  'param respawn 3600 5 0',
  'param term_timeout 10',
  'jail domainroute',
  'param env PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'param capabilities /etc/capabilities/domainroute.json',
  'param no_new_privs 1',
  'param stdout 1',
  'param stderr 1',
];

describe('the init script', () => {
  it('starts one instance that procd never gives up, with few rights (S4, U2)', () => {
    assert.deepEqual(run('start', { enabled: true }), ['set', ...INSTANCE, TRIGGER]);
  });

  it('starts nothing that is not enabled, and hears when it becomes so', () => {
    assert.deepEqual(run('start', { enabled: false }), ['set', TRIGGER]);
  });

  it('removes what runs and is no longer enabled, once the daemon has ended', () => {
    const world = { enabled: false, running: true, pins: SOME_PINS };
    // before procd ends the daemon, which tells BGP neighbours; and behind it, for what it has started meanwhile
    const expected = ['set', 'domainroute stop', TRIGGER, 'domainroute stop'];
    assert.deepEqual(run('start', world), expected);
    assert.deepEqual(run('reload', world), expected);
  });

  it('only sends a signal when the configuration of what runs has changed', () => {
    assert.deepEqual(run('reload', { enabled: true, running: true, pins: SOME_PINS }), [
      'signal domainroute * HUP',
    ]);
  });

  it('starts on reload what has become enabled', () => {
    assert.deepEqual(run('reload', { enabled: true }), ['set', ...INSTANCE, TRIGGER]);
  });

  it('leaves nothing when it is stopped (S5)', () => {
    const world = { enabled: true, running: true, pins: SOME_PINS };
    assert.deepEqual(run('stop', world), ['domainroute stop', 'delete', 'domainroute stop']);
    assert.deepEqual(run('stop', { enabled: true }), ['delete', 'domainroute stop']);
  });

  it('keeps the data path through a restart and an upgrade (S6)', () => {
    const world = { enabled: true, running: true, pins: SOME_PINS };
    assert.deepEqual(run('restart', world), ['delete', 'set', ...INSTANCE, TRIGGER]);
    assert.deepEqual(run('stop', { ...world, upgrade: true }), ['delete']);
  });
});
