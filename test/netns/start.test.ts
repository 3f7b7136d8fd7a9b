/** Start and stop, repeated, at once, killed and failing half-way: all of it or nothing, and nothing else. */
import assert from 'node:assert/strict';

import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import {
  command,
  forgetPrograms,
  query,
  startWith,
  uci,
  type Options,
  type Rules,
  type Status,
} from './support/router.ts';
import { cliWithPath, toolbox } from './support/toolbox.ts';
import {
  alive,
  kernelObjects,
  processes,
  socketPrograms,
  traces,
  TRACES_PROGRAMS,
  type KernelObjects,
} from './support/traces.ts';

const VIDEO: Rules = { video: { domain: ['video.example.com'], interface: 'wan2' } };

describe('start', function () {
  this.timeout(120_000);
  const lab = useLab({}, TRACES_PROGRAMS);

  const DEVICES = ['br-lan', 'lo', 'wan1', 'wan2'];
  const HOOKS = ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'];

  /** Two links a device and one a hook. */
  async function assertOneSet(): Promise<KernelObjects> {
    assert.deepEqual(await socketPrograms(lab()), HOOKS);
    const { devices, local } = await query<Status>(lab(), 'status');
    assert.deepEqual(
      devices.map(({ name, programs }) => [name, programs.length]).sort(),
      DEVICES.map((device) => [device, 2]),
    );
    assert.deepEqual([...local].sort(), HOOKS);
    const objects = await kernelObjects(lab());
    assert.equal(Object.keys(objects.links).length, DEVICES.length * 2 + HOOKS.length);
    return objects;
  }

  /** Names are learnt and steered: both halves of the data path work. */
  async function assertSteers(): Promise<void> {
    const { client, router } = lab();
    for (const host of [client, router]) {
      assert.equal(await lab().whichUplink(host, 'video.example.com', { family: 4 }), 'uplink2');
      assert.equal(await lab().whichUplink(host, 'plain.example.org', { family: 6 }), 'uplink1');
    }
  }

  afterEach(() => command(lab(), 'stop'));

  it('can be given twice, and four times at once: all succeed, with one set of links', async () => {
    await startWith(lab(), VIDEO);
    const first = await assertOneSet();
    await command(lab(), 'start');
    assert.deepEqual(await assertOneSet(), first);
    forgetPrograms(lab());
    await command(lab(), 'start');
    const second = await assertOneSet();
    await Promise.all([1, 2, 3, 4].map(() => command(lab(), 'start')));
    const last = await assertOneSet();
    await assertSteers();
    // the same links and maps, whatever their programs
    for (const { links, maps } of [second, last]) {
      assert.deepEqual({ links, maps }, { links: first.links, maps: first.maps });
    }
    assert.ok(!first.programs.some((id) => second.programs.includes(id)));
    await until('the programs before are gone', async () => {
      const { programs } = first;
      return (await alive(lab(), { programs })).length === 0;
    });
  });

  it('makes one set of links when four meet and nothing runs', async () => {
    lab().configure(uci(VIDEO));
    await Promise.all([1, 2, 3, 4].map(() => command(lab(), 'start')));
    await assertOneSet();
    await assertSteers();
  });

  it('and stop, all at once, leave either all or nothing', async () => {
    lab().configure(uci(VIDEO));
    const before = await traces(lab());
    for (let round = 0; round < 2; round++) {
      await Promise.all(['start', 'stop', 'start', 'stop'].map((verb) => command(lab(), verb)));
      const { running } = await query<Status>(lab(), 'status');
      if (running) await assertOneSet();
      else assert.deepEqual(await traces(lab()), before);
    }
  });

  it('leaves no process, and no listener; the data path works without (S6)', async () => {
    lab().configure(uci(VIDEO));
    const before = [await processes(lab()), await lab().router.output(['ss', '-Hlntup'])];
    await command(lab(), 'start');
    assert.deepEqual(
      [await processes(lab()), await lab().router.output(['ss', '-Hlntup'])],
      before,
    );
    await assertSteers();
  });

  it('leaves DNS alone: the same answers, from the same server, with their TTLs', async () => {
    const { client, zone } = lab();
    const ask = async (): Promise<unknown> => {
      await zone.restartResolver();
      const answers = [];
      for (const name of ['video.example.com', 'plain.example.org', 'unknown.example.org']) {
        for (const type of ['A', 'AAAA'] as const) {
          for (const protocol of ['udp', 'tcp'] as const) {
            const { ttlSeconds, ...answer } = await client.resolve(name, type, { protocol });
            // a second can pass between two queries
            answers.push({ ...answer, ttl: ttlSeconds === undefined ? null : ttlSeconds > 290 });
          }
        }
      }
      return answers;
    };
    const before = await ask();
    await startWith(lab(), VIDEO);
    assert.deepEqual(await ask(), before);
  });

  it('is undone by stop: nothing is left (S5)', async () => {
    const rules: Rules = {
      ...VIDEO,
      soft: { domain: ['www.example.com'], interface: 'wan1', fallback: 'main' },
      none: { domain: ['none.example.com'], interface: 'wg9' },
      ads: { domain: ['ads.example.org'], action: 'block' },
      own: { domain: ['own.example.org'], mark: '0x23/0xff', client: ['@br-lan'] },
    };
    lab().configure(uci(rules));
    const before = await traces(lab());
    await command(lab(), 'start');
    await assertSteers();
    await command(lab(), 'reload');
    const during = await traces(lab());
    for (const [what, trace] of Object.entries(before)) {
      const same = /qdisc|ss -|config/.test(what);
      assert.equal(JSON.stringify(during[what]) === JSON.stringify(trace), same, what);
    }
    const objects = await kernelObjects(lab());
    assert.equal((await alive(lab(), objects)).length > 12 + objects.maps.length, true);
    await command(lab(), 'stop');
    assert.deepEqual(await traces(lab()), before);
    await until(
      'the kernel has freed all',
      async () => (await alive(lab(), objects)).length === 0,
      20_000,
    );
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink1');
  });

  it('that is killed at any moment is undone by stop, and made good by start', async () => {
    lab().configure(uci(VIDEO));
    const before = await traces(lab());
    const started = performance.now();
    await command(lab(), 'start');
    const whole = performance.now() - started;
    await command(lab(), 'stop');
    for (const [share, repair] of [
      [0.4, 'start'],
      [0.6, 'stop'],
      [0.75, 'start'],
      [0.85, 'stop'],
      [0.95, 'start'],
    ] as const) {
      const child = lab().router.spawn(lab().cliArgv('start'), { stdio: 'ignore' });
      const timer = setTimeout(() => child.kill('SIGKILL'), whole * share);
      await until(
        'it has ended',
        () => child.exitCode !== null || child.signalCode !== null,
        20_000,
      );
      clearTimeout(timer);
      await command(lab(), repair);
      if (repair === 'start') {
        await assertOneSet();
        await assertSteers();
        await command(lab(), 'stop');
      }
      assert.deepEqual(await traces(lab()), before, `killed at ${share}, then ${repair}`);
    }
  });

  describe('that fails half-way', () => {
    const NEW: Rules = { other: { domain: ['plain.example.org'], action: 'block' } };

    /** PATHs with which start cannot go through. `late0`, a device of the configuration, may vanish meanwhile. */
    const FAILURES: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
      [
        'as there is no nft',
        () => toolbox(lab(), { ip: true }),
        /^domainroute: Cannot run 'nft': not found \(install nftables\)$/,
      ],
      [
        'as nft refuses the table',
        () => toolbox(lab(), { ip: true, nft: 'case "$*" in *-f*) exit 1;; esac; exec nft "$@"' }),
        /^domainroute: Cannot load nft table inet domainroute/,
      ],
      [
        'as there is no ip',
        () => toolbox(lab(), { nft: true }),
        /^domainroute: Cannot run 'ip': not found \(install ip-full\)$/,
      ],
      [
        'as an ip rule of IPv6 is refused, behind those of IPv4',
        () =>
          toolbox(lab(), {
            nft: true,
            ip: [
              'case "$*" in "-6 -force -batch -") input=$(cat)',
              '\tcase "$input" in *"rule add"*) echo refused >&2; exit 2;; esac',
              '\techo "$input" | ip "$@"; exit;;',
              'esac',
              'exec ip "$@"',
            ].join('\n'),
          }),
        /^domainroute: Cannot set up the routing tables: refused$/,
      ],
      [
        'as a device goes while programs are attached',
        () =>
          toolbox(lab(), {
            ip: true,
            nft: 'case "$*" in *list*) ip link del late0 2>/dev/null;; esac; exec nft "$@"',
          }),
        /^domainroute: Cannot attach 'wan_(in|e)gress_\d+': the device is gone/,
      ],
    ];
    const MAIN = { wan: ['wan1', 'wan2', 'late0'] };

    const late = (verb: 'add' | 'del'): Promise<unknown> =>
      verb === 'add'
        ? lab().router.output('ip link add late0 type veth peer name late1'.split(' '))
        : lab().router.run('ip link del late0'.split(' '));
    beforeEach(() => late('add'));
    afterEach(() => late('del'));

    for (const [what, path, complaint] of FAILURES) {
      it(`${what} leaves nothing behind`, async () => {
        lab().configure(uci(VIDEO, MAIN));
        const tools = await path();
        await late('del');
        const before = await traces(lab());
        await late('add');
        const { status, stderr } = await cliWithPath(lab(), tools, 'start');
        await late('del');
        assert.notEqual(status, 0);
        assert.match(stderr.trimEnd(), complaint);
        if (!what.includes('no ip')) assert.deepEqual(await traces(lab()), before);
        assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink1');
      });

      it(`${what} keeps what runs at work`, () => assertKept(path, complaint, {}));
    }

    it('keeps what runs at work though marks and tables were to be others', async () => {
      const [, path, complaint] = FAILURES.at(-1) ?? assert.fail();
      await assertKept(path, complaint, { mark_mask: '0x00ff0000', table: '25000' });
    });

    /** What ran steers as before when another start has failed; and the next one succeeds. */
    async function assertKept(
      path: () => Promise<string>,
      complaint: RegExp,
      main: Options,
    ): Promise<void> {
      await startWith(lab(), VIDEO);
      await assertSteers();
      // or the nft table, which is there, would not be loaded
      await lab().router.output('nft delete table inet domainroute'.split(' '));
      lab().configure(uci(NEW, { ...MAIN, ...main }));
      const { status, stderr } = await cliWithPath(lab(), await path(), 'start');
      assert.notEqual(status, 0);
      assert.match(stderr.trimEnd(), complaint);
      const { rules } = await query<Status>(lab(), 'status');
      assert.deepEqual(
        rules.sections.map(({ section }) => section),
        ['video'],
      );
      await assertOneSet();
      await assertSteers();
      await command(lab(), 'start');
      assert.equal(await lab().whichUplink(lab().router, 'video.example.com'), 'uplink1');
      assert.notEqual(await lab().whichUplink(lab().router, 'plain.example.org'), 'uplink1');
    }
  });
});
