import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A kernel module, uncompressed. */
export interface Module {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * The modules of these names and all that they depend on, in an order in which they can be loaded.
 * `directory` is /lib/modules/<release> of a kernel package, which has no modules.dep: the dependencies
 * are read from the modules. A name that is built into the kernel gives nothing.
 * @throws Error if the kernel has no module of a name
 */
export function modulesFor(directory: string, names: readonly string[]): Module[] {
  if (names.length === 0) return [];
  const paths = modulePaths(directory);
  const builtIn = builtInModules(directory);
  const found = new Map<string, Module>();
  const seen = new Set<string>();
  const visit = (wanted: string): void => {
    const name = canonical(wanted);
    if (seen.has(name) || builtIn.has(name)) return;
    seen.add(name);
    const path = paths.get(name);
    if (path === undefined) {
      throw new Error(
        `Cannot find the module "${name}": not below "${directory}" and not built in`,
      );
    }
    const content = readModule(path);
    for (const dependency of dependencies(content)) visit(dependency);
    found.set(name, { name, content });
  };
  for (const name of names) visit(name);
  return [...found.values()];
}

function modulePaths(directory: string): Map<string, string> {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = entries.filter((entry) => /\.ko(\.xz)?$/.test(entry));
  return new Map(files.map((file) => [moduleName(file), join(directory, file)]));
}

function builtInModules(directory: string): Set<string> {
  const lines = readFileSync(join(directory, 'modules.builtin'), 'utf8').split('\n');
  return new Set(lines.filter((line) => line !== '').map(moduleName));
}

function moduleName(path: string): string {
  return canonical(basename(path).replace(/\.ko(\.xz)?$/, ''));
}

/** In file names a module may be called nf-tables what is nf_tables elsewhere. */
function canonical(name: string): string {
  return name.replaceAll('-', '_');
}

function readModule(path: string): Buffer {
  if (!path.endsWith('.xz')) return readFileSync(path);
  return execFileSync('xz', ['--decompress', '--stdout', path], { maxBuffer: 64 << 20 });
}

/** The names in the "depends=" string of the section .modinfo (kernel, scripts/mod/modpost.c). */
function dependencies(module: Buffer): string[] {
  const tag = '\0depends=';
  const at = module.indexOf(tag);
  if (at < 0) return [];
  const start = at + tag.length;
  const text = module.toString('latin1', start, module.indexOf(0, start));
  return text === '' ? [] : text.split(',');
}
