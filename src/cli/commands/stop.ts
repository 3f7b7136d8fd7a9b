import type { Command } from '../command.ts';

export const stopCommand: Command = {
  name: 'stop',
  summary: 'detach, and remove all that start made',
  operands: [0, 0],
  details: `
Removes programs, links, pins, ip rules, routing tables and the nft table, and what was learnt. The
configuration stays. To stop what does not run is no error.`,
  async run({ settings, json, out, err }) {
    const { stop } = await import('../../control/stop.ts');
    const result = await stop(settings);
    if (json) out(`${JSON.stringify(result)}\n`);
    else err(`domainroute: ${result.stopped ? 'stopped' : 'was not running, nothing to stop'}`);
    return 0;
  },
};
