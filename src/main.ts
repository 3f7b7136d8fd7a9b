/** Entry of the bundle; the only place that ends the process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from './cli/commands/index.ts';
import { runCommandLine } from './cli/run.ts';
import { write } from './cli/write.ts';

/** Set by the bundler. */
declare const VERSION: string | undefined;

const bundled = typeof VERSION === 'string';

function sourceVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const program = {
  commands,
  version: bundled ? VERSION : sourceVersion(),
  assets: bundled ? import.meta.dirname : join(import.meta.dirname, '../dist'),
};
void runCommandLine(process.argv.slice(2), program, {
  out: (text) => {
    // whoever reads has read enough: 'domainroute rdns | head'
    if (!write(1, text)) process.exit(0);
  },
  err: (line) => void write(2, `${line}\n`),
}).then((status) => process.exit(status));
