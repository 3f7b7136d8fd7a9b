/** Programs of the tests that run inside a namespace of the lab. */
import { buildSync } from 'esbuild';

import type { Lab } from '../../lab/lab.ts';

/** argv of a program of this folder, bundled for node. */
export function programArgv(lab: Lab, name: string): readonly string[] {
  const outfile = `/run/${lab.name}/${name}.cjs`;
  buildSync({
    entryPoints: [new URL(`${name}.ts`, import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    target: 'node20',
    outfile,
    logLevel: 'error',
  });
  return [process.execPath, outfile];
}
