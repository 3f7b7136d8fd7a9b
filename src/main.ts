/** Entry of the bundle; the only place that ends the process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from './cli/commands/index.ts';
import { runCommandLine } from './cli/run.ts';

/** Set by the bundler. */
declare const VERSION: string | undefined;

const bundled = typeof VERSION === 'string';

function sourceVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// whoever reads has read enough: 'domainroute rdns | head'
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.stderr.on('error', () => undefined);

const program = {
  commands,
  version: bundled ? VERSION : sourceVersion(),
  assets: bundled ? import.meta.dirname : join(import.meta.dirname, '../dist'),
};
void runCommandLine(process.argv.slice(2), program, {
  out: (text) => process.stdout.write(text),
  err: (line) => process.stderr.write(`${line}\n`),
}).then((status) => {
  // stdout may be a pipe that is not empty yet
  process.stdout.write('', () => process.exit(status));
});
