import assert from 'node:assert/strict';
import { DomainrouteError, type ErrorCode } from '../../../src/base/errors.ts';
import type { Command } from '../../../src/cli/command.ts';
import { commands } from '../../../src/cli/commands/index.ts';
import { runCommandLine } from '../../../src/cli/run.ts';

async function run(
  args: readonly string[],
  list: readonly Command[] = commands,
): Promise<{ status: number; out: string; err: string[] }> {
  let out = '';
  const err: string[] = [];
  const program = { commands: list, assets: '/nonexistent', version: '1.2.3' };
  const status = await runCommandLine(args, program, {
    out: (text) => void (out += text),
    err: (line) => void err.push(line),
  });
  return { status, out, err };
}

function failing(error: Error): Command {
  return { name: 'fail', summary: 'fails', operands: [0, 0], run: () => Promise.reject(error) };
}

describe('a command', () => {
  it('has a help with its usage, its options and the exit statuses', async () => {
    for (const { name, options = [] } of commands) {
      for (const help of ['--help', '-h']) {
        const { status, out, err } = await run([...name.split(' '), help]);
        assert.deepEqual([status, err], [0, []], name);
        assert.ok(out.startsWith(`Usage: domainroute ${name}`), name);
        for (const option of options) assert.ok(out.includes(`--${option.name}`), option.name);
        assert.ok(out.includes('the configuration is invalid'), name);
      }
    }
  });

  it('prints the version wherever it is asked for', async () => {
    assert.equal((await run(['--version'])).out, 'domainroute 1.2.3\n');
    assert.equal((await run(['stop', '--version'])).out, 'domainroute 1.2.3\n');
  });

  it('is listed in the help of the program', async () => {
    const { out } = await run(['--help']);
    for (const { name } of commands) assert.ok(out.includes(`\n  ${name} `), name);
  });

  it('that is missing is a usage error', async () => {
    const { status, out, err } = await run([]);
    assert.deepEqual([status, out], [2, '']);
    assert.deepEqual(err, [
      'domainroute: Cannot run: a command is missing (see domainroute --help)',
    ]);
  });

  const statuses: readonly (readonly [ErrorCode, number])[] = [
    ['usage', 2],
    ['config', 3],
    ['not-running', 4],
    ['privilege', 5],
    ['platform', 5],
    ['full', 1],
    ['busy', 1],
    ['internal', 1],
  ];
  for (const [code, expected] of statuses) {
    it(`that fails with '${code}' ends with ${expected} and one line`, async () => {
      const error = new DomainrouteError(code, 'Cannot do\nit');
      const { status, err } = await run(['fail'], [failing(error)]);
      assert.equal(status, expected);
      assert.deepEqual(err, ['domainroute: Cannot do it']);
    });
  }

  it('that fails with bytes for a terminal has them escaped (Z6)', async () => {
    const { err } = await run(['fail'], [failing(new Error('\x1b[31m'))]);
    assert.deepEqual(err, ['domainroute: \\x1b[31m']);
  });
});
