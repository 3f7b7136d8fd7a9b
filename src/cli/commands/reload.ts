import type { Command } from '../command.ts';
import { counted, printDiagnostics } from '../diagnostics.ts';

export const reloadCommand: Command = {
  name: 'reload',
  summary: 'put the configuration as it is now in force',
  operands: [0, 0],
  details: `
Rules are swapped in whole; what was learnt stays, and what is cached is decided anew. If the configuration
cannot be read, or anything else fails, the rules before stay in force.`,
  async run(invocation) {
    const { reload } = await import('../../control/start.ts');
    const applied = await reload(invocation.settings);
    printDiagnostics(applied.diagnostics, invocation);
    if (invocation.json) {
      const { generation, rules, diagnostics } = applied;
      invocation.out(`${JSON.stringify({ generation, rules, diagnostics })}\n`);
    } else {
      invocation.err(`domainroute: reloaded, ${counted(applied.rules, 'rule')} in force`);
    }
    return 0;
  },
};
