/**
 * The loaded programs of one version of the objects, pinned in `<pin>/v<schema>/programs_<digest>/<program>`: a device
 * that comes later gets its programs without the verifier, which takes a router seconds. A program is there once it
 * was needed. Exactly one such directory says which version all links have; none or several: a change was broken off.
 */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfProgram } from '#libbpf-ts';
import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import type { ProgramName } from './objects.ts';
import { listPins, pinError, removePin, type Pins } from './pins.ts';

const VERSION = /^programs_([0-9a-f]{16})$/;

/** The version that all links have; undefined: none, or a change of versions was broken off. */
export function readVersion({ version }: Pins): string | undefined {
  const digests = listPins(version).flatMap((name) => VERSION.exec(name)?.[1] ?? []);
  return digests.length === 1 ? digests[0] : undefined;
}

/** Removes the programs of every version; links keep what they hold. */
export function forgetVersion({ version }: Pins): void {
  for (const name of listPins(version)) {
    if (!VERSION.test(name)) continue;
    const directory = join(version, name);
    for (const program of listPins(directory)) removePin(join(directory, program));
    rmdirSync(directory);
  }
}

/** Notes the version that all links have now, and keeps its programs. Those that are kept already stay. */
export function noteVersion(
  { version }: Pins,
  digest: string,
  programs: ReadonlyMap<ProgramName, BpfProgram>,
): void {
  const directory = join(version, `programs_${digest}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, program] of programs) {
    const path = join(directory, name);
    try {
      program.pin(path);
    } catch (cause) {
      if (errnoOf(cause) === 'EEXIST') continue;
      throw new DomainrouteError('platform', `Cannot pin '${path}': ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

/** Opens those of a version that are kept; close them. */
export function keptPrograms(
  { version }: Pins,
  digest: string,
  names: Iterable<ProgramName>,
): Map<ProgramName, BpfProgram> {
  const programs = new Map<ProgramName, BpfProgram>();
  for (const name of names) {
    const path = join(version, `programs_${digest}`, name);
    try {
      const program = BpfProgram.openPinned(path);
      if (program !== undefined) programs.set(name, program);
    } catch (error) {
      for (const program of programs.values()) program.close();
      throw pinError('open program', path, error);
    }
  }
  return programs;
}
