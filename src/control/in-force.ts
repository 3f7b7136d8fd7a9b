/**
 * What of the configuration in force the daemon needs, in a file of the run directory: at once and often, and the UCI file
 * may be large, or changed and not in force yet.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../model/rule.ts';
import { removeFile, stageFile } from '../route/index.ts';

type InForce = Omit<Configuration, 'lists' | 'diagnostics'>;

/** The file in the run directory: who watches that sees each change. */
export const IN_FORCE = 'in-force.json';

function fileOf(run: string): string {
  return join(run, IN_FORCE);
}

/**
 * Writes it, behind the lock, before it comes into force. Returns the function that puts it in the place of the one before,
 * when it is. Throws DomainrouteError.
 */
export function stageInForce(run: string, configuration: Configuration): () => void {
  const { main, dnstap, bgp, neighbors } = configuration;
  const rules = configuration.rules.map((rule) => ({
    ...rule,
    domains: [],
    clients: rule.clients.filter(({ kind }) => kind === 'interface'),
  }));
  const kept: InForce = { main, rules, dnstap, bgp, neighbors };
  return stageFile(fileOf(run), JSON.stringify(kept, writeBytes));
}

/** The same without names, lists and other clients; undefined: nothing is in force. */
export function readInForce(run: string): Configuration | undefined {
  try {
    const kept = JSON.parse(readFileSync(fileOf(run), 'utf8'), readBytes) as InForce;
    const { main, rules, dnstap, bgp, neighbors } = kept;
    return { main, rules, dnstap, bgp, neighbors, lists: new Map(), diagnostics: [] };
  } catch {
    return undefined; // none, or one that a killed start has left: the next one brings it
  }
}

export function removeInForce(run: string): void {
  removeFile(fileOf(run));
}

/** JSON has no bytes: they are `{"hex": "c0000201"}`. */
function writeBytes(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
}

function readBytes(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('hex' in value)) return value;
  return Uint8Array.from(Buffer.from(String(value.hex), 'hex'));
}
