/** The daemon: what it serves on ubus, what survives it, and what it survives. */
import assert from 'node:assert/strict';
import { once } from 'node:events';

import { UbusError } from '#ubus-ts';
import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';
import { spawnDaemon, startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { command, knowledge, query, uci, type Rules, type Status } from './support/router.ts';

const RULES: Rules = { video: { domain: ['example.com'], interface: 'wan2' } };
const OTHERS: Rules = { news: { domain: ['example.org'], interface: 'wan2' } };

/** The code of what a call was refused with, and what the answer said beside it. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => assert.fail('was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UbusError, String(error));
  return error.code;
}

describe('the daemon', function () {
  this.timeout(60_000);
  const lab = useLab();
  const { ubusd, ubus } = useUbusd(lab);
  let daemon: Daemon | undefined;

  before(async () => {
    lab().configure(uci(RULES));
    daemon = await startDaemon(lab());
  });
  after(() => daemon?.end('SIGKILL'));

  describe('when it has started', () => {
    it('starts the data path, and tells so in its status', async () => {
      const status = await query<Status & { daemon: { pid: number; problem: unknown } }>(
        lab(),
        'status',
      );
      assert.equal(status.running, true);
      assert.deepEqual([status.daemon.pid, status.daemon.problem], [daemon?.pid, null]);
      assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink2');
    });

    it('is one: another one ends at once and says why', async () => {
      const second = spawnDaemon(lab());
      assert.equal(await second.end('SIGCONT'), 1);
      assert.match(second.log.join('\n'), /^domainroute: Cannot start the daemon: another one has/);
    });
  });

  describe('on ubus', () => {
    before(async () => {
      for (const name of ['video.example.com', 'plain.example.org']) {
        await lab().whichUplink(lab().client, name);
      }
    });

    it('has the methods that README tells, with their arguments', async () => {
      const [object] = await ubus().client.lookup('domainroute');
      const methods = [...(object?.methods ?? [])].map(
        ([name, args]) =>
          `${name}(${[...args].map(([arg, type]) => `${arg}: ${type}`).join(', ')})`,
      );
      assert.deepEqual(methods.sort(), [
        'bgp()',
        'check()',
        'counters()',
        'decisions(name: string, address: string, client: string, limit: integer, rule: string)',
        'explain(name: string, address: string, client: string)',
        'rdns(name: string, address: string, client: string, limit: integer)',
        'reload()',
        'routes(name: string, address: string, rule: string, limit: integer)',
        'rules()',
        'status()',
      ]);
    });

    const same: readonly [string, string, readonly string[], readonly string[]][] = [
      ['rdns', 'facts', ['rdns'], ['expires_in', 'last_seen']],
      ['decisions', 'decisions', ['decisions'], ['age', 'packets', 'bytes']],
      ['rules', 'rules', ['rule', 'list'], []],
    ];
    for (const [method, member, verb, moving] of same) {
      it(`answers ${method} as the command line does`, async () => {
        // hosts look for routers and neighbours whenever they like
        const isOwn = (row: { readonly address?: string }): boolean =>
          row.address?.startsWith('ff') !== true;
        const still = (rows: readonly object[]): object[] =>
          rows.filter(isOwn).map((row) => ({
            ...row,
            ...Object.fromEntries(moving.map((name) => [name, 'moving'])),
          }));
        const { [member]: rows, more } = await ubus().call(method);
        const expected = await query<readonly object[]>(lab(), ...verb);
        assert.ok(expected.length > 0);
        assert.deepEqual(
          still(rows as readonly object[])
            .map((row) => JSON.stringify(row))
            .sort(),
          still(expected)
            .map((row) => JSON.stringify(row))
            .sort(),
        );
        assert.equal(more, false);
      });
    }

    it('answers what is asked for alone', async () => {
      const name = 'video.example.com';
      const { facts } = await ubus().call('rdns', { name, limit: 1 });
      assert.deepEqual(
        (facts as readonly { name: string }[]).map((fact) => fact.name),
        [name],
      );
      const rows = (await ubus().call('decisions', { rule: 'video', name: '*.example.com' }))[
        'decisions'
      ] as readonly { name: string; rule: string }[];
      assert.ok(rows.some((row) => row.name === name));
      assert.ok(rows.every((row) => row.rule === 'video'));
      assert.deepEqual(
        (await ubus().call('decisions', { address: '192.0.2.99' }))['decisions'],
        [],
      );
    });

    it('explains names and addresses', async () => {
      const {
        rule,
        interface: device,
        reason,
      } = await ubus().call('explain', {
        name: 'video.example.com',
        client: '192.168.77.10',
      });
      assert.deepEqual([rule, device], ['video', 'wan2']);
      assert.match(String(reason), /video/);
      const other = await ubus().call('explain', { address: '203.0.113.30' });
      assert.equal(other['rule'], null);
    });

    it('counts by rule and by reason', async () => {
      const { rules, others, reasons } = (await ubus().call('counters')) as unknown as {
        rules: readonly { section: string; packets: number }[];
        others: { packets: number };
        reasons: Readonly<Record<string, number>>;
      };
      assert.deepEqual(
        rules.map(({ section }) => section),
        ['video'],
      );
      assert.ok((rules[0]?.packets ?? 0) > 0 && others.packets > 0);
      assert.ok((reasons['fact_learnt'] ?? 0) > 0, JSON.stringify(reasons));
    });

    it('checks the file as it is, and leaves what is in force alone', async () => {
      const before = await query<Status>(lab(), 'status');
      lab().configure(uci({ bad: { domain: ['example.com'], interface: 'no such;thing' } }));
      const { valid, diagnostics } = await ubus().call('check');
      assert.equal(valid, false);
      const [{ section, option, severity }] = diagnostics as readonly [Record<string, string>];
      assert.deepEqual([section, option, severity], ['bad', 'interface', 'error']);
      lab().configure(uci(RULES));
      assert.equal((await ubus().call('check'))['valid'], true);
      assert.equal((await query<Status>(lab(), 'status')).generation, before.generation);
    });

    it('refuses what is no argument, and goes on', async () => {
      assert.equal(await refusal(ubus().call('rdns', { limit: 'many' })), 'INVALID_ARGUMENT');
      assert.equal(await refusal(ubus().call('rdns', { address: 'x' })), 'INVALID_ARGUMENT');
      assert.equal(await refusal(ubus().call('rdns', { limit: -1 })), 'INVALID_ARGUMENT');
      assert.equal(await refusal(ubus().call('explain')), 'INVALID_ARGUMENT');
      assert.equal(
        await refusal(ubus().call('explain', { name: 'a.example', address: '192.0.2.1' })),
        'INVALID_ARGUMENT',
      );
      assert.equal(await refusal(ubus().call('format_flash')), 'METHOD_NOT_FOUND');
      assert.match(daemon?.log.join('\n') ?? '', /Cannot read address 'x'/);
      // what uhttpd adds
      const { more } = await ubus().call('rules', { ubus_rpc_session: '0'.repeat(32) });
      assert.equal(more, false);
    });

    it('reloads, and says what is wrong while the rules before stay in force', async () => {
      lab().configure(uci(OTHERS));
      const { generation, rules } = await ubus().call('reload');
      assert.ok(Number(generation) > 1);
      assert.equal(rules, 1);
      assert.equal(await lab().whichUplink(lab().client, 'plain.example.org'), 'uplink2');
      assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink1');
      lab().configure('config rule\n\toption "unterminated\n');
      assert.equal(await refusal(ubus().call('reload')), 'UNKNOWN_ERROR');
      const status = await ubus().call('status');
      const { problem } = status['daemon'] as { problem: string };
      assert.match(problem, /domainroute/);
      assert.equal(await lab().whichUplink(lab().client, 'plain.example.org'), 'uplink2');
      lab().configure(uci(RULES));
      await ubus().call('reload');
      assert.equal(((await ubus().call('status'))['daemon'] as { problem: unknown }).problem, null);
    });

    it('tells subscribers what is learnt and decided, and monitor with them', async () => {
      const seen: string[] = [];
      const subscription = ubus().client.subscribe('domainroute', (type, data) => {
        const { name, rule } = data as { name?: string; rule?: string | null };
        seen.push(`${type} ${name ?? ''} ${rule ?? ''}`);
      });
      const monitor = lab().router.spawn(lab().cliArgv('monitor', '--json'));
      let text = '';
      let asked = 0;
      monitor.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      try {
        await until(
          'both have heard of it',
          async () => {
            // others each time: the name of a known fact, and a verdict that stands already, are no events
            const name = `n${++asked}.new.example.com`;
            await lab().zone.addHosts({ [name]: [`203.0.113.${100 + asked}`] });
            await lab().whichUplink(lab().client, name);
            return (
              ['fact', 'verdict'].every((kind) =>
                seen.some(
                  (line) => line.startsWith(`${kind} n`) && line.includes('.new.example.com'),
                ),
              ) && text.includes('.new.example.com')
            );
          },
          20_000,
        );
        assert.ok(
          seen.some((line) => /^verdict .* video$/.test(line)),
          seen.join('\n'),
        );
      } finally {
        subscription.close();
        const ended = once(monitor, 'exit');
        monitor.kill('SIGINT');
        await ended;
      }
    });
  });

  describe('and what happens around it', () => {
    it('is monitored through a restart of ubusd', async () => {
      const monitor = lab().router.spawn(lab().cliArgv('monitor', '--json'));
      let text = '';
      let asked = 0;
      monitor.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const told = (): Promise<unknown> =>
        until(
          'it is told',
          async () => {
            const name = `m${++asked}.monitored.example.com`;
            await lab().zone.addHosts({ [name]: [`203.0.113.${150 + (asked % 100)}`] });
            await lab().client.resolve(name);
            return text.includes('.monitored.example.com');
          },
          20_000,
        );
      try {
        await told();
        await ubusd().restart();
        text = '';
        await told();
      } finally {
        monitor.kill('SIGKILL');
      }
    });

    it('reloads on SIGHUP', async () => {
      const { generation } = await query<Status>(lab(), 'status');
      lab().configure(uci(OTHERS));
      process.kill(daemon?.pid ?? 0, 'SIGHUP');
      await until('the rules are in force', async () => {
        const status = await query<Status>(lab(), 'status');
        return status.generation > generation && status.rules.sections[0]?.section === 'news';
      });
      lab().configure(uci(RULES));
      await ubus().call('reload');
    });

    it('knows the configuration that a command has brought', async () => {
      await command(
        lab(),
        'rule',
        'add',
        'plain',
        '--domain',
        'example.org',
        '--interface',
        'wan2',
      );
      assert.equal(await lab().whichUplink(lab().client, 'plain.example.org'), 'uplink2');
      const { rules } = await ubus().call('rules');
      assert.equal((rules as readonly unknown[]).length, 2);
      await command(lab(), 'rule', 'del', 'plain');
    });

    it('may die: rules are obeyed, and queries answered, and the next one takes over (S6)', async () => {
      await lab().whichUplink(lab().client, 'www.example.com');
      const known = await knowledge(lab());
      const before = await query<Status>(lab(), 'status');
      const count = (status: Status): number => status.rules.sections[0]?.packets ?? 0;

      await daemon?.end('SIGKILL');
      const name = 'late.example.com';
      await lab().zone.addHosts({ [name]: ['203.0.113.60'] });
      assert.equal(await lab().whichUplink(lab().client, name), 'uplink2');
      assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink2');
      assert.equal((await query<readonly unknown[]>(lab(), 'decisions')).length > 0, true);
      const orphaned = await query<Status & { daemon: unknown }>(lab(), 'status');
      assert.equal(orphaned.daemon, null);
      assert.ok(count(orphaned) > count(before));

      daemon = await startDaemon(lab());
      const adopted = await query<Status & { daemon: { pid: number } }>(lab(), 'status');
      assert.equal(adopted.daemon.pid, daemon.pid);
      assert.ok(count(adopted) >= count(orphaned), 'counts go on');
      const still = new Set(await knowledge(lab()));
      assert.deepEqual(
        known.filter((fact) => !still.has(fact)),
        [],
      );
    });

    it('puts the nft table back when somebody has flushed it', async () => {
      await lab().router.output(['nft', 'flush', 'ruleset']);
      await until('the table is back', async () => {
        const { status } = await lab().router.run(['nft', 'list', 'table', 'inet', 'domainroute']);
        return status === 0;
      });
    });

    it('leaves the data path when it is asked to end, which stop then removes (S5)', async () => {
      assert.equal(await daemon?.end(), 0);
      assert.equal((await query<Status>(lab(), 'status')).running, true);
      assert.equal(await lab().whichUplink(lab().client, 'www.example.com'), 'uplink2');
      await command(lab(), 'stop');
      assert.equal((await query<Status>(lab(), 'status')).running, false);
    });
  });
});
