import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../src/control/lock.ts';
import { openLibbpf } from '../../../src/datapath/index.ts';

const WAIT_MS = 100;

describe('the lock', () => {
  let directory = '';
  let run = '';
  before(() => openLibbpf(new URL('../../../dist', import.meta.url).pathname));
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lock-'));
    run = join(directory, 'run');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const nothing = (): Promise<void> => Promise.resolve();
  const lock = (task: () => Promise<void>, isNeeded = (): boolean => true): Promise<void> =>
    withLock(run, isNeeded, task, WAIT_MS);

  it('is for root alone, held by one, and free behind it', async () => {
    await lock(async () => {
      assert.equal(statSync(run).mode & 0o777, 0o700);
      assert.equal(statSync(join(run, 'lock')).mode & 0o777, 0o600);
      await assert.rejects(lock(nothing), { code: 'busy' });
    });
    await lock(nothing);
  });

  it('is free behind a task that fails', async () => {
    const failed = lock(() => Promise.reject(new Error('failed')));
    await assert.rejects(failed, { message: 'failed' });
    await lock(nothing);
  });

  it('is free when nobody can tell whether it is still needed', async () => {
    const unknown = lock(nothing, () => {
      throw new Error('unknown');
    });
    await assert.rejects(unknown, { message: 'unknown' });
    await lock(nothing);
  });

  it('goes with its directory when it is not needed any more (S5)', async () => {
    await lock(nothing, () => false);
    assert.equal(existsSync(run), false);
  });
});
