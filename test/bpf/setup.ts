/** What the tests of the programs need, and what they say where it is not there. */
import type { Suite } from 'mocha';
import { fileURLToPath } from 'node:url';

const path = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url));

export const OBJECTS = process.env['DR_OBJECTS'] ?? path('dist/bpf');
export const ADDON = path('dist/libbpf.node');

/** Skips a suite without root; fails it in CI. */
export function needsKernel(suite: Suite): void {
  suite.beforeAll(function () {
    if (process.getuid?.() === 0) return;
    if (process.env['CI'] === 'true') throw new Error('Cannot load BPF programs: not root');
    console.log('      skipped: loading BPF programs needs root');
    this.skip();
  });
}
