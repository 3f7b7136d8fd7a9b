import type { Command } from '../command.ts';
import { counted, printDiagnostics } from '../diagnostics.ts';
import { EXIT_CONFIG } from '../exit-status.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'print what is wrong with the configuration',
  operands: [0, 0],
  details: `
Changes nothing. The exit status is 3 if a section has an error, which start and reload would leave out.`,
  async run(invocation) {
    const { check } = await import('../../control/check.ts');
    const { diagnostics, rules, domains } = await check(invocation.settings);
    const failed = diagnostics.some(({ severity }) => severity === 'error');
    if (invocation.json) {
      invocation.out(`${JSON.stringify({ valid: !failed, rules, domains, diagnostics })}\n`);
    } else {
      printDiagnostics(diagnostics, invocation);
      invocation.out(`${counted(rules, 'rule')} with ${counted(domains, 'domain')}\n`);
    }
    return failed ? EXIT_CONFIG : 0;
  },
};
