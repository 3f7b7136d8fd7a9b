/** Diagnostics on stderr: the words of the daemon's log and LuCI. */
import { formatDiagnostic } from '../config/diagnostic.ts';
import type { Diagnostic } from '../model/rule.ts';
import type { Output } from './command.ts';

export function printDiagnostics(diagnostics: readonly Diagnostic[], { err }: Output): void {
  for (const diagnostic of diagnostics) {
    err(`domainroute: ${diagnostic.severity}: ${formatDiagnostic(diagnostic)}`);
  }
}

/** '1 rule', '2 rules'. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
