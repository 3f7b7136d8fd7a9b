/** A reload that is killed, that fails, that the daemon ends in, and what happens meanwhile: one set of rules is in force, whole. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import { spawnDaemon, startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { programArgv } from './support/program.ts';
import { query, section, uci, type Rules, type Status } from './support/router.ts';

const RULES: Rules = { video: { domain: ['example.com'], interface: 'wan2' } };
const OTHERS: Rules = { news: { domain: ['example.org'], interface: 'wan2' } };

/** A process that `parent` has started with `verb` as its last argument. */
function childOf(parent: number, verb: string): number | undefined {
  const isWanted = (pid: string): boolean => {
    try {
      // proc_pid_stat(5): the name may have anything in it, the state and the parent come behind it
      const [, ppid] =
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return Number(ppid) === parent && argv.at(-2) === verb;
    } catch {
      return false; // it has ended
    }
  };
  const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isWanted(name));
  return found === undefined ? undefined : Number(found);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was faster
  }
}

describe('a reload of the daemon', function () {
  this.timeout(120_000);
  const lab = useLab();
  const { ubusd, ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;

  before(async () => {
    lab().configure(uci(RULES));
    daemon = await startDaemon(lab());
  });
  after(() => daemon?.end('SIGKILL'));

  /** By which uplinks the names of {@link RULES} and {@link OTHERS} go. */
  async function ways(): Promise<readonly string[]> {
    const { client } = lab();
    return [
      await lab().whichUplink(client, 'www.example.com'),
      await lab().whichUplink(client, 'plain.example.org'),
    ];
  }

  async function problem(): Promise<unknown> {
    return ((await ubus().call('status'))['daemon'] as { problem: unknown }).problem;
  }

  it('leaves one set of rules, whole, when its process is killed wherever it is', async () => {
    for (let delay = 0; delay <= 400; delay += 40) {
      lab().configure(uci(delay % 80 === 0 ? OTHERS : RULES));
      const reload = ubus()
        .call('reload')
        .then(
          () => 'done',
          () => 'failed',
        );
      const pid = await until('it reloads', () => childOf(daemon?.pid ?? 0, 'reload'));
      await Promise.race([reload, wait(delay)]);
      killIfThere(pid);
      const outcome = await reload;
      assert.equal((await problem()) === null, outcome === 'done');
      const [rule] = (await query<Status>(lab(), 'status')).rules.sections;
      const isNews = rule?.section === 'news';
      const expected = isNews ? ['uplink1', 'uplink2'] : ['uplink2', 'uplink1'];
      assert.deepEqual(await ways(), expected, `${outcome} after ${delay} ms`);
    }
    lab().configure(uci(RULES));
    await ubus().call('reload');
    assert.equal(await problem(), null);
    assert.deepEqual(await ways(), ['uplink2', 'uplink1']);
  });

  it('leaves the rules before where the run directory has no room', async () => {
    // what is written first cannot be
    const place = `${lab().directories.run}/in-force.json.new`;
    mkdirSync(place);
    try {
      lab().configure(uci(OTHERS));
      await assert.rejects(ubus().call('reload'), { code: 'UNKNOWN_ERROR' });
      assert.match(String(await problem()), /^Cannot write '.*in-force\.json'/);
      assert.deepEqual(await ways(), ['uplink2', 'uplink1']);
    } finally {
      rmSync(place, { recursive: true });
    }
    lab().configure(uci(RULES));
    await ubus().call('reload');
    assert.equal(await problem(), null);
  });

  it('leaves no descriptor open behind, however often it comes, and whatever comes between', async () => {
    const open = (): number => readdirSync(`/proc/${daemon?.pid ?? 0}/fd`).length;
    const round = async (): Promise<void> => {
      lab().configure(uci(OTHERS));
      await ubus().call('reload');
      const subscription = ubus().client.subscribe('domainroute', () => undefined);
      await until('it is subscribed', () => subscription.subscribed);
      await lab().router.output(['ip', 'link', 'set', 'wan2', 'mtu', '1400']);
      await ubusd().restart();
      await ubus().call('check');
      subscription.close();
      lab().configure(uci(RULES));
      await ubus().call('reload');
    };
    // what is opened once, whenever it is needed first
    await round();
    const before = open();
    for (let i = 0; i < 5; i++) await round();
    await until(`there are ${before} again`, () => open() === before);
  });

  it('is brought to its end when the daemon is asked to end meanwhile', async () => {
    lab().configure(uci(OTHERS));
    process.kill(daemon?.pid ?? 0, 'SIGHUP');
    await until('it reloads', () => childOf(daemon?.pid ?? 0, 'reload'));
    assert.equal(await daemon?.end(), 0);
    const { rules } = await query<Status>(lab(), 'status');
    assert.deepEqual(
      rules.sections.map(({ section }) => section),
      ['news'],
    );
    lab().configure(uci(RULES));
    daemon = await startDaemon(lab());
  });

  it('that cannot be does not keep a daemon that starts from what is in force', async () => {
    const bgp = section('bgp', 'bgp', { asn: '65001', router_id: '192.0.2.1' });
    lab().configure(`${uci(RULES)}\n${bgp}`);
    await ubus().call('reload');
    await daemon?.end('SIGKILL');
    lab().configure('config rule\n\toption "unterminated\n');
    daemon = spawnDaemon(lab());
    try {
      const isSpeaking = async (): Promise<boolean> =>
        (await ubus().call('bgp'))['enabled'] === true;
      await until('it speaks BGP', isSpeaking, 15_000);
      assert.match(String(await problem()), /domainroute/);
    } finally {
      lab().configure(uci(RULES));
    }
    await ubus().call('reload');
    assert.equal(await problem(), null);
  });

  it('is not undone by a daemon that was about to follow the network', async () => {
    const { directories, ubus: socket } = lab();
    const wans = async (): Promise<readonly (string | null)[]> =>
      (await query<Status>(lab(), 'status')).devices
        .filter(({ role, name }) => role === 'wan' && name !== 'lo')
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(await wans(), ['wan1', 'wan2']);
    lab().configure(uci(RULES, { wan: ['wan1'] }));
    const assets = new URL('../../dist', import.meta.url).pathname;
    const settings = JSON.stringify({ ...directories, ubus: socket, assets });
    const argv = [...programArgv(lab(), 'follow-late'), settings, directories.config];
    await lab().router.output(argv);
    assert.deepEqual(await wans(), ['wan1']);
    lab().configure(uci(RULES));
    await ubus().call('reload');
    assert.deepEqual(await wans(), ['wan1', 'wan2']);
  });
});
