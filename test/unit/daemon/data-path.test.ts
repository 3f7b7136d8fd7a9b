import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataPath } from '../../../src/daemon/data-path.ts';
import { createLog } from '../../../src/daemon/log.ts';

/** What the program prints that is started for a check: how often it has been started. */
const PROGRAM = `
  const { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
  const [directory] = process.argv.slice(2);
  const at = (name) => directory + '/' + name;
  if (existsSync(at('busy'))) appendFileSync(at('log'), 'two at a time\\n');
  writeFileSync(at('busy'), '');
  appendFileSync(at('log'), 'check\\n');
  setTimeout(() => {
    rmSync(at('busy'), { force: true });
    const checks = readFileSync(at('log'), 'utf8').split('\\n').length - 1;
    console.log(JSON.stringify({ valid: true, rules: checks, domains: 0, diagnostics: [] }));
  }, 20);`;

describe('checks that are asked of the daemon', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'data-path-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('run one at a time, however many are asked for, and each sees what was there when it was asked for', async () => {
    writeFileSync(join(directory, 'program.cjs'), PROGRAM);
    const unexpected = (): never => assert.fail('not called');
    const dataPath = new DataPath({
      settings: { config: '', pin: '', cgroup: undefined, run: '', ubus: '', assets: '' },
      program: [process.execPath, join(directory, 'program.cjs'), directory],
      log: createLog(unexpected, unexpected),
      readNetifd: () => Promise.resolve(undefined),
      canFollow: () => false,
      onProblem: unexpected,
      onInterface: unexpected,
    });
    const first = dataPath.check();
    await Promise.resolve();
    const others = await Promise.all(Array.from({ length: 10 }, () => dataPath.check()));
    assert.equal((await first).rules, 1);
    assert.ok(others.every(({ rules }) => rules === 2));
    assert.equal(readFileSync(join(directory, 'log'), 'utf8'), 'check\ncheck\n');
  });
});
