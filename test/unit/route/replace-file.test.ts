import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { removeFile, replaceFile } from '../../../src/route/replace-file.ts';

const MODULE = new URL('../../../src/route/replace-file.ts', import.meta.url).href;

describe('a file that others read', () => {
  let directory = '';
  const path = (): string => join(directory, 'table');
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'replace-file-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('is for root alone, and replaced whole', () => {
    replaceFile(path(), 'one');
    assert.equal(statSync(path()).mode & 0o777, 0o600);
    const { ino } = statSync(path());
    replaceFile(path(), 'two');
    assert.equal(readFileSync(path(), 'utf8'), 'two');
    assert.notEqual(statSync(path()).ino, ino);
    assert.deepEqual(readdirSync(directory), ['table']);
  });

  it('stays as it was where there is room for a part alone', () => {
    replaceFile(path(), 'one');
    const script = `
      process.on('SIGXFSZ', () => undefined);
      const { replaceFile } = await import(${JSON.stringify(MODULE)});
      try {
        replaceFile(${JSON.stringify(path())}, 'x'.repeat(6000));
      } catch (error) {
        console.log(error.message);
      }`;
    // with a limit as with a full file system, write(2) takes what there is room for
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync('prlimit', ['--fsize=4096:4096', ...node], {
      encoding: 'utf8',
    });
    assert.equal(stdout, `Cannot write '${path()}': EFBIG\n`, stderr);
    assert.equal(readFileSync(path(), 'utf8'), 'one');
    assert.deepEqual(readdirSync(directory), ['table']);
  });

  it('goes with what a writer that was killed has left', () => {
    replaceFile(path(), 'one');
    replaceFile(`${path()}.new`, 'half');
    removeFile(path());
    removeFile(path());
    assert.deepEqual(readdirSync(directory), []);
  });
});
