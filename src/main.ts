/** Entry of the bundle; the only place that ends the process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './cli/command.ts';
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

const daemonCommand: Command = {
  name: 'daemon',
  summary: 'run in the foreground: follow the network, answer on ubus',
  operands: [0, 0],
  details: `
What procd runs. Starts the data path, or takes over the one that runs, and keeps it as the configuration and the network
want it. SIGHUP reloads. When it ends, by SIGTERM or otherwise, the data path stays: domainroute stop removes it.`,
  async run({ settings, out, err }) {
    const [{ runDaemon }, { createLog }] = await Promise.all([
      import('./daemon/daemon.ts'),
      import('./daemon/log.ts'),
    ]);
    const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
    await runDaemon({ settings, program: self, log: createLog((line) => out(`${line}\n`), err) });
    return 0;
  },
};

const program = {
  commands: [...commands, daemonCommand],
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
