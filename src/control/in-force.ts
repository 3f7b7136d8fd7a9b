/**
 * What of the configuration in force depends on the network, in a file of the run directory: whoever follows the network
 * needs it at once and often, and the UCI file may be large, or changed and not in force yet.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../model/rule.ts';
import { replaceFile } from '../route/index.ts';

function fileOf(run: string): string {
  return join(run, 'in-force.json');
}

/** Behind the lock, when it is in force. */
export function keepInForce(run: string, { main, rules }: Configuration): void {
  const used = rules.map((rule) => ({
    ...rule,
    domains: [],
    clients: rule.clients.filter(({ kind }) => kind === 'interface'),
  }));
  replaceFile(fileOf(run), JSON.stringify({ main, rules: used }));
}

/** The same without names, lists and other clients; undefined: nothing is in force. */
export function readInForce(run: string): Configuration | undefined {
  try {
    const { main, rules } = JSON.parse(readFileSync(fileOf(run), 'utf8')) as Configuration;
    return { main, rules, lists: new Map(), diagnostics: [] };
  } catch {
    return undefined; // none, or one that a killed start has left: the next one brings it
  }
}

export function removeInForce(run: string): void {
  rmSync(fileOf(run), { force: true });
}
