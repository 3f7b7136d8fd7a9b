import assert from 'node:assert/strict';
import { encodedSize, UBUS_REPLY_LIMIT, type UbusTable } from '#ubus-ts';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { createLog } from '../../../src/daemon/log.ts';
import { domainrouteMethods, type Own } from '../../../src/daemon/object.ts';

const SETTINGS = { config: '', pin: '', cgroup: undefined, run: '', ubus: '', assets: '' };

const ROWS = Array.from({ length: 20_000 }, (_, i) => ({
  section: `rule${i}`,
  message: 'x'.repeat(i % 97),
}));

/** The answer of a method whose own part is `own`. */
async function answer(method: string, own: Partial<Own>, log: string[] = []): Promise<UbusTable> {
  const refuse = (): never => assert.fail('not called');
  const whole = { reload: refuse, check: refuse, bgp: refuse, routes: refuse, ...own };
  const sink = createLog(refuse, (line) => log.push(line));
  const methods = domainrouteMethods(SETTINGS, whole, sink);
  const caller = { user: 'root', group: 'root', signal: new AbortController().signal };
  return (await methods[method]?.call({}, caller)) as UbusTable;
}

describe('an answer of the ubus object', () => {
  const answers: readonly [string, string, Partial<Own>, object][] = [
    ['routes', 'routes', { routes: () => ROWS }, {}],
    [
      'reload',
      'diagnostics',
      { reload: () => Promise.resolve({ generation: 7, rules: 2, diagnostics: ROWS }) },
      { generation: 7, rules: 2 },
    ],
    [
      'check',
      'diagnostics',
      { check: () => Promise.resolve({ valid: false, diagnostics: ROWS }) },
      { valid: false },
    ],
  ];
  for (const [method, member, own, others] of answers) {
    it(`to ${method} has as many rows as a message takes, and says that there are more`, async () => {
      const { [member]: found, more, ...rest } = await answer(method, own);
      const rows = found as readonly UbusTable[];
      assert.equal(more, true);
      assert.deepEqual(rest, others);
      assert.deepEqual(rows, ROWS.slice(0, rows.length));
      const size = encodedSize({ ...others, [member]: rows, more });
      const next = encodedSize(ROWS[rows.length] ?? {});
      assert.ok(size <= UBUS_REPLY_LIMIT, `${size} bytes`);
      assert.ok(
        size + next > UBUS_REPLY_LIMIT - 512,
        `${size} bytes, and the next row has ${next}`,
      );
    });
  }

  it('has all rows where a message takes them', async () => {
    const rows = ROWS.slice(0, 100);
    assert.deepEqual(await answer('routes', { routes: () => rows }), { routes: rows, more: false });
  });

  it('to a call that fails has the reason, as the log has it on one line', async () => {
    const log: string[] = [];
    const reload = (): never => {
      throw new DomainrouteError('busy', 'Cannot lock: another\n\x1b[31mcommand holds it');
    };
    await assert.rejects(answer('reload', { reload }, log), {
      name: 'UbusError',
      code: 'UNKNOWN_ERROR',
      data: { error: 'Cannot lock: another\n\x1b[31mcommand holds it' },
    });
    assert.deepEqual(log, ['Cannot lock: another\\x0a\\x1b[31mcommand holds it']);
  });
});
