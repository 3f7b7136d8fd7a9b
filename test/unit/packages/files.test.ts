/** What is in files/ and openwrt/ agrees with the program that it belongs to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPackage } from '#uci-parser';
import { loadConfiguration } from '../../../src/config/load.ts';
import { SECTIONS } from '../../../src/config/options.ts';
import { DEFAULTS } from '../../../src/control/settings.ts';
import { domainrouteMethods } from '../../../src/daemon/object.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const FILES = join(ROOT, 'files');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const json = (path: string): unknown => JSON.parse(read(path));

describe('the configuration that is installed', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'domainroute-files-'));
    // with the examples, which are comments
    const whole = read('files/etc/config/domainroute').replace(
      /^#(config|\toption|\tlist)/gm,
      '$1',
    );
    writeFileSync(join(directory, 'domainroute'), whole);
  });
  after(() => rmSync(directory, { recursive: true }));

  it('is valid, disabled, and has no rules', () => {
    const { main, rules, diagnostics } = loadConfiguration(join(FILES, 'etc/config'));
    assert.deepEqual(diagnostics, []);
    assert.equal(main.enabled, false);
    assert.deepEqual(rules, []);
  });

  it('is valid with its examples, too', () => {
    const { rules, lists, diagnostics } = loadConfiguration(directory);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      rules.map(({ section }) => section),
      ['video', 'work'],
    );
    assert.deepEqual([...lists.keys()], ['video_list']);
  });

  it('shows every option of main, with its default where it has one', () => {
    const { sections } = readPackage(directory, 'domainroute');
    const shown = sections.find(({ name }) => name === 'main')?.options;
    const main = SECTIONS.find(({ name }) => name === 'main');
    assert.deepEqual(
      [...(shown?.keys() ?? [])].sort(),
      main?.options.map(({ name }) => name).sort(),
    );
    for (const { name, default: wanted } of main?.options ?? []) {
      if (wanted !== undefined) assert.equal(shown?.get(name), wanted, name);
    }
  });
});

describe('the ACL for rpcd', () => {
  const own = {
    reload: () => Promise.resolve({ diagnostics: [] }),
    check: () => Promise.resolve({ diagnostics: [] }),
    bgp: () => ({}),
    routes: () => [],
  };
  const log = { info: () => undefined, problem: () => undefined };
  const methods = Object.keys(
    domainrouteMethods({ ...DEFAULTS, cgroup: undefined, assets: '' }, own, log),
  );

  it('names every method of the ubus object once, and no other (A2)', () => {
    const { domainroute } = json('files/usr/share/rpcd/acl.d/domainroute.json') as {
      domainroute: Record<'read' | 'write', { ubus: { domainroute: string[] } }>;
    };
    const named = [...domainroute.read.ubus.domainroute, ...domainroute.write.ubus.domainroute];
    assert.deepEqual(named.sort(), methods.sort());
  });

  it('lets a reader change nothing (A2)', () => {
    assert.deepEqual(json('files/usr/share/rpcd/acl.d/domainroute.json'), {
      domainroute: {
        description: 'Domain-based routing',
        read: {
          ubus: {
            domainroute: [
              'status',
              'rdns',
              'decisions',
              'rules',
              'explain',
              'check',
              'counters',
              'bgp',
              'routes',
            ],
          },
          uci: ['domainroute'],
        },
        write: { ubus: { domainroute: ['reload'] }, uci: ['domainroute'] },
      },
    });
  });
});

describe('the capabilities of the daemon', () => {
  it('are what it needs, and the same in all five sets (U2)', () => {
    const needed = ['BPF', 'PERFMON', 'NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE'];
    const names = needed.map((name) => `CAP_${name}`);
    const sets = ['bounding', 'effective', 'ambient', 'permitted', 'inheritable'];
    assert.deepEqual(
      json('files/etc/capabilities/domainroute.json'),
      Object.fromEntries(sets.map((set) => [set, names])),
    );
  });
});

describe('the feed package', () => {
  const makefile = read('openwrt/Makefile');

  it('has the version of package.json', () => {
    const { version } = json('package.json') as { version: string };
    assert.equal(/^PKG_VERSION:=(.*)$/m.exec(makefile)?.[1], version);
  });

  it('installs every file of files/', () => {
    const files = execFileSync('find', [FILES, '-type', 'f', '-printf', '%P\n'], {
      encoding: 'utf8',
    });
    for (const file of files.trimEnd().split('\n')) {
      assert.ok(makefile.includes(`$(PKG_BUILD_DIR)/files/${file} `), file);
    }
  });
});

describe('scripts for the target and the build', () => {
  const scripts = [
    'files/etc/init.d/domainroute',
    'openwrt/test.sh',
    'openwrt/sdk/index',
    'openwrt/sdk/ipk',
    'openwrt/sdk/sysroot',
  ];
  for (const script of scripts) {
    it(`${script} is as shfmt formats it`, () => {
      const formatted = execFileSync('shfmt', ['-sr', '-s', join(ROOT, script)], {
        encoding: 'utf8',
      });
      assert.equal(read(script), formatted);
    });
  }
});
