/** What belongs to the package beside the pages: rights, menu, translations, what is generated, and the package itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SECTIONS } from '../../src/config/options.ts';
import { findMessages, renderTemplate, TEMPLATE_FILE } from '../../luci-app/tools/messages.ts';
import { OPTIONS_FILE, renderOptions } from '../../luci-app/tools/options.ts';
import { hashText, readCatalog, readEntries } from '../../luci-app/tools/po.ts';
import { makeLmo } from '../../luci-app/tools/po2lmo.ts';
import { openArchive } from '../package/ipk.ts';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const APP = join(ROOT, 'luci-app');
const LANGUAGES = ['de', 'ru'] as const;

/** What sfh() of LuCI's cbi.js gives for these texts, of each length modulo 4. */
const HASHES: readonly (readonly [string, string])[] = [
  ['Save', '219966c7'],
  ['Rules', '6cb20e91'],
  ['Status', '663359c9'],
  ['Выше', '5d550d1e'],
  ['Settings', '60cc7d18'],
  ['Advanced settings', '86ec7115'],
  ['Clients', 'b1448d24'],
];

/** What the po2lmo of LuCI (modules/luci-base/src/po2lmo.c, March 2026) made of {@link PO}. */
const LMO =
  '6e706c7572616c733d323b20706c7572616c3d286e20213d2031293b526567656c6e0000' +
  '68617420646173205a65696368656e20e2809e2573e2809c' +
  '0000000000000000000000000000001c00b3c4890000000100000024000000186cb20e91000000010000001c00000006' +
  '0000003c';

const PO = `msgid ""
msgstr ""
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Rules"
msgstr "Regeln"

msgid "Status"
msgstr "Status"

msgid "has the character '%s'"
msgstr "hat das Zeichen „%s“"
`;

const read = (path: string): string => readFileSync(join(APP, path), 'utf8');
const json = (path: string): unknown => JSON.parse(read(path));
const catalog = (language: string): Map<string, string> =>
  new Map(readCatalog(read(`po/${language}/domainroute.po`)));

const scripts = readdirSync(join(APP, 'htdocs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js'))
  .map((name) => `htdocs/${name}`);

interface Rights {
  readonly ubus: Readonly<Record<string, readonly string[]>>;
  readonly uci: readonly string[];
}

describe('what is generated', () => {
  it("is current: the pages' table of options (make luci-generated)", async () => {
    assert.equal(readFileSync(OPTIONS_FILE, 'utf8'), await renderOptions());
  });

  it('is current: the template of translations (make luci-generated)', () => {
    assert.equal(readFileSync(TEMPLATE_FILE, 'utf8'), renderTemplate());
  });

  it('holds no markup: LuCI takes descriptions for it (A1)', () => {
    const docs = SECTIONS.flatMap(({ options }) => options).map(({ doc }) => doc);
    assert.deepEqual(
      docs.filter((doc) => /[<>&]/.test(doc)),
      [],
    );
  });
});

describe('the rights of the package', () => {
  const acl = json('root/usr/share/rpcd/acl.d/luci-app-domainroute.json') as Record<
    string,
    { description: string; read: Rights; write: Rights }
  >;

  it('are of one group, name each method, and let a reader change nothing (A2)', () => {
    assert.deepEqual(acl, {
      'luci-app-domainroute': {
        description: 'Grant access to domain-based routing',
        read: {
          ubus: {
            domainroute: [
              'status',
              'rdns',
              'decisions',
              'explain',
              'check',
              'counters',
              'bgp',
              'routes',
            ],
            'luci-rpc': ['getDHCPLeases', 'getHostHints'],
            'network.interface': ['dump'],
          },
          uci: ['domainroute'],
        },
        write: { ubus: { domainroute: ['reload'] }, uci: ['domainroute'] },
      },
    });
  });

  it('are what the pages call, and no more (A2)', () => {
    const { read: reading, write: writing } = acl['luci-app-domainroute'] ?? {};
    const granted = [reading, writing].flatMap((rights) =>
      Object.entries(rights?.ubus ?? {}).flatMap(([object, methods]) =>
        methods.map((method) => `${object}.${method}`),
      ),
    );
    const source = read('htdocs/luci-static/resources/domainroute/backend.js');
    const own = [...source.matchAll(/declare\('(\w+)'/g)].map(
      ([, method]) => `domainroute.${method}`,
    );
    const others = [...source.matchAll(/object: '([\w.-]+)',\s*method: '(\w+)'/g)].map(
      ([, object, method]) => `${object}.${method}`,
    );
    assert.deepEqual(granted.sort(), [...own, ...others].sort());
    const callers = scripts.filter((path) => read(path).includes("'require rpc'"));
    assert.deepEqual(callers, ['htdocs/luci-static/resources/domainroute/backend.js']);
  });
});

describe('the menu', () => {
  const menu = json('root/usr/share/luci/menu.d/luci-app-domainroute.json') as Record<
    string,
    { action: { type: string; path?: string }; depends: { acl: string[] } }
  >;

  it('leads to views that there are, for those who have the rights', () => {
    for (const [path, { action, depends }] of Object.entries(menu)) {
      assert.deepEqual(depends.acl, ['luci-app-domainroute'], path);
      if (action.path !== undefined)
        assert.ok(scripts.includes(`htdocs/luci-static/resources/view/${action.path}.js`), path);
    }
    const views = scripts.filter((path) => path.includes('/view/')).length;
    assert.equal(Object.values(menu).filter(({ action }) => action.type === 'view').length, views);
  });
});

/** What a text has to be filled in, in its order. */
const places = (text: string): string[] => text.match(/%(?:[sd%])/g) ?? [];

for (const language of LANGUAGES) {
  describe(`the translation po/${language}`, () => {
    it('has every text of the pages, and no other', () => {
      const texts = findMessages().map(({ text }) => text);
      assert.deepEqual([...catalog(language).keys()].sort(), texts.sort());
    });

    it('fills in the same, in the same order', () => {
      for (const [text, translation] of catalog(language))
        assert.deepEqual(places(translation), places(text), text);
    });

    it('holds no markup (A1)', () => {
      const texts = [...catalog(language).values()];
      assert.deepEqual(
        texts.filter((text) => /[<>&\n]/.test(text)),
        [],
      );
    });

    it('is what a page in that language says', () =>
      withScene(async ({ open, site }) => {
        site.language = language;
        const page = await open('explain', '#subject=www.example.com');
        const title = catalog(language).get('Where does this go?') ?? '';
        await page.getByRole('heading', { name: title }).waitFor();
        const button = catalog(language).get('Explain') ?? '';
        await page.getByRole('button', { name: button }).waitFor();
      }));
  });
}

describe('a compiled catalogue', () => {
  it('is indexed by the hash of LuCI', () => {
    for (const [text, hash] of HASHES) assert.equal(hashText(text), hash, text);
  });

  it('is byte for byte what the po2lmo of LuCI makes', () => {
    assert.equal(makeLmo(PO).toString('hex'), LMO);
  });

  it('holds every text that differs from its translation', () => {
    for (const language of LANGUAGES) {
      const differing = [...catalog(language)].filter(
        ([text, translation]) => text !== translation,
      );
      const bytes = makeLmo(read(`po/${language}/domainroute.po`));
      const start = bytes.readUInt32BE(bytes.length - 4);
      // and the rule for plurals
      assert.equal((bytes.length - 4 - start) / 16, differing.length + 1, language);
      assert.ok([...readEntries(read(`po/${language}/domainroute.po`))].length > differing.length);
    }
  });
});

describe('the packages for LuCI', () => {
  let work: string;
  before(function () {
    this.timeout(60_000);
    work = mkdtempSync(join(ROOT, 'dist/luci-'));
    execFileSync('make', ['--no-print-directory', 'luci-ipk', `IPK_DIR=${work}`], { cwd: ROOT });
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  const open = (name: string): ReturnType<typeof openArchive> =>
    openArchive(readFileSync(join(work, 'all', `${name}_${version}-r1_all.ipk`)));

  it('have the version of package.json', () => {
    assert.ok(read('Makefile').includes(`PKG_VERSION:=${version}\n`));
  });

  it('are for every architecture, and need LuCI, the names of hosts, and the service', () => {
    const control = openArchive(open('luci-app-domainroute').read('./control.tar.gz'));
    const text = control.read('./control').toString();
    assert.match(text, /^Architecture: all$/m);
    assert.match(text, /^Depends: libc, luci-base, rpcd-mod-luci, domainroute$/m);
  });

  it('hold every page, module, right and menu entry, readable by all', () => {
    const data = openArchive(open('luci-app-domainroute').read('./data.tar.gz'));
    const files = data.listing.filter((line) => line.startsWith('-'));
    const wanted = [
      ...scripts.map((path) => path.replace('htdocs', './www')),
      './www/luci-static/resources/domainroute/style.css',
      './etc/uci-defaults/luci-app-domainroute',
      './usr/share/luci/menu.d/luci-app-domainroute.json',
      './usr/share/rpcd/acl.d/luci-app-domainroute.json',
    ];
    assert.deepEqual(files.sort(), wanted.map((path) => `-rw-r--r-- 0/0 ${path}`).sort());
  });

  for (const language of LANGUAGES) {
    it(`hold the translation ${language} in a package of its own`, () => {
      const name = `luci-i18n-domainroute-${language}`;
      const data = openArchive(open(name).read('./data.tar.gz'));
      assert.deepEqual(
        data.read(`./usr/lib/lua/luci/i18n/domainroute.${language}.lmo`),
        makeLmo(read(`po/${language}/domainroute.po`)),
      );
      assert.match(
        data.read(`./etc/uci-defaults/${name}`).toString(),
        new RegExp(`^uci set luci\\.languages\\.${language}='.+'; uci commit luci\\n$`),
      );
    });
  }
});
