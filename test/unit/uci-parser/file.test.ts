import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUci, readPackage, UciSyntaxError, writePackage } from '#uci-parser';

const content = parseUci("config a 'b'\n\toption c 'd'\n");
const written = "\nconfig a 'b'\n\toption c 'd'\n\n";

describe('UCI files on disk', () => {
  let directory = '';
  const path = (name: string): string => join(directory, name);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'uci-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('a new file has mode 0600, and nothing else is left', () => {
    writePackage(directory, 'network', content);
    assert.equal(readFileSync(path('network'), 'utf8'), written);
    assert.equal(statSync(path('network')).mode & 0o7777, 0o600);
    assert.deepEqual(readdirSync(directory), ['network']);
    assert.deepEqual(
      readPackage(directory, 'network').sections[0]?.options,
      content.sections[0]?.options,
    );
  });

  it('an old file keeps its mode, and is replaced by another file', () => {
    writeFileSync(path('network'), 'config old\n');
    chmodSync(path('network'), 0o644);
    const before = statSync(path('network')).ino;
    writePackage(directory, 'network', content);
    assert.equal(statSync(path('network')).mode & 0o7777, 0o644);
    assert.notEqual(statSync(path('network')).ino, before);
    assert.equal(readFileSync(path('network'), 'utf8'), written);
  });

  it('an old file keeps its owner', function () {
    if (process.getuid?.() !== 0) {
      assert.notEqual(process.env['CI'], 'true', 'needs root');
      this.skip();
    }
    writeFileSync(path('network'), '');
    chownSync(path('network'), 1234, 5678);
    chmodSync(path('network'), 0o640);
    writePackage(directory, 'network', content);
    const { uid, gid, mode } = statSync(path('network'));
    assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { uid: 1234, gid: 5678, mode: 0o640 });
  });

  it('a symbolic link stays, and what it leads to is replaced', () => {
    mkdirSync(path('real'));
    writeFileSync(path('real/file'), '');
    symlinkSync('real/file', path('network'));
    writePackage(directory, 'network', content);
    assert.ok(lstatSync(path('network')).isSymbolicLink());
    assert.equal(readFileSync(path('real/file'), 'utf8'), written);
    assert.deepEqual(readdirSync(path('real')), ['file']);
  });

  it('a file that cannot be replaced leaves no temporary file', () => {
    mkdirSync(path('network'));
    assert.throws(() => writePackage(directory, 'network', content), { code: 'EISDIR' });
    assert.deepEqual(readdirSync(directory), ['network']);
  });

  it('bytes that are not UTF-8 come back', () => {
    const bytes = Buffer.from("\nconfig a 'b'\n\toption c '\xff'\n\n", 'latin1');
    writeFileSync(path('network'), bytes);
    writePackage(directory, 'network', readPackage(directory, 'network'));
    assert.deepEqual(readFileSync(path('network')), bytes);
  });

  it('what is not there, no file, or no UCI is told apart', () => {
    assert.throws(() => readPackage(directory, 'network'), { code: 'ENOENT' });
    mkdirSync(path('network'));
    assert.throws(() => readPackage(directory, 'network'), { code: 'EINVAL' });
    writeFileSync(path('bad'), 'nonsense\n');
    assert.throws(() => readPackage(directory, 'bad'), UciSyntaxError);
    // a device that would wait, or never end
    symlinkSync('/dev/zero', path('zero'));
    assert.throws(() => readPackage(directory, 'zero'), { code: 'EINVAL' });
  });

  it('a name leads nowhere else', () => {
    for (const name of ['', '.', '..', '../etc/passwd', 'a/b', 'a.b', 'a\0b', 'a\n']) {
      assert.throws(() => readPackage(directory, name), RangeError, name);
      assert.throws(() => writePackage(directory, name, content), RangeError, name);
    }
  });
});
