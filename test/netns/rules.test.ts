/** Which rule takes a name: clients, exactness, order, aliases, lists, marks; by where the traffic arrives. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';

import type { Host } from '../lab/host.ts';
import { useLab } from '../lab/mocha.ts';
import { ADDRESSES } from '../lab/topology.ts';
import { moveToGuests } from './support/guests.ts';
import { command, query, startWith, uci, type Fact, type Rules } from './support/router.ts';
import { connectToEach } from './support/taken.ts';

const PRIVATE = '10.44.0.0/16';

const NAMES = [
  'prefix.example.com',
  'mac.example.com',
  'device.example.com',
  'exact.example.com',
  'sub.exact.example.com',
  'below.example.com',
  'sub.below.example.com',
  'notbelow.example.com',
  'wide.example.org',
  'narrow.wide.example.org',
  'a.narrow.wide.example.org',
  'one.narrow.wide.example.org',
  'b.one.narrow.wide.example.org',
  'order1.example.com',
  'order2.example.com',
  'order3.example.com',
  'last.example.net',
  'only-last.example.net',
  'behind-middle.example.net',
  'behind-first.example.net',
  'behind-none.example.net',
  'mixed.example.com',
  'xn--bcher-kva.example.com',
  'listed.example.com',
  'sub.listed.example.com',
  'alone.example.com',
  'sub.alone.example.com',
  'later.example.com',
  'marked.example.com',
  'unnamed.example.com',
] as const;

const HOSTS = {
  ...Object.fromEntries(
    NAMES.map((name, i) => [name, [`203.0.114.${i + 1}`, `2001:db8:113:2::${i + 1}`]]),
  ),
  'open.example.net': ['10.44.0.1'],
  'shut.example.net': ['10.44.0.2'],
  'gateway.example.net': [ADDRESSES.uplink1.inet],
};

/** first → middle → target. */
const CHAINS = {
  'last1.example.com': 'last2.example.org',
  'last2.example.org': 'only-last.example.net',
  'middle1.example.com': 'middle2.example.org',
  'middle2.example.org': 'behind-middle.example.net',
  'first1.example.com': 'first2.example.org',
  'first2.example.org': 'behind-first.example.net',
  'none1.example.com': 'none2.example.org',
  'none2.example.org': 'behind-none.example.net',
};

const RULES: Rules = {
  prefix: {
    domain: ['prefix.example.com'],
    client: ['192.168.77.0/24', '2001:db8:77::/64'],
    interface: 'wan2',
  },
  mac: { domain: ['mac.example.com'], client: [ADDRESSES.client2.mac], interface: 'wan2' },
  device: { domain: ['device.example.com'], client: ['@lan2'], interface: 'wan2' },
  exact: { domain: ['=exact.example.com'], interface: 'wan2' },
  below: { domain: ['below.example.com'], interface: 'wan2' },
  // the order of the file is not that of the match
  wide: { domain: ['wide.example.org'], interface: 'wan2' },
  narrow: { domain: ['narrow.wide.example.org'], interface: 'wan1' },
  one: { domain: ['=one.narrow.wide.example.org'], interface: 'wan2' },
  early: { domain: ['order1.example.com'], interface: 'wan1' },
  early2: { domain: ['order2.example.com'], interface: 'wan2' },
  early3: { domain: ['order3.example.com'], client: [ADDRESSES.client.mac], interface: 'wan2' },
  late: {
    domain: ['order1.example.com', 'order3.example.com'],
    interface: 'wan2',
    client: ['0.0.0.0/0'],
  },
  late2: { domain: ['order2.example.com'], interface: 'wan1' },
  chains: {
    domain: ['only-last.example.net', 'middle2.example.org', 'first1.example.com'],
    interface: 'wan2',
  },
  chains2: { domain: ['behind-first.example.net'], interface: 'wan1' },
  mixed: { domain: ['MIXED.example.COM'], interface: 'wan2' },
  idn: { domain: ['Bücher.example.com'], interface: 'wan2' },
  listed: { list: ['names'], interface: 'wan2' },
  open: { domain: ['open.example.net', 'gateway.example.net'], interface: 'wan2', private: '1' },
  shut: { domain: ['shut.example.net'], interface: 'wan2' },
};

describe('rules', function () {
  this.timeout(60_000);
  const lab = useLab({ hosts: HOSTS, cnames: CHAINS });
  const listFile = (): string => `${lab().directories.config}/names.txt`;
  let routing: readonly string[] = [];

  /** All that leads a packet elsewhere than the main table does. */
  const readRouting = (): Promise<readonly string[]> =>
    Promise.all(
      ['-4', '-6'].flatMap((family) =>
        [
          ['rule', 'show'],
          ['route', 'show', 'table', 'all'],
        ].map((words) => lab().router.output(['ip', family, ...words])),
      ),
    );

  const taken = (
    host: Host,
    names: readonly string[],
    family?: 4 | 6,
  ): Promise<Readonly<Record<string, string>>> => connectToEach(lab(), host, names, family);

  /** Puts a file in force for the list `names`. */
  function configure(rules: Rules): void {
    const list = `config list 'names'\n\toption file '${listFile()}'\n\toption format 'plain'\n`;
    lab().configure(`${uci(rules, { lan: ['br-lan', 'lan2'] })}\n${list}`);
  }

  before(async () => {
    await moveToGuests(lab());
    for (const uplink of [lab().uplink1, lab().uplink2])
      await uplink.output(['ip', 'route', 'add', 'local', PRIVATE, 'dev', 'lo']);
    routing = await readRouting();
  });

  describe('with a mark of the user', () => {
    /** Packets leave the clients' network unmarked; other bits of a mark come from elsewhere. */
    const COUNTERS = `table netdev before {
  chain ingress {
    type filter hook ingress device "lan1" priority 0;
    meta mark set 0x5a42
  }
}
table inet count {
  counter marked {}
  counter unmarked {}
  counter odd {}
  chain prerouting {
    type filter hook prerouting priority filter;
    iifname "br-lan" ip daddr 203.0.0.0/16 jump which
  }
  chain which {
    meta mark 0x5a23 counter name marked return
    meta mark 0x5a42 counter name unmarked return
    counter name odd
  }
}
`;

    interface Counters {
      readonly nftables: readonly {
        readonly counter?: { readonly name: string; readonly packets: number };
      }[];
    }

    async function counts(): Promise<Readonly<Record<string, number>>> {
      const text = await lab().router.output([
        'nft',
        '-j',
        'reset',
        'counters',
        'table',
        'inet',
        'count',
      ]);
      return Object.fromEntries(
        (JSON.parse(text) as Counters).nftables.flatMap(({ counter }) =>
          counter === undefined ? [] : [[counter.name, counter.packets]],
        ),
      );
    }

    before(() =>
      startWith(lab(), { marked: { domain: ['marked.example.com'], mark: '0x23/0xff' } }),
    );

    it('set exactly its bits, and leave the others as they came', async () => {
      await lab().router.output(['nft', '-f', '-'], COUNTERS);
      try {
        assert.deepEqual(await taken(lab().client, ['marked.example.com']), {
          'marked.example.com': 'marked uplink1',
        });
        const { marked, ...others } = await counts();
        assert.ok((marked ?? 0) > 0, 'packets are marked');
        assert.deepEqual(others, { unmarked: 0, odd: 0 });

        await taken(lab().client, ['unnamed.example.com']);
        const { unmarked, ...rest } = await counts();
        assert.ok((unmarked ?? 0) > 0, 'packets to a name without a rule are not');
        assert.deepEqual(rest, { marked: 0, odd: 0 });
      } finally {
        for (const table of ['netdev before', 'inet count'])
          await lab().router.output(['nft', 'delete', 'table', ...table.split(' ')]);
      }
    });

    it('make no ip rule and no table', async () => {
      assert.deepEqual(await readRouting(), routing);
    });

    it("leave the way to the user's own ip rules", async () => {
      const { router, client } = lab();
      const way = ['route', 'add', 'default', 'via', ADDRESSES.uplink2.inet, 'table', '77'];
      await router.output(['ip', ...way]);
      await router.output(['ip', 'rule', 'add', 'fwmark', '0x23/0xff', 'lookup', '77']);
      try {
        const uplinks = [];
        for (const host of [client, router]) {
          for (const name of ['marked.example.com', 'unnamed.example.com'])
            uplinks.push(await lab().whichUplink(host, name));
        }
        assert.deepEqual(uplinks, ['uplink2', 'uplink1', 'uplink2', 'uplink1']);
      } finally {
        await router.output(['ip', 'rule', 'del', 'fwmark', '0x23/0xff', 'lookup', '77']);
        await router.output(['ip', 'route', 'flush', 'table', '77']);
      }
    });
  });

  describe('of names', () => {
    before(async () => {
      writeFileSync(
        listFile(),
        '\ufeff# names\r\n\r\nListed.Example.com # a comment\r\n=alone.example.com\r\n',
      );
      configure(RULES);
      await command(lab(), 'start');
    });

    for (const family of [4, 6] as const) {
      it(`take only clients of their prefix, MAC address or device, over IPv${family}`, async () => {
        const { client, client2 } = lab();
        const names = ['prefix.example.com', 'mac.example.com', 'device.example.com'];
        assert.deepEqual(await taken(client, names, family), {
          'prefix.example.com': 'prefix uplink2',
          'mac.example.com': 'none uplink1',
          'device.example.com': 'none uplink1',
        });
        assert.deepEqual(await taken(client2, names, family), {
          'prefix.example.com': 'none uplink1',
          'mac.example.com': 'mac uplink2',
          'device.example.com': 'device uplink2',
        });
      });
    }

    it("for some clients do not take the router's own connections", async () => {
      const uplinks = [];
      for (const name of ['prefix.example.com', 'mac.example.com', 'device.example.com'])
        uplinks.push(await lab().whichUplink(lab().router, name));
      assert.deepEqual(uplinks, ['uplink1', 'uplink1', 'uplink1']);
    });

    it('with = take the name and nothing below it, others whole labels', async () => {
      const expected = {
        'exact.example.com': 'exact uplink2',
        'sub.exact.example.com': 'none uplink1',
        'below.example.com': 'below uplink2',
        'sub.below.example.com': 'below uplink2',
        'notbelow.example.com': 'none uplink1',
      };
      assert.deepEqual(await taken(lab().client, Object.keys(expected)), expected);
    });

    it('with the longest domain go first, an exact name before all, whatever the order', async () => {
      const expected = {
        'wide.example.org': 'wide uplink2',
        'narrow.wide.example.org': 'narrow uplink1',
        'a.narrow.wide.example.org': 'narrow uplink1',
        'one.narrow.wide.example.org': 'one uplink2',
        'b.one.narrow.wide.example.org': 'narrow uplink1',
      };
      assert.deepEqual(await taken(lab().client, Object.keys(expected)), expected);
    });

    it('with the same domain go in the order of the file, past those for other clients', async () => {
      const { client, client2 } = lab();
      const names = ['order1.example.com', 'order2.example.com', 'order3.example.com'];
      assert.deepEqual(await taken(client, names), {
        'order1.example.com': 'early uplink1',
        'order2.example.com': 'early2 uplink2',
        'order3.example.com': 'early3 uplink2',
      });
      assert.deepEqual(await taken(client2, names), {
        'order1.example.com': 'early uplink1',
        'order2.example.com': 'early2 uplink2',
        'order3.example.com': 'late uplink2',
      });
    });

    it('match any name of a CNAME chain, the first one first', async () => {
      const expected = {
        'last1.example.com': 'chains uplink2',
        'middle1.example.com': 'chains uplink2',
        'first1.example.com': 'chains uplink2',
        'none1.example.com': 'none uplink1',
      };
      assert.deepEqual(await taken(lab().client, Object.keys(expected)), expected);
      // the address of first1, told by another name
      assert.deepEqual(await taken(lab().client, ['behind-first.example.net']), {
        'behind-first.example.net': 'chains2 uplink1',
      });
    });

    it('match names whatever the case of query and configuration', async () => {
      assert.deepEqual(await taken(lab().client, ['mIxEd.ExAmPlE.cOm']), {
        'mIxEd.ExAmPlE.cOm': 'mixed uplink2',
      });
      const facts = await query<readonly Fact[]>(lab(), 'rdns', '--client', ADDRESSES.client.mac);
      const names = facts.map(({ name }) => name).filter((name) => /mixed/i.test(name));
      assert.deepEqual(names, ['mixed.example.com']);
    });

    it('match an IDN by its punycode', async () => {
      assert.deepEqual(await taken(lab().client, ['xn--bcher-kva.example.com']), {
        'xn--bcher-kva.example.com': 'idn uplink2',
      });
    });

    it('take private destinations only with option private, connected ones never', async () => {
      const expected = {
        'open.example.net': 'open uplink2',
        'shut.example.net': 'none uplink1',
        'gateway.example.net': 'none uplink1',
      };
      assert.deepEqual(await taken(lab().client, Object.keys(expected)), expected);
    });

    it('take the names of a list file', async () => {
      const expected = {
        'listed.example.com': 'listed uplink2',
        'sub.listed.example.com': 'listed uplink2',
        'alone.example.com': 'listed uplink2',
        'sub.alone.example.com': 'none uplink1',
        'later.example.com': 'none uplink1',
      };
      assert.deepEqual(await taken(lab().client, Object.keys(expected)), expected);
    });

    it('keep the last good list when the file is none, and take the next good one', async () => {
      const { client } = lab();
      writeFileSync(listFile(), `later.example.com\n${'x'.repeat(513)}\n`);
      const { status } = await lab().cli('reload');
      assert.notEqual(status, 0);
      assert.deepEqual(await taken(client, ['listed.example.com', 'later.example.com']), {
        'listed.example.com': 'listed uplink2',
        'later.example.com': 'none uplink1',
      });

      writeFileSync(listFile(), 'later.example.com\n');
      await command(lab(), 'reload');
      assert.deepEqual(await taken(client, ['listed.example.com', 'later.example.com']), {
        'listed.example.com': 'none uplink1',
        'later.example.com': 'listed uplink2',
      });
    });

    it("of the domain '.' take what no other rule does, known by a name or not", async () => {
      const { client } = lab();
      await startWith(lab(), {
        all: { domain: ['.'], interface: 'wan2' },
        plain: { domain: ['plain.example.org'], interface: 'wan1' },
      });
      const expected = {
        'unnamed.example.com': 'all uplink2',
        'plain.example.org': 'plain uplink1',
        'shut.example.net': 'none uplink1',
        'gateway.example.net': 'none uplink1',
      };
      assert.deepEqual(await taken(client, Object.keys(expected)), expected);
      assert.equal(await lab().whichUplink(client, '203.0.255.1'), 'uplink2');
    });
  });
});
