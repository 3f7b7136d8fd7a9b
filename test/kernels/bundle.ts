import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { KERNELS_DIRECTORY } from './fetch.ts';

/** Bundle a TypeScript file into one CommonJS file for a guest's Node; gives its path. */
export function bundle(entry: string): string {
  const outfile = join(KERNELS_DIRECTORY, 'bundles', `${basename(entry, '.ts')}.cjs`);
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'silent',
  });
  return outfile;
}
