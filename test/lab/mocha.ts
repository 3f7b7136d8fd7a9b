/** The lab in tests: what a machine must have for it, which a developer's laptop may lack and CI may not. */
import { accessSync, constants } from 'node:fs';
import type { Context } from 'mocha';

import { createLab, type Lab, type LabOptions } from './lab.ts';

const PROGRAMS = ['ip', 'nft', 'nsenter', 'unshare', 'mount', 'dnsmasq'];

/** Why no lab can be built here, or undefined. */
export function labObstacle(programs: readonly string[] = []): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [...PROGRAMS, ...programs].filter((program) => !isInstalled(program));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

/** For `before`: skips with the reason, or fails where CI=true. */
export function requireLab(context: Context, programs: readonly string[] = []): void {
  const obstacle = labObstacle(programs);
  if (obstacle === undefined) return;
  if (process.env['CI'] === 'true') throw new Error(`This test ${obstacle}`);
  console.log(`    skipped: ${obstacle}`);
  context.skip();
}

/**
 * A lab for the `describe` that calls this, built before its first test and removed after its last; the tests
 * call what is returned to get it. `programs`: what they need more.
 */
export function useLab(options: LabOptions = {}, programs: readonly string[] = []): () => Lab {
  let lab: Lab | undefined;
  before(async function () {
    requireLab(this, programs);
    lab = await createLab(options);
  });
  after(() => lab?.close());
  return () => {
    if (lab === undefined) throw new Error('There is no lab yet');
    return lab;
  };
}

function isInstalled(program: string): boolean {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
