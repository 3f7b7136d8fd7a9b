import type { Command } from '../command.ts';
import { counted, printDiagnostics } from '../diagnostics.ts';

export const startCommand: Command = {
  name: 'start',
  summary: 'attach the programs and put the rules in force',
  operands: [0, 0],
  details: `
Attaches to the devices of section 'main', pins, and exits: nothing of domainroute has to run for packets to
be steered. If it runs already it gets this configuration and the programs of this version; what was learnt
stays. If anything fails, all is as before.`,
  async run(invocation) {
    const { start } = await import('../../control/start.ts');
    const applied = await start(invocation.settings);
    printDiagnostics(applied.diagnostics, invocation);
    if (invocation.json) {
      const { generation, rules, diagnostics } = applied;
      invocation.out(`${JSON.stringify({ generation, rules, diagnostics })}\n`);
    } else {
      invocation.err(`domainroute: started, ${counted(applied.rules, 'rule')} in force`);
    }
    return 0;
  },
};
