import type { MonitorEvent } from '../../control/monitor.ts';
import type { Command } from '../command.ts';
import { ANY, duration, tableRow } from '../table.ts';

function describe(event: MonitorEvent): string {
  const time = new Date(event.time * 1000).toISOString().slice(11, 23);
  const { rule, action, mark, interface: device } = event;
  const destination = [action, mark, device].filter((part) => part !== null).join(' ');
  const outcome =
    event.event === 'fact'
      ? `for ${duration(event.expires_in)}, by ${event.source ?? '-'}`
      : rule === null
        ? 'no rule'
        : `rule ${rule}: ${destination}`;
  const { client, address, name } = event;
  return tableRow([time, event.event, client ?? ANY, address, name ?? '-', outcome]);
}

export const monitorCommand: Command = {
  name: 'monitor',
  summary: 'print what is learnt and decided, as it happens',
  operands: [0, 0],
  details: `
Runs until it is interrupted. With --json, one object a line. Where the daemon is on ubus its events are told to every
monitor; without it two monitors at a time share them, as there is one ring of events.`,
  async run({ settings, json, out }) {
    const { monitor } = await import('../../control/monitor.ts');
    const controller = new AbortController();
    const end = (): void => controller.abort();
    process.once('SIGINT', end).once('SIGTERM', end);
    await monitor(
      settings,
      (event) => out(json ? `${JSON.stringify(event)}\n` : describe(event)),
      controller.signal,
    );
    return 0;
  },
};
