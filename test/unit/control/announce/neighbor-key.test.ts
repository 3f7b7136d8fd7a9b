import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withKey } from '../../../../src/control/announce/neighbor-key.ts';
import type { Neighbor } from '../../../../src/model/bgp.ts';

describe('the key of a neighbour', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'neighbor-key-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function neighbor(content: string, mode = 0o600): Neighbor {
    const passwordFile = join(directory, 'core.key');
    writeFileSync(passwordFile, content, { mode });
    chmodSync(passwordFile, mode);
    const address = new Uint8Array(16);
    const rest = { enabled: true, port: 179, asn: 65000, passive: false, multihop: 1 };
    return { section: 'core', address, ...rest, ttlSecurity: false, passwordFile };
  }

  it('is the text of its file without the line end', () => {
    for (const [content, key] of [
      ['hunter2', 'hunter2'],
      ['hunter2\n', 'hunter2'],
      [' a b \r\n', ' a b '],
      ['x'.repeat(80), 'x'.repeat(80)],
      ['ä\n', 'ä'],
    ] as const) {
      assert.deepEqual(withKey(neighbor(content)).md5Key, new TextEncoder().encode(key));
    }
  });

  it('is none where the neighbour has no file', () => {
    const { passwordFile, ...rest } = neighbor('x');
    assert.ok(passwordFile !== undefined);
    assert.equal('md5Key' in withKey(rest), false);
  });

  it('is refused where others may read it, and is not said', () => {
    for (const mode of [0o640, 0o604, 0o644]) {
      assert.throws(() => withKey(neighbor('hunter2', mode)), {
        code: 'config',
        message: /^Cannot read key '.*core\.key': others may read it \(run chmod 600\)$/,
      });
    }
    const wrong = neighbor('hunter2'.repeat(12));
    assert.throws(() => withKey(wrong), { message: /must be 1 to 80 bytes, and is 84$/ });
    assert.throws(() => withKey(neighbor('\n')), { message: /and is 0$/ });
  });

  it('is refused where there is no such file, or a link in its place', () => {
    const missing = { ...neighbor('x'), passwordFile: join(directory, 'nothing') };
    assert.throws(() => withKey(missing), { code: 'config', message: /ENOENT$/ });
    const link = join(directory, 'link');
    symlinkSync(join(directory, 'core.key'), link);
    assert.throws(() => withKey({ ...neighbor('x'), passwordFile: link }), /others may read it/);
  });
});
