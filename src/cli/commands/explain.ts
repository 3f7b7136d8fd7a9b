import type { Explanation } from '../../decide/explain.ts';
import { printable } from '../../model/value.ts';
import type { Command } from '../command.ts';
import { ANY, duration } from '../table.ts';

function describe(explanation: Explanation): string {
  const { name, chain, address, client, rule, action, mark, interface: device } = explanation;
  const destination = [action, mark, device].filter((part) => part !== null).join(' ');
  const rows: [string, string][] = [
    ['name', name ?? '-'],
    ...(chain.length > 1 ? [['chain', chain.join(' → ')] as [string, string]] : []),
    ['address', address ?? '-'],
    ['client', client ?? ANY],
    ['rule', rule === null ? '-' : `${rule}: ${destination}`],
    ...(explanation.expires_in === null
      ? []
      : [['expires', duration(explanation.expires_in)] as [string, string]]),
    ...explanation.competing.map((other): [string, string] => [
      'also',
      `${other.name}, told to ${other.client ?? ANY}, rule ${other.rule ?? '-'}`,
    ]),
    ['reason', explanation.reason],
  ];
  return rows.map(([title, text]) => `${title.padEnd(8)} ${printable(text, 4000)}\n`).join('');
}

export const explainCommand: Command = {
  name: 'explain',
  usage: 'NAME|ADDRESS',
  summary: 'print why a name or an address goes where it goes',
  operands: [1, 1],
  options: [{ name: 'client', value: 'CLIENT', summary: 'for this MAC address or address' }],
  details: `
Decides as the programs do, with the facts and rules that they have, and says why: one paragraph for each client and
address that is known. "also" is another name of the same address.`,
  async run({ settings, operands: [query = ''], value, json, out }) {
    const { explain } = await import('../../control/explain.ts');
    const result = await explain(settings, query, value('client'));
    if (json) out(`${JSON.stringify(result)}\n`);
    else out([result, ...result.others].map(describe).join('\n'));
    return 0;
  },
};
