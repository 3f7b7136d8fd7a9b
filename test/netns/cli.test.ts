/** The commands as a user gives them, on the router of the lab: output, exit status, and what they leave. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';

import { withLock } from '../../src/control/lock.ts';
import { openLibbpf } from '../../src/datapath/index.ts';
import { useLab } from '../lab/mocha.ts';
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';

const MAIN = `config domainroute 'main'
	option enabled '1'
	list lan 'br-lan'
	list wan 'wan1'
	list wan 'wan2'

`;
const RULES = `config rule 'video'
	list domain 'example.com'
	option interface 'wan2'

config rule 'ads'
	list domain 'ads.example'
	option action 'block'
	list client '192.168.77.0/24'
`;

interface Status {
  readonly running: boolean;
  readonly generation: number;
  readonly devices: readonly { name: string; role: string; programs: readonly string[] }[];
  readonly local: readonly string[];
  readonly rules: { readonly count: number; readonly sections: readonly { section: string }[] };
}

describe('the command line', function () {
  this.timeout(60_000);
  const lab = useLab();

  async function json<T>(...args: readonly string[]): Promise<T> {
    const { status, stdout, stderr } = await lab().cli('--json', ...args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  const status = (): Promise<Status> => json<Status>('status');

  async function sections(): Promise<string[]> {
    return (await status()).rules.sections.map(({ section }) => section).sort();
  }

  /** Exit status and the one line on stderr. */
  async function complaint(...args: readonly string[]): Promise<[number, string]> {
    const result = await lab().cli(...args);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^[^\n]*\n$/, 'one line');
    return [result.status, result.stderr.trimEnd()];
  }

  async function succeed(...args: readonly string[]): Promise<string> {
    const result = await lab().cli(...args);
    assert.equal(result.status, 0, result.stderr);
    return result.stderr.trimEnd();
  }

  beforeEach(() => lab().configure(MAIN + RULES));
  afterEach(() => lab().cli('stop'));

  describe('start and stop', () => {
    it('attach to every device and socket, and leave nothing (S5)', async () => {
      const before = await traces(lab());
      assert.equal(await succeed('start'), 'domainroute: started, 2 rules in force');
      const { running, devices, local, rules } = await status();
      assert.equal(running, true);
      assert.deepEqual(
        devices.map(({ name, role, programs }) => `${role} ${name} ${programs.join(' ')}`).sort(),
        [
          'lan br-lan lan_egress lan_ingress',
          'wan lo wan_egress wan_ingress',
          'wan wan1 wan_egress wan_ingress',
          'wan wan2 wan_egress wan_ingress',
        ],
      );
      assert.deepEqual(local, ['connect4', 'connect6', 'sendmsg4', 'sendmsg6']);
      assert.equal(rules.count, 2);
      assert.equal(await succeed('stop'), 'domainroute: stopped');
      assert.deepEqual(await traces(lab()), before);
    });

    it('can be repeated', async () => {
      await succeed('start');
      const links = readdirSync(`${lab().directories.pin}/v1/links`);
      await succeed('start');
      assert.deepEqual(readdirSync(`${lab().directories.pin}/v1/links`), links);
      await succeed('stop');
      assert.equal(await succeed('stop'), 'domainroute: was not running, nothing to stop');
    });

    it('make one set of links when four starts meet', async () => {
      const results = await Promise.all([1, 2, 3, 4].map(() => lab().cli('start')));
      assert.deepEqual(
        results.map((result) => result.status),
        [0, 0, 0, 0],
        results.map((result) => result.stderr).join(''),
      );
      const links = readdirSync(`${lab().directories.pin}/v1/links`);
      assert.equal(links.length, 4 * 2 + 4);
      const { devices } = await status();
      assert.equal(devices.flatMap(({ programs }) => programs).length, 4 * 2);
    });

    it('make directories for root alone (U1)', async () => {
      await succeed('start');
      const { pin, run } = lab().directories;
      for (const path of [pin, `${pin}/v1`, `${pin}/v1/maps`, `${pin}/v1/links`, run]) {
        assert.equal(lstatSync(path).mode & 0o777, 0o700, path);
      }
      assert.equal(lstatSync(`${run}/lock`).mode & 0o777, 0o600);
    });

    it('attach anew to a device that came back, and let go of one that is not configured', async () => {
      const { router } = lab();
      await router.output(['ip', 'link', 'add', 'tst0', 'type', 'veth', 'peer', 'name', 'tst1']);
      try {
        lab().configure(MAIN.replace("list lan 'br-lan'", "list lan 'br-lan'\n\tlist lan 'tst0'"));
        await succeed('start');
        await router.output(['ip', 'link', 'del', 'tst0']);
        await router.output(['ip', 'link', 'add', 'tst0', 'type', 'veth', 'peer', 'name', 'tst1']);
        await succeed('reload');
        const names = (await status()).devices.map(({ name }) => name);
        assert.ok(names.includes('tst0'));
        assert.ok(!names.includes('(gone)'));
        lab().configure(MAIN);
        await succeed('reload');
        assert.ok(!(await status()).devices.some(({ name }) => name === 'tst0'));
      } finally {
        await router.run(['ip', 'link', 'del', 'tst0']);
      }
    });
  });

  describe('reload', () => {
    it('swaps the rules, and says so where nothing runs', async () => {
      assert.deepEqual(await complaint('reload'), [
        4,
        'domainroute: Cannot read the data path: domainroute is not running (run domainroute start)',
      ]);
      await succeed('start');
      lab().configure(MAIN + RULES.replace("'video'", "'film'"));
      await succeed('reload');
      assert.deepEqual(await sections(), ['ads', 'film']);
    });

    it('keeps the mark of an interface whose rules change', async () => {
      await succeed('start');
      const mark = async (): Promise<unknown> =>
        (await json<{ mark: string }>('explain', 'www.example.com')).mark;
      const before = await mark();
      lab().configure(
        `${MAIN}config rule 'first'\n\tlist domain 'a.example'\n\toption interface 'wan1'\n\n${RULES}`,
      );
      await succeed('reload');
      assert.equal(await mark(), before);
    });

    it('keeps the last good rules when the file is no UCI', async () => {
      await succeed('start');
      lab().configure(`${MAIN}config rule 'broken`);
      const [exit, line] = await complaint('reload');
      assert.equal(exit, 3);
      assert.match(line, /^domainroute: Cannot read configuration '.*\/domainroute:\d+:\d+': /);
      assert.deepEqual(await sections(), ['ads', 'video']);
    });

    it('leaves a bad section out, says so, and loads the rest', async () => {
      await succeed('start');
      lab().configure(MAIN + RULES.replace('example.com', 'exa mple'));
      const line = await succeed('reload');
      assert.match(line, /error: rule 'video' option 'domain' specifies invalid value 'exa mple'/);
      assert.deepEqual(await sections(), ['ads']);
    });

    it('warns of an interface that is missing, and puts its rule in force', async () => {
      await succeed('start');
      lab().configure(MAIN + RULES.replace("'wan2'\n\nconfig rule", "'wg9'\n\nconfig rule"));
      const line = await succeed('reload');
      assert.match(line, /warning: rule 'video' option 'interface' value 'wg9' is not there/);
      assert.deepEqual(await sections(), ['ads', 'video']);
    });
  });

  describe('rule', () => {
    it('adds, lists and removes, and puts it in force at once', async () => {
      await succeed('start');
      await succeed(
        ...['rule', 'add', 'news', '--domain', 'news.example', '--domain', '=a.example'],
        ...['--mark', '0x23/0xff', '--on-change', 'drop'],
      );
      assert.deepEqual(await sections(), ['ads', 'news', 'video']);
      const rows = await json<readonly Record<string, unknown>[]>('rule', 'list');
      assert.deepEqual(rows.at(-1), {
        section: 'news',
        domain: ['news.example', '=a.example'],
        mark: '0x23/0xff',
        on_change: 'drop',
      });
      await succeed('rule', 'del', 'news');
      assert.deepEqual(await sections(), ['ads', 'video']);
    });

    it('can be added where nothing runs', async () => {
      const line = await succeed('rule', 'add', 'x', '--domain', 'x.example', '--action', 'block');
      assert.equal(line, "domainroute: rule 'x' added, domainroute is not running");
    });

    const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
      [
        'a bad domain',
        ['x', '--domain', 'a..b', '--mark', '1'],
        /'domain' .*'a\.\.b'.*empty label/,
      ],
      ['a bad mark', ['x', '--domain', 'a.b', '--mark', '0x1ff/0xff'], /bits outside the mask/],
      ['a bad client', ['x', '--domain', 'a.b', '--mark', '1', '--client', 'me'], /'client'.*'me'/],
      ['no destination', ['x', '--domain', 'a.b'], /needs option 'interface' or option 'mark'/],
      ['no domain', ['x', '--mark', '1'], /needs at least one 'domain' or 'list'/],
      ['a name that is there', ['ads', '--domain', 'a.b', '--mark', '1'], /section of that name/],
      ['a bad name', ['a b', '--domain', 'a.b', '--mark', '1'], /letters, digits and underscores/],
      ['an unknown option', ['x', '--domian', 'a.b'], /'--domian': not known .*'--domain'/],
    ];
    for (const [what, args, expected] of refused) {
      it(`with ${what} is refused, and nothing is written`, async () => {
        const before = await json('rule', 'list');
        const [exit, line] = await complaint('rule', 'add', ...args);
        assert.equal(exit, 2);
        assert.match(line, expected);
        assert.deepEqual(await json('rule', 'list'), before);
      });
    }

    it('that is not there cannot be removed', async () => {
      const [exit, line] = await complaint('rule', 'del', 'nope');
      assert.equal(exit, 2);
      assert.match(line, /^domainroute: Cannot remove rule 'nope': no such rule/);
    });
  });

  describe('a query', () => {
    it('says that nothing runs', async () => {
      for (const args of [['rdns'], ['decisions'], ['explain', 'a.example'], ['monitor']]) {
        assert.equal((await complaint(...args))[0], 4, args.join(' '));
      }
      assert.equal((await lab().cli('status')).stdout, 'not running\n');
    });

    it('prints an empty table, or an empty array', async () => {
      await succeed('start');
      const { stdout } = await lab().cli('rdns');
      assert.equal(stdout, 'ADDRESS  NAME  CLIENT  EXPIRES  SEEN  SOURCE\n');
      assert.deepEqual(await json('rdns', '192.0.2.1'), []);
      assert.deepEqual(await json('decision', '--rule', 'nope'), []);
    });

    it('knows what a client was told, and what was decided for it', async () => {
      await succeed('start');
      assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink2');
      const facts = await json<readonly Record<string, unknown>[]>(
        'rdns',
        '--name',
        '*.example.com',
      );
      const told = facts.find(({ source }) => source === 'lan');
      assert.deepEqual(
        [told?.['name'], told?.['client']],
        ['www.example.com', '02:00:00:00:77:10'],
      );
      const [decision] = await json<readonly Record<string, unknown>[]>(
        'decisions',
        '--rule',
        'video',
      );
      assert.deepEqual(
        [decision?.['name'], decision?.['action'], decision?.['interface'], decision?.['client']],
        ['www.example.com', 'route', 'wan2', '02:00:00:00:77:10'],
      );
      const explained = await json<Record<string, unknown>>(
        ...['explain', 'www.example.com', '--client', '192.168.77.10'],
      );
      assert.deepEqual([explained['rule'], explained['interface']], ['video', 'wan2']);
    });

    it('monitors what is learnt from now on, until it is interrupted', async () => {
      await succeed('start');
      await lab().whichUplink(lab().client, 'old.example.com');
      const monitor = lab().router.spawn([...lab().cliArgv('monitor', '--json')]);
      let text = '';
      monitor.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const names = (): unknown[] =>
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { name: unknown }).name);
      try {
        await until('an event is printed', async () => {
          // two names of one address: each answer is news
          await lab().client2.resolve('one.example.net');
          await lab().client2.resolve('two.example.net');
          return names().includes('two.example.net');
        });
        assert.ok(!names().includes('old.example.com'));
      } finally {
        monitor.kill('SIGINT');
      }
      await until('the monitor ends', () => monitor.exitCode !== null);
      assert.equal(monitor.exitCode, 0);
    });

    it('says nothing when its reader has read enough', async () => {
      await succeed('start');
      const status = lab().router.spawn([...lab().cliArgv('--help')], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      status.stdout?.destroy();
      let complaints = '';
      status.stderr?.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
      await until('it ends', () => status.exitCode !== null);
      assert.equal(complaints, '');
    });
  });

  describe('a machine that lacks something', () => {
    it('root', async () => {
      const argv = ['setpriv', '--reuid=65534', '--clear-groups', '--', ...lab().cliArgv('start')];
      const { status: exit, stderr } = await lab().router.run(argv);
      assert.deepEqual(
        [exit, stderr],
        [5, 'domainroute: Cannot start domainroute: not root (use sudo)\n'],
      );
    });

    it('a bpffs', async () => {
      const [exit, line] = await override('pin', `${lab().directories.config}/pins`);
      assert.equal(exit, 5);
      assert.match(
        line,
        /^domainroute: Cannot pin below '.*': '.*' is not on a bpffs \(run mount -t bpf /,
      );
      assert.ok(!existsSync(`${lab().directories.config}/pins`));
    });

    it('a cgroup of version 2', async () => {
      const [exit, line] = await override('cgroup', lab().directories.config);
      assert.equal(exit, 5);
      assert.match(line, /^domainroute: Cannot use cgroup '.*': not a cgroup v2 directory/);
      assert.ok(!existsSync(lab().directories.pin), 'nothing is left');
    });

    it('a LAN device', async () => {
      lab().configure(MAIN.replace('br-lan', 'br-none'));
      const [exit, line] = await complaint('start');
      assert.equal(exit, 3);
      assert.match(line, /^domainroute: Cannot steer clients: no LAN device is there: br-none/);
    });

    it('a configuration', async () => {
      const [exit, line] = await override('config', `${lab().directories.config}/none`);
      assert.equal(exit, 3);
      assert.match(line, /^domainroute: Cannot read configuration '.*': no such file/);
    });

    it('leave to start', async () => {
      lab().configure(MAIN.replace("enabled '1'", "enabled '0'"));
      const [exit, line] = await complaint('start');
      assert.equal(exit, 3);
      assert.match(line, /option enabled '0' \(set it to '1'\)$/);
      lab().configure(MAIN.replace("\toption enabled '1'\n", ''));
      await succeed('start');
    });

    it('nothing, but another command holds the lock and goes on holding it', async () => {
      const { run } = lab().directories;
      mkdirSync(run, { recursive: true, mode: 0o700 });
      const holder = lab().router.spawn(['flock', `${run}/lock`, 'sleep', '60']);
      try {
        await until('the lock is held', () => existsSync(`${run}/lock`));
        openLibbpf(new URL('../../dist', import.meta.url).pathname);
        const second = withLock(
          run,
          () => true,
          () => Promise.resolve(),
          200,
        );
        await assert.rejects(second, {
          code: 'busy',
          message: `Cannot lock '${run}/lock': another command holds it (try again when it has ended)`,
        });
      } finally {
        holder.kill();
        rmSync(run, { recursive: true, force: true });
      }
    });

    it('keeps what runs when start fails', async () => {
      await succeed('start');
      lab().configure(MAIN.replace('br-lan', 'br-none'));
      assert.equal((await complaint('start'))[0], 3);
      assert.deepEqual(await sections(), ['ads', 'video']);
    });
  });

  /** `start` with one of the lab's directories replaced. */
  async function override(option: string, value: string): Promise<[number, string]> {
    const argv = [...lab().cliArgv('start')];
    argv[argv.indexOf(`--${option}`) + 1] = value;
    const { status: exit, stderr } = await lab().router.run(argv);
    assert.match(stderr, /^[^\n]*\n$/, 'one line');
    return [exit, stderr.trimEnd()];
  }
});

/** Everything that start makes. */
async function traces(lab: Lab): Promise<unknown> {
  const { router } = lab;
  const { pin, run } = lab.directories;
  return {
    pin: existsSync(pin),
    run: existsSync(run),
    rules: await router.output(['ip', 'rule']),
    rules6: await router.output(['ip', '-6', 'rule']),
    routes: await router.output(['ip', 'route', 'show', 'table', 'all', 'proto', '212']),
    routes6: await router.output(['ip', '-6', 'route', 'show', 'table', 'all', 'proto', '212']),
    tables: await router.output(['nft', 'list', 'tables']),
    qdiscs: await router.output(['tc', 'qdisc']),
  };
}
