/** What the bench builds for itself, into dist/bench: programs in C, and for the kernel. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** With libbpf.node and bpf/. */
export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

const OUT = `${DIST}/bench`;

/** Paths of what was built. */
export interface Tools {
  readonly send: string;
  readonly timed: string;
  readonly wire: string;
  readonly emptyObject: string;
  readonly learnObject: string;
  readonly matchObject: string;
}

/** Needs cc and clang; throws with what they say. */
export function buildTools(): Tools {
  mkdirSync(OUT, { recursive: true });
  return {
    send: program('send'),
    timed: program('timed'),
    wire: program('wire'),
    emptyObject: object('empty'),
    learnObject: object('learn'),
    matchObject: object('match'),
  };
}

function program(name: string): string {
  const out = `${OUT}/${name}`;
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror'];
  execute(process.env['CC'] ?? 'cc', [...flags, `${HERE}${name}.c`, '-o', out]);
  return out;
}

/** With the flags of the Makefile, so that the code is what it is in the product. */
function object(name: string): string {
  const out = `${OUT}/${name}.bpf.o`;
  const multiarch = execute(process.env['CC'] ?? 'cc', ['-print-multiarch']).trim();
  const flags = ['-g', '-O2', '-target', 'bpfel', '-mcpu=v3', '-Wall', '-Wextra', '-Werror'];
  const include = ['-isystem', `/usr/include/${multiarch}`];
  const files = ['-c', `${HERE}${name}.bpf.c`, '-o', out];
  execute(process.env['CLANG'] ?? 'clang', [...flags, ...include, ...files]);
  return out;
}

function execute(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
