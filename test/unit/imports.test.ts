import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const SRC = new URL('../../src', import.meta.url).pathname;

/** Which folders of src/ may import which; a folder may always import itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  dns: ['model', 'base'],
  rules: ['model', 'base', 'dns'],
  facts: ['model', 'base', 'dns'],
  decide: ['model', 'base', 'dns'],
  dnstap: ['model', 'base', 'dns', 'pbf'],
  config: ['model', 'base', '#uci-parser'],
  datapath: ['model', 'base', '#libbpf-ts'],
  route: ['model', 'base'],
  bgp: ['model', 'base'],
  control: [
    'base',
    'model',
    'dns',
    'rules',
    'facts',
    'decide',
    'config',
    'datapath',
    'route',
    'dnstap',
    'bgp',
    '#ubus-ts',
    '#uci-parser',
  ],
  daemon: ['control', 'config', 'model', 'base', '#ubus-ts'],
  // its tables and messages: the option table of config, the types and texts of model, base and decide
  cli: ['control', 'config', 'decide', 'model', 'base'],
  'main.ts': ['cli', 'daemon'],
};

/** Libraries import nothing of ours. */
function allowedFor(area: string): readonly string[] {
  return area.startsWith('lib/') ? [] : (ALLOWED[area] ?? []);
}

/** 'datapath' of 'datapath/maps.ts', 'lib/ubus-ts' of 'lib/ubus-ts/index.ts', 'main.ts' itself. */
function areaOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'lib' ? `lib/${second}` : first;
}

const IMPORT =
  /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function imports(): Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(IMPORT)].map(([, from, bare]): Import => ({
        file,
        specifier: from ?? bare ?? '',
      })),
    );
}

/** What an import leads to: an area, '#name', or undefined for Node's own. */
function destination({ file, specifier }: Import): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (!specifier.startsWith('.')) return specifier;
  return areaOf(relative(SRC, resolve(SRC, dirname(file), specifier)));
}

describe('the imports of src/', () => {
  const all = imports();

  it('are found', () => {
    assert.ok(all.length > 100);
    assert.ok(all.some(({ specifier }) => specifier === '#libbpf-ts'));
  });

  it('follow the table of layers', () => {
    const wrong = all.filter((found) => {
      const area = areaOf(found.file);
      const to = destination(found);
      return to !== undefined && to !== area && !allowedFor(area).includes(to);
    });
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `${file}: ${specifier}`),
      [],
    );
  });

  it('of every folder are in the table', () => {
    const areas = new Set(all.map(({ file }) => areaOf(file)));
    const unknown = [...areas].filter((area) => !area.startsWith('lib/') && !(area in ALLOWED));
    assert.deepEqual(unknown, []);
  });

  it('are of libbpf in datapath alone', () => {
    const users = all
      .filter(({ specifier }) => specifier === '#libbpf-ts')
      .map(({ file }) => areaOf(file));
    assert.deepEqual([...new Set(users)], ['datapath']);
  });

  it('end in .ts, so that Node and bundlers agree', () => {
    const wrong = all.filter(
      ({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.ts'),
    );
    assert.deepEqual(wrong, []);
  });
});
