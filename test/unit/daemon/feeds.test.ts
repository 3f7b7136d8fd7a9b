import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../src/daemon/log.ts';
import { Feeds } from '../../../src/daemon/feeds.ts';

const ASSETS = new URL('../../../dist', import.meta.url).pathname;

describe('the feeds of subscribers', () => {
  let directory = '';
  const log: string[] = [];
  let feeds: Feeds;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'feeds-'));
    log.length = 0;
    const pin = join(directory, 'pins');
    const settings = {
      config: directory,
      pin,
      cgroup: undefined,
      run: directory,
      ubus: '',
      assets: ASSETS,
    };
    const sink = createLog(
      () => undefined,
      (line) => log.push(line),
    );
    feeds = new Feeds({ settings, log: sink, notify: () => assert.fail('no event') });
  });
  afterEach(async () => {
    await feeds.close();
    rmSync(directory, { recursive: true });
  });

  it('wait for a data path that is not there, and say nothing', async () => {
    feeds.subscribed(true);
    await feeds.refresh();
    assert.deepEqual(log, []);
  });

  it('outlive pins that cannot be read, and say so', async () => {
    writeFileSync(join(directory, 'pins'), 'no directory');
    feeds.subscribed(true);
    await feeds.refresh();
    assert.match(log.join('\n'), /^Cannot read pins '.*': ENOTDIR/);
  });
});
