/** Directories for PATH, whose programs are not what they should be. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';

import type { Lab } from '../../lab/lab.ts';
import type { RunResult } from '../../lab/protocol.ts';

let serial = 0;

/** Where the programs are that a tool of the name `name` stands for. */
const PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
export const SEARCH = PLACES.join(':');

/** Makes a directory with these tools: a shell script, or `true` for the real one. */
export async function toolbox(
  lab: Lab,
  tools: Readonly<Record<string, string | true>>,
): Promise<string> {
  const directory = `/run/${lab.name}/tools${++serial}`;
  mkdirSync(directory);
  for (const [name, script] of Object.entries(tools)) {
    const path = `${directory}/${name}`;
    if (script === true) {
      const argv = ['/usr/bin/env', `PATH=${SEARCH}`, 'which', name];
      symlinkSync((await lab.router.output(argv)).trim(), path);
    } else {
      writeFileSync(path, `#!/bin/sh\nPATH=${SEARCH}\n${script}\n`);
      chmodSync(path, 0o755);
    }
  }
  return directory;
}

/** Runs the CLI with a PATH of its own. */
export function cliWithPath(
  lab: Lab,
  path: string,
  ...args: readonly string[]
): Promise<RunResult> {
  return lab.router.run(['/usr/bin/env', `PATH=${path}`, ...lab.cliArgv(...args)]);
}
