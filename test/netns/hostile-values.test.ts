/** UCI values as attackers write them (A4): refused with the option named, and nothing is ever run. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { useLab } from '../lab/mocha.ts';
import { startDaemon, useUbusd, type Daemon } from './support/daemon.ts';
import { query, uci, type Status } from './support/router.ts';

interface Diagnostic {
  readonly severity: string;
  readonly section: string;
  readonly option: string;
  readonly message: string;
}

const LONG = 'a'.repeat(4096);

/** What ends a word, a line or a command in a shell, an nft script, a batch of ip, a UCI file or a JSON text. */
function hostile(marker: string): readonly string[] {
  return [
    `wan;touch ${marker}`,
    `$(touch ${marker})`,
    `\`touch ${marker}\``,
    `wan|touch ${marker}`,
    `wan&&touch ${marker}&`,
    `wan\ntouch ${marker}`,
    `wan\n\toption enabled 0`,
    `"; flush ruleset; "`,
    `wan dev lo\nroute add default dev lo`,
    `../../etc/passwd`,
    `-batch /x`,
    `%n%n%s`,
    `wan\u0001`,
    `\u202ewan`,
    LONG,
  ];
}

const RULE_OPTIONS = [
  'domain',
  'list',
  'client',
  'interface',
  'mark',
  'action',
  'local',
  'fallback',
];
const LISTS = new Set(['domain', 'list', 'client']);

describe('hostile UCI values', function () {
  this.timeout(120_000);
  const lab = useLab();
  const { ubus } = useUbusd(lab);
  const marker = (): string => `/run/${lab().name}/touched`;
  let daemon: Daemon | undefined;

  after(() => daemon?.end('SIGKILL'));

  const good = { domain: ['video.example.com'], interface: 'wan2' };

  /** UCI quotes a value with ' and writes ' itself as '\''. */
  function section(name: string, option: string, value: string): string {
    const quoted = `'${value.replaceAll("'", "'\\''")}'`;
    const line = `\t${LISTS.has(option) ? 'list' : 'option'} ${option} ${quoted}\n`;
    const domain = option === 'domain' ? '' : `\tlist domain 'x.example'\n`;
    const target = ['interface', 'mark', 'action'].includes(option)
      ? ''
      : `\toption interface 'wan1'\n`;
    return `config rule '${name}'\n${domain}${target}${line}`;
  }

  it('are refused one by one, each with its option, and the good rule is obeyed', async () => {
    const values = hostile(marker());
    const cases = RULE_OPTIONS.flatMap((option) =>
      values.map((value, i) => ({ option, value, name: `${option}_${i}` })),
    );
    const sections = cases.map(({ name, option, value }) => section(name, option, value));
    lab().configure(`${uci({ good })}\n${sections.join('')}`);
    const { status, stdout } = await lab().cli('--json', 'check');
    assert.equal(status, 3);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] };
    const refused = new Set(
      diagnostics
        .filter(({ severity }) => severity === 'error')
        .map(({ section: name, option }) => `${name} ${option}`),
    );
    const accepted = cases.filter(({ name, option }) => !refused.has(`${name} ${option}`));
    assert.deepEqual(
      accepted.map(({ option, value }) => `${option} ${value}`),
      [],
    );
    assert.ok(diagnostics.every(({ message }) => !message.includes('\n')));

    daemon = await startDaemon(lab());
    assert.deepEqual(
      (await query<Status>(lab(), 'status')).rules.sections.map((rule) => rule.section),
      ['good'],
    );
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink2');
    assert.equal(existsSync(marker()), false);
  });

  it('in the options of main leave the last good state', async () => {
    for (const option of ['lan', 'wan', 'mark_mask', 'table', 'facts', 'hold', 'local']) {
      for (const value of hostile(marker())) {
        const list = option === 'lan' || option === 'wan';
        lab().configure(uci({ good }, { [option]: list ? [value] : value }));
        const { status, stdout, stderr } = await lab().cli('--json', 'check');
        const said = stdout === '' ? stderr : stdout;
        assert.match(said, new RegExp(option), `${option} ${value}`);
        assert.notEqual(status, 0, `${option} ${value}`);
      }
    }
    await ubus()
      .call('reload')
      .catch(() => undefined);
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink2');
    assert.equal(existsSync(marker()), false);
  });

  it('with a NUL end neither the file nor the daemon', async () => {
    lab().configure(`${uci({ good })}\nconfig rule 'nul'\n\tlist domain 'a\0b.example'\n`);
    await ubus()
      .call('reload')
      .catch(() => undefined);
    assert.equal((await ubus().call('status'))['running'], true);
    assert.equal(await lab().whichUplink(lab().client, 'video.example.com'), 'uplink2');
  });

  it('as arguments of ubus methods are refused or find nothing', async () => {
    for (const value of hostile(marker())) {
      for (const [method, argument] of [
        ['rdns', 'name'],
        ['rdns', 'address'],
        ['rdns', 'client'],
        ['decisions', 'rule'],
        ['explain', 'name'],
      ] as const) {
        const answer = await ubus()
          .call(method, { [argument]: value })
          .catch((error: unknown) => String(error));
        const rows =
          typeof answer === 'string' ? [] : (answer['facts'] ?? answer['decisions'] ?? []);
        assert.deepEqual(rows, [], `${method} ${argument}`);
      }
    }
    assert.equal(existsSync(marker()), false);
  });
});
