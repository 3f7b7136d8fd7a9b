import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainrouteError } from '../../../src/base/errors.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

describe('loading the configuration', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** The message, with the directory cut out. */
  function failure(of = directory): string {
    try {
      loadConfiguration(of);
    } catch (error) {
      assert.ok(error instanceof DomainrouteError, String(error));
      assert.equal(error.code, 'config');
      assert.ok(error.cause !== undefined);
      return error.message.replace(directory, '');
    }
    assert.fail('nothing was thrown');
  }

  it('the file is named domainroute', () => {
    writeFileSync(
      join(directory, 'domainroute'),
      "config domainroute 'main'\n\toption enabled 1\n",
    );
    const { main, diagnostics } = loadConfiguration(directory);
    assert.equal(main.enabled, true);
    assert.deepEqual(diagnostics, []);
  });

  it('what is no UCI is told with its place', () => {
    writeFileSync(
      join(directory, 'domainroute'),
      "config domainroute 'main'\n\toption enabled '1\n",
    );
    assert.equal(
      failure(),
      "Cannot read configuration '/domainroute:2:17': unterminated ' (mend that line, nothing was changed)",
    );
  });

  it('NUL bytes, and bytes of any kind, are told', () => {
    for (const bytes of ['\0', 'config domainroute main\0', '\xff\xfe\0c', '\x7fELF']) {
      writeFileSync(join(directory, 'domainroute'), bytes, 'latin1');
      assert.match(failure(), /^Cannot read configuration '\/domainroute:1:\d+': /);
    }
  });

  it('a missing file is told with the next step', () => {
    assert.equal(
      failure(),
      "Cannot read configuration '/domainroute': no such file (create it, or say where it is with --config DIR)",
    );
  });

  it('a directory in its place is told', () => {
    mkdirSync(join(directory, 'domainroute'));
    assert.equal(failure(), "Cannot read configuration '/domainroute': not a regular file");
  });

  it('a path from the command line is escaped', () => {
    assert.match(failure(`${directory}/a\nb`), /'\/a\\x0ab\/domainroute': no such file/);
  });
});
