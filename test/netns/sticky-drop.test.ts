/** `option on_change 'drop'`: exactly the connections whose way changed end, and come back on the new one. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';

import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { Fleet } from './support/fleet.ts';
import { Pump } from './support/pump.ts';
import { command, startWith, uci, type Options, type Rules } from './support/router.ts';

const VIDEO = ['203.0.113.20', '2001:db8:113::20'];
const NEWS = ['203.0.113.10', '2001:db8:113::10'];
const PLAIN = ['203.0.113.30', '2001:db8:113::30'];
const NAMES = ['video.example.com', 'www.example.com', 'plain.example.org'];

const video: Options = { domain: ['video.example.com'], interface: 'wan2', on_change: 'drop' };
const news: Options = { domain: ['www.example.com'], interface: 'wan2' };
const RULES: Rules = { video, news };

const repeat = (count: number, addresses: readonly string[]): string[] =>
  Array.from({ length: count }, (_, i) => addresses[i % addresses.length] ?? '');

describe("live connections of a rule with on_change 'drop'", function () {
  this.timeout(180_000);
  const lab = useLab({ masquerade: true }, ['conntrack']);
  const open: Fleet[] = [];
  let fleet: Fleet;

  before(async () => {
    await startWith(lab(), RULES);
    for (const host of [lab().client, lab().router]) {
      for (const name of NAMES) {
        for (const type of ['A', 'AAAA'] as const) await host.resolve(name, type);
      }
    }
    const addresses = [...repeat(20, VIDEO), ...repeat(15, NEWS), ...repeat(15, PLAIN)];
    fleet = await Fleet.open(lab(), lab().client, addresses);
    open.push(fleet);
  });
  after(async () => {
    for (const each of open) await each.close();
  });

  /** id → original tuple of what the router tracks for the LAN. */
  async function tracked(): Promise<ReadonlyMap<string, string>> {
    const text = await lab().router.output('conntrack -L -o extended,id'.split(' '));
    const entries = text.split('\n').flatMap((line) => {
      const words = line.split(' ');
      const id = words.find((word) => word.startsWith('id='));
      const tuple = words.filter((word) => /^(src|dst|sport|dport)=/.test(word)).slice(0, 4);
      return id === undefined || tuple.length < 4 ? [] : [[id, tuple.join(' ')] as const];
    });
    return new Map(entries);
  }

  async function reload(rules: Rules, more = ''): Promise<string> {
    lab().configure(uci(rules) + more);
    return command(lab(), 'reload');
  }

  it('lose their entries and come back on the new uplink, and no others do', async () => {
    const before = await tracked();
    await reload({ ...RULES, video: { ...video, interface: 'wan1' } });
    const after = await tracked();
    const gone = [...before].filter(([id]) => !after.has(id)).map(([, tuple]) => tuple);
    const live = gone.filter((tuple) => tuple.includes('dport=7000'));
    assert.equal(live.length, 20, live.join('\n'));
    assert.deepEqual(
      live.filter((tuple) => !VIDEO.some((address) => tuple.includes(`dst=${address} `))),
      [],
    );
    await fleet.hasMoved(VIDEO, 'uplink1', 'another interface');
  });

  const list = 'domains.txt';
  const changes: readonly {
    readonly what: string;
    readonly rules: Rules;
    readonly list?: string;
    readonly moves: readonly string[];
    readonly to: string;
  }[] = [
    { what: 'the interface is the old one again', rules: RULES, moves: VIDEO, to: 'uplink2' },
    {
      what: 'the rule is disabled',
      rules: { ...RULES, video: { ...video, enabled: '0' } },
      moves: VIDEO,
      to: 'uplink1',
    },
    { what: 'the rule is enabled', rules: RULES, moves: VIDEO, to: 'uplink2' },
    { what: 'the rule is gone from the file', rules: { news }, moves: VIDEO, to: 'uplink1' },
    { what: 'the rule is there again', rules: RULES, moves: VIDEO, to: 'uplink2' },
    {
      what: 'another rule comes first',
      rules: { first: { ...video, interface: 'wan1', on_change: 'keep' }, ...RULES },
      moves: VIDEO,
      to: 'uplink1',
    },
    { what: 'the other rule is gone', rules: RULES, moves: VIDEO, to: 'uplink2' },
    {
      what: 'its clients change',
      rules: { ...RULES, video: { ...video, client: ['192.168.99.0/24'] } },
      moves: VIDEO,
      to: 'uplink1',
    },
    {
      what: 'its clients are these by their MAC address',
      rules: { ...RULES, video: { ...video, client: [ADDRESSES.client.mac] } },
      moves: VIDEO,
      to: 'uplink2',
    },
    {
      what: 'it has another domain',
      rules: { ...RULES, video: { ...video, domain: ['nobody.example.com'] } },
      moves: VIDEO,
      to: 'uplink1',
    },
    {
      what: 'its list has the domain',
      rules: { ...RULES, video: { ...video, domain: [], list: ['names'] } },
      list: 'video.example.com',
      moves: VIDEO,
      to: 'uplink2',
    },
    {
      what: 'its list has it no more',
      rules: { ...RULES, video: { ...video, domain: [], list: ['names'] } },
      list: 'nobody.example.com',
      moves: VIDEO,
      to: 'uplink1',
    },
    {
      what: 'a default rule takes the rest',
      rules: {
        ...RULES,
        rest: { domain: ['.'], interface: 'wan2', on_change: 'drop' },
        news: { ...news, domain: ['www.example.com', 'video.example.com'], interface: 'wan1' },
      },
      moves: [...VIDEO, ...PLAIN],
      to: 'uplink2',
    },
  ];

  for (const { what, rules, list: domain, moves, to } of changes) {
    it(`come back on ${to} when ${what}`, async () => {
      const file = `${lab().directories.config}/${list}`;
      if (domain !== undefined) writeFileSync(file, `${domain}\n`);
      const section = `\nconfig list 'names'\n\toption file '${file}'\n`;
      await reload(rules, domain === undefined ? '' : section);
      await fleet.hasMoved(moves, to, what);
    });
  }
});

describe("what a rule with on_change 'drop' ends", function () {
  this.timeout(60_000);
  const lab = useLab({}, ['conntrack']);

  // to conntrack -I; of the LAN, of the router itself (198.51.101.2), of others
  const UDP = '--dport 443 -t 600';
  const TCP = '--dport 443 --state ESTABLISHED -t 600';
  const ENDED = [
    `-p tcp -s 192.168.77.10 -d 203.0.113.20 --sport 1 ${TCP}`,
    `-p udp -s 192.168.77.10 -d 203.0.113.20 --sport 2 ${UDP}`,
    '-p icmp -s 192.168.77.10 -d 203.0.113.20 --icmp-type 8 --icmp-code 0 --icmp-id 3 -t 600',
    '-p gre -s 192.168.77.10 -d 203.0.113.20 --srckey 4 --dstkey 5 -t 600',
    `-p tcp -s 2001:db8:77::10 -d 2001:db8:113::20 --sport 6 ${TCP}`,
    `-p udp -s 2001:db8:77::10 -d 2001:db8:113::20 --sport 7 ${UDP}`,
    '-p icmpv6 -s 2001:db8:77::10 -d 2001:db8:113::20 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 8 -t 600',
    // bits of others in the mark
    `-p udp -s 192.168.77.10 -d 203.0.113.20 --sport 9 ${UDP} -m 0x80000301`,
    `-p udp -s 198.51.101.2 -d 203.0.113.20 --sport 10 ${UDP}`,
  ];
  const KEPT = [
    // a name of no rule, and one of a rule that keeps
    `-p tcp -s 192.168.77.10 -d 203.0.113.30 --sport 21 ${TCP}`,
    `-p udp -s 192.168.77.10 -d 203.0.113.10 --sport 22 ${UDP}`,
    // nobody knows a name for it
    `-p udp -s 192.168.77.10 -d 203.0.113.99 --sport 23 ${UDP}`,
    // the rule is not for this client, nor for strangers
    `-p udp -s 192.168.77.11 -d 203.0.113.10 --sport 24 ${UDP}`,
    // own addresses
    `-p udp -s 192.168.77.10 -d 192.168.77.1 --sport 25 ${UDP}`,
    `-p udp -s 203.0.113.20 -d 198.51.101.2 --sport 26 ${UDP}`,
    '-p icmpv6 -s 2001:db8:77::10 -d 2001:db8:113::30 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 27 -t 600',
  ];

  /** What is left of them: the lines that conntrack still knows. */
  async function left(lines: readonly string[]): Promise<readonly string[]> {
    const text = await lab().router.output('conntrack -L -o extended'.split(' '));
    const entries = text.split('\n').map((line) => ` ${line} `);
    return lines.filter((line) => {
      const value = (option: string): string => line.split(`${option} `)[1]?.split(' ')[0] ?? '';
      const own = [`src=${value('-s')} `, `dst=${value('-d')} `];
      const port = /--(?:sport|icmp-id|icmpv6-id|srckey) (\d+)/.exec(line)?.[1] ?? '';
      return entries.some(
        (entry) =>
          own.every((word) => entry.includes(` ${word}`)) &&
          entry.includes(` ${value('-p')} `) &&
          new RegExp(` (sport|id|srckey)=(0x)?${port} `).test(entry),
      );
    });
  }

  it('is every kind of connection that its rule takes, and nothing else', async () => {
    await startWith(lab(), RULES);
    for (const host of [lab().client, lab().router]) {
      for (const name of NAMES) {
        for (const type of ['A', 'AAAA'] as const) await host.resolve(name, type);
      }
    }
    const batch = `/run/${lab().name}/connections`;
    writeFileSync(batch, [...ENDED, ...KEPT].map((line) => `-I ${line}\n`).join(''));
    await lab().router.output(['conntrack', '-R', batch]);
    assert.deepEqual(await left([...ENDED, ...KEPT]), [...ENDED, ...KEPT]);

    lab().configure(
      uci({ video: { ...video, interface: 'wan1' }, news: { ...news, interface: 'wan1' } }),
    );
    await command(lab(), 'reload');
    assert.deepEqual(await left(ENDED), []);
    assert.deepEqual(await left(KEPT), KEPT);
  });
});

describe("a connection of the router itself under a rule with on_change 'drop'", function () {
  this.timeout(60_000);
  const lab = useLab({ masquerade: true }, ['conntrack']);

  it('goes on by the way of its socket, and the next one takes the new way', async () => {
    await startWith(lab(), RULES);
    const [address = ''] = (await lab().router.resolve('video.example.com')).addresses;
    const pump = await Pump.open(lab().router, address, 'uplink2');
    try {
      await pump.flows('nothing');
      lab().configure(uci({ video: { ...video, interface: 'wan1' } }));
      await command(lab(), 'reload');
      assert.equal(await lab().whichUplink(lab().router, address), 'uplink1');
      await pump.flows('another interface');
    } finally {
      await pump.close();
    }
  });
});
