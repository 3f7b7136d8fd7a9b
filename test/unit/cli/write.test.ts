import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { write } from '../../../src/cli/write.ts';

const MODULE = new URL('../../../src/cli/write.ts', import.meta.url).href;

/** More than a pipe takes at once. */
const TEXT = 'näme\n'.repeat(100_000);

describe('cli/write', () => {
  it('writes all of a text as UTF-8', () => {
    const directory = mkdtempSync(join(tmpdir(), 'write-'));
    const path = join(directory, 'text');
    const file = openSync(path, 'w');
    try {
      write(file, TEXT);
      write(file, '');
      assert.equal(readFileSync(path, 'utf8'), TEXT);
    } finally {
      closeSync(file);
      rmSync(directory, { recursive: true });
    }
  });

  it('waits for a pipe that is full and does not block', async () => {
    // process.stdout makes it non-blocking where it is a pipe of libuv's
    const script = `import { write } from '${MODULE}'; process.stdout.on('error', () => {}); write(1, ${JSON.stringify('x')}.repeat(500_000));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    let length = first.length;
    child.stdout.on('data', (data: Buffer) => (length += data.length));
    const [status] = (await once(child, 'close')) as [number];
    assert.deepEqual([status, length], [0, 500_000]);
  });

  it('is false where nobody reads', async () => {
    const script = `import { write } from '${MODULE}'; while (write(1, 'x'.repeat(1000))); process.exit(7);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [status] = (await once(child, 'close')) as [number];
    assert.equal(status, 7);
  });
});
