/** What start would say to the configuration; changes nothing. */
import { loadConfiguration } from '../config/load.ts';
import type { Diagnostic } from '../model/rule.ts';
import { compileRules } from '../rules/compile.ts';
import { readHost } from './host.ts';
import { hostInterfaces } from './interfaces.ts';
import { readNetifd } from './netifd.ts';
import { hostDiagnostics, readChunks } from './plan.ts';
import type { Settings } from './settings.ts';

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** Rules that are enabled and have no error. */
  readonly rules: number;
  /** Domains of rules and lists. */
  readonly domains: number;
}

/** Throws DomainrouteError: 'config' if the file or a list cannot be read, 'full' if there is too much. */
export async function check(settings: Settings): Promise<Checked> {
  const configuration = loadConfiguration(settings.config);
  // any seed: nothing of it stays
  const compiled = compileRules({ configuration, seed: 0n, readList: readChunks });
  const { resolve } = hostInterfaces(await readHost(() => readNetifd(settings)));
  return {
    diagnostics: [
      ...configuration.diagnostics,
      ...compiled.diagnostics,
      ...(await hostDiagnostics(configuration, resolve)),
    ],
    rules: configuration.rules.filter(({ enabled }) => enabled).length,
    domains: compiled.count,
  };
}
