import type { Command } from '../command.ts';
import { readLimit } from '../limit.ts';
import { ANY } from '../table.ts';

const TITLES = ['ADDRESS', 'NAME', 'CLIENT', 'EXPIRES', 'SEEN', 'SOURCE'] as const;

export const rdnsCommand: Command = {
  name: 'rdns',
  usage: '[ADDRESS]',
  summary: 'print which names are known for which addresses',
  operands: [0, 1],
  options: [
    {
      name: 'name',
      value: 'NAME',
      summary: "this name alone; '*.example.com': it and all below it",
    },
    { name: 'client', value: 'CLIENT', summary: 'what this MAC address or address was told' },
    { name: 'limit', value: 'N', summary: 'at most so many' },
  ],
  details: `
A line is a fact: this client was told that this name is at this address. EXPIRES is when it is forgotten if it is
not used, SEEN when it was used last, SOURCE who told it.`,
  async run({ settings, operands, value, json, out }) {
    const { rdnsAsJson, rdnsAsTable } = await import('../../control/rdns.ts');
    const query = {
      address: operands[0],
      name: value('name'),
      client: value('client'),
      limit: readLimit(value('limit')),
    };
    if (json) {
      out(`${await rdnsAsJson(settings, query)}\n`);
      return 0;
    }
    out(await rdnsAsTable(settings, query, { titles: TITLES, any: ANY }));
    return 0;
  },
};
