import assert from 'node:assert/strict';

import {
  applyRouting,
  applyStickiness,
  readRouting,
  removeRouting,
  removeStickiness,
  type Runner,
  type Target,
} from '../../src/route/index.ts';
import { useLab } from '../lab/mocha.ts';
import { until } from '../lab/until.ts';

const OPTIONS = { table: 24000, markMask: 0x3f000000 };
const MASK = OPTIONS.markMask;
const WAN2: Target = { number: 2, kind: 'interface', device: 'wan2', fallback: 'block' };
const WAN2_OR_MAIN: Target = { number: 3, kind: 'interface', device: 'wan2', fallback: 'main' };
const BLOCK: Target = { number: 4, kind: 'block' };

const SERVER = '203.0.113.10';
const SERVER6 = '2001:db8:113::10';

/** Sets the mark of packets to one server, where and as the data path does; `number` 0: none. */
const marking = (number: number, others = '0x0', bits = '0x00000000'): string => `
table inet datapath
delete table inet datapath
table inet datapath {
  chain ingress {
    type filter hook prerouting priority -300;
    iifname "br-lan" meta mark set ${bits}
    iifname "br-lan" ip daddr ${SERVER} meta mark set meta mark & 0xc0ffffff | ${number << 24}
    iifname "br-lan" ip6 daddr ${SERVER6} meta mark set meta mark & 0xc0ffffff | ${number << 24}
  }
  chain output {
    type route hook output priority -150;
    ip daddr ${SERVER} meta mark set ${number << 24}
  }
  chain seen {
    type filter hook postrouting priority 0;
    meta mark & 0xc0ffffff == ${others} counter
  }
}
`;

describe('routing of marked packets', () => {
  const lab = useLab();
  const run: Runner = (argv, stdin) => lab().router.run(argv, stdin);
  let atFirst: string;

  const state = async (): Promise<string> => {
    const commands = [
      'ip rule show',
      'ip -6 rule show',
      'ip -4 -N route show table all',
      'ip -6 -N route show table all',
      'nft list ruleset',
    ];
    const outputs = await Promise.all(
      commands.map((command) => lab().router.output(command.split(' '))),
    );
    // the kernel ages neighbours, not routes: nothing else here changes by itself
    return outputs.join('\n--\n');
  };
  const mark = (...args: Parameters<typeof marking>): Promise<string> =>
    lab().router.output(['nft', '-f', '-'], marking(...args));
  const ask = (
    target: string,
    protocol: 'tcp' | 'udp' = 'tcp',
    host = lab().client,
  ): Promise<string> => lab().whichUplink(host, target, { protocol });

  before(async () => {
    atFirst = await state();
  });

  afterEach(async () => {
    await lab().router.run(['nft', 'delete', 'table', 'inet', 'datapath']);
    await lab().router.output(['ip', 'link', 'set', 'wan2', 'up']);
  });

  it('makes tables, rules and kill switches, and nothing when repeated', async () => {
    const changes = await applyRouting([WAN2, WAN2_OR_MAIN, BLOCK], OPTIONS, run);
    // two families of 3 rules, 3 device or prohibit routes, 1 kill switch
    assert.equal(changes, 2 * (3 + 3 + 1));
    assert.equal(await applyRouting([WAN2, WAN2_OR_MAIN, BLOCK], OPTIONS, run), 0);
    const rules = await lab().router.output(['ip', 'rule', 'show']);
    assert.match(
      rules,
      /^24002:\tfrom all fwmark 0x2000000\/0x3f000000 lookup 24002 proto 212\s*$/m,
    );
    const table = await lab().router.output(['ip', '-6', 'route', 'show', 'table', '24002']);
    assert.match(
      table,
      /^default via 2001:db8:2::1 dev wan2 proto 212 metric 20 onlink pref medium$/m,
    );
    assert.match(table, /^unreachable default dev lo proto 212 metric 4294967295 /m);
  });

  it('are read without those of routing daemons, which can have a million', async () => {
    const others = Array.from(
      { length: 20_000 },
      (_, i) => `route add 100.64.${i >> 8}.${i & 255} via 198.51.101.1 proto bird\n`,
    );
    await lab().router.output(['ip', '-batch', '-'], others.join(''));
    try {
      let bytes = 0;
      const { inet } = await readRouting(async (argv, stdin) => {
        const result = await run(argv, stdin);
        bytes += result.stdout.length;
        return result;
      });
      assert.deepEqual(
        inet.main.map(({ device }) => device),
        ['wan1', 'wan2'],
      );
      assert.ok(bytes < 50_000, `${bytes} bytes`);
    } finally {
      await lab().router.output('ip route flush proto bird'.split(' '));
    }
  });

  for (const server of [SERVER, SERVER6]) {
    const family = server.includes(':') ? 'IPv6' : 'IPv4';
    const unreachable = family === 'IPv4' ? 'EHOSTUNREACH' : 'ENETUNREACH';
    const prohibited = family === 'IPv4' ? 'EHOSTUNREACH' : 'EACCES';

    it(`sends marked packets through their table, others through main (${family})`, async () => {
      await mark(2);
      assert.equal(await ask(server), 'uplink2');
      assert.equal(await ask(server, 'udp'), 'uplink2');
      assert.equal(await ask(server.replace(/10$/, '11')), 'uplink1');
    });

    it(`answers a blocked packet with an ICMP error at once (${family})`, async () => {
      await mark(4);
      assert.equal(await ask(server), prohibited);
      assert.equal(await ask(server, 'udp'), prohibited);
    });

    it(`lets nothing out elsewhere while the device is down (${family})`, async () => {
      await mark(2);
      await lab().router.output(['ip', 'link', 'set', 'wan2', 'down']);
      assert.equal(await ask(server), unreachable);
      await applyRouting([WAN2, WAN2_OR_MAIN, BLOCK], OPTIONS, run);
      assert.equal(await ask(server), unreachable);
      await mark(3);
      assert.equal(await ask(server), 'uplink1');
    });

    it(`mends the routes that a link took with it (${family})`, async () => {
      await mark(2);
      await lab().router.output(['ip', 'link', 'set', 'wan2', 'down']);
      await lab().router.output(['ip', 'link', 'set', 'wan2', 'up']);
      // what netifd does when a link is back; IPv6 addresses went with it, too
      const lines = [
        'address replace 2001:db8:2::2/64 dev wan2 nodad',
        'route replace 0.0.0.0/0 via 198.51.101.1 dev wan2 metric 20',
        'route replace ::/0 via 2001:db8:2::1 dev wan2 metric 20',
      ];
      await lab().router.output(['ip', '-batch', '-'], lines.join('\n'));
      assert.ok((await applyRouting([WAN2, WAN2_OR_MAIN, BLOCK], OPTIONS, run)) > 0);
      await until('uplink2 is back', async () => (await ask(server)) === 'uplink2');
    });
  }

  it('routes the sockets of the router by their mark', async () => {
    await mark(2);
    assert.equal(await ask(SERVER, 'tcp', lab().router), 'uplink2');
    await mark(4);
    // the packet is dropped by the hook that routes it again; a socket with a mark would hear of it
    const which = await lab().whichUplink(lab().router, SERVER, { timeoutMs: 300 });
    assert.equal(which, 'ETIMEDOUT');
  });

  it('turns a number into another target, and drops what is not wanted any more', async () => {
    await applyRouting(
      [
        { ...WAN2, device: 'wan1' },
        { number: 3, kind: 'block' },
      ],
      OPTIONS,
      run,
    );
    await mark(2);
    assert.equal(await ask(SERVER), 'uplink1');
    await mark(3);
    assert.equal(await ask(SERVER), 'EHOSTUNREACH');
    await mark(4);
    assert.equal(await ask(SERVER), 'uplink1');
    const same: Target[] = [
      { ...WAN2, device: 'wan1' },
      { number: 3, kind: 'block' },
    ];
    assert.equal(await applyRouting(same, OPTIONS, run), 0);
  });

  it('moves to another table and mask, and leaves nothing of the old ones', async () => {
    const options = { table: 30000, markMask: 0x0000ff00 };
    await applyRouting([WAN2], options, run);
    assert.doesNotMatch(await state(), /240\d\d/);
    assert.match(
      await state(),
      /^30002:\tfrom all fwmark 0x200\/0xff00 lookup 30002 proto 212\s*$/m,
    );
  });

  it('gives a point-to-point device a route of its own, and a missing one the kill switch', async () => {
    await lab().router.output(['ip', 'tuntap', 'add', 'mode', 'tun', 'tun9']);
    await lab().router.output(['ip', 'link', 'set', 'tun9', 'up']);
    await lab().router.output(['ip', 'address', 'add', '10.9.0.1/32', 'dev', 'tun9']);
    const targets: Target[] = [
      { number: 1, kind: 'interface', device: 'tun9', fallback: 'block' },
      { number: 5, kind: 'interface', device: 'wg7', fallback: 'block' },
    ];
    await applyRouting(targets, OPTIONS, run);
    const table = (number: number, family = '-4'): Promise<string> =>
      lab().router.output(['ip', family, 'route', 'show', 'table', String(24000 + number)]);
    assert.match(await table(1), /^default dev tun9 proto 212 /m);
    // it has no IPv6 address
    assert.match(await table(1, '-6'), /^unreachable default [^\n]*\n$/);
    assert.match(await table(5), /^unreachable default [^\n]*\n$/);
    assert.equal(await applyRouting(targets, OPTIONS, run), 0);
    await lab().router.output(['ip', 'link', 'del', 'tun9']);
  });

  it('removes everything of its own and nothing else (S5)', async () => {
    const foreign = ['rule', 'add', 'priority', '24010', 'fwmark', '0x5', 'lookup', 'main'];
    await lab().router.output(['ip', ...foreign]);
    assert.ok((await removeRouting(run)) > 0);
    assert.equal(await removeRouting(run), 0);
    assert.match(await lab().router.output(['ip', 'rule', 'show']), /^24010:/m);
    await lab().router.output(['ip', 'rule', 'del', 'priority', '24010']);
    // what the tests above did to wan2 shows in the order of routes
    const lines = (text: string): string[] => text.split('\n').sort();
    assert.deepEqual(lines(await state()), lines(atFirst));
  });

  it('says what is missing when it may not change routes', async () => {
    const user: Runner = (argv, stdin) =>
      lab().router.run(
        ['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all', ...argv],
        stdin,
      );
    await assert.rejects(applyRouting([WAN2], OPTIONS, user), {
      code: 'privilege',
      message: 'Cannot set up the routing tables: not permitted (run it as root)',
    });
    await assert.rejects(applyStickiness(MASK, user), { code: 'privilege' });
  });
});

describe('the uplink of a live connection', () => {
  const lab = useLab({ masquerade: true }, ['conntrack']);
  const run: Runner = (argv, stdin) => lab().router.run(argv, stdin);

  const mark = (...args: Parameters<typeof marking>): Promise<string> =>
    lab().router.output(['nft', '-f', '-'], marking(...args));

  before(async () => {
    await applyRouting([WAN2, BLOCK], OPTIONS, run);
    assert.equal(await applyStickiness(MASK, run), true);
  });

  it('is loaded once', async () => {
    assert.equal(await applyStickiness(MASK, run), false);
    assert.equal(await applyStickiness(0xff000000, run), true);
    assert.equal(await applyStickiness(MASK, run), true);
  });

  for (const server of [SERVER, SERVER6]) {
    const family = server.includes(':') ? 'IPv6' : 'IPv4';

    it(`stays when the mark of its packets changes or goes (${family})`, async () => {
      await mark(2);
      const connection = await lab().client.open(server);
      assert.equal(await connection.say('one'), 'uplink2 one');
      await mark(0);
      assert.equal(await connection.say('two'), 'uplink2 two');
      await mark(4);
      assert.equal(await connection.say('three'), 'uplink2 three');
      assert.equal(
        await lab().whichUplink(lab().client, server),
        'ECONNREFUSED', // the nft table says so at once
      );
      await connection.close();
    });

    it(`stays when it began without a mark (${family})`, async () => {
      await mark(0);
      const connection = await lab().client.open(server);
      await mark(2);
      assert.equal(await connection.say('one'), 'uplink1 one');
      assert.equal(await lab().whichUplink(lab().client, server), 'uplink2');
      assert.equal(await connection.say('two'), 'uplink1 two');
      await connection.close();
    });
  }

  it('is as it was after the table was loaded anew', async () => {
    await mark(2);
    const connection = await lab().client.open(SERVER);
    await applyStickiness(0xff000000, run);
    await mark(0);
    assert.equal(await connection.say('one'), 'uplink2 one');
    await applyStickiness(MASK, run);
    assert.equal(await connection.say('two'), 'uplink2 two');
    await connection.close();
  });

  it('leaves other bits of both marks alone', async () => {
    const foreign = `table inet foreign {
      chain early { type filter hook prerouting priority -160; ct mark set ct mark | 0x40000055; }
    }`;
    await lab().router.output(['nft', '-f', '-'], foreign);
    await mark(2, '0x80000033', '0x80000033');
    const connection = await lab().client.open(SERVER);
    await mark(0, '0x80000033', '0x80000033');
    assert.equal(await connection.say('one'), 'uplink2 one');
    const seen = await lab().router.output(['nft', 'list', 'chain', 'inet', 'datapath', 'seen']);
    assert.match(seen, /counter packets [1-9]/);
    const marks = await lab().router.output([
      'conntrack',
      '-L',
      '--dst',
      SERVER,
      '-p',
      'tcp',
      '--dport',
      '7000',
    ]);
    // 0x42000055
    assert.match(marks, /ESTABLISHED .* mark=1107296341 /);
    await connection.close();
    await lab().router.output(['nft', 'delete', 'table', 'inet', 'foreign']);
  });

  it('takes its bits off answers to which someone copied the whole mark of the connection', async () => {
    await mark(2);
    const copying = `table inet foreign {
      chain early { type filter hook prerouting priority -160; meta mark set ct mark; }
    }`;
    const connection = await lab().client.open(SERVER);
    await lab().router.output(['nft', '-f', '-'], copying);
    assert.equal(await connection.say('one'), 'uplink2 one');
    await lab().router.output(['nft', 'delete', 'table', 'inet', 'foreign']);
    await connection.close();
  });

  it('does not apply to connections begun from the WAN', async () => {
    // the client serves; uplink2 asks for it, and its own address is "steered" to uplink1's target
    await lab().client.request('serve', { name: 'inside' });
    const towards = `table inet datapath
      delete table inet datapath
      table inet datapath {
        chain ingress {
          type filter hook prerouting priority -300;
          iifname "br-lan" ip daddr 198.51.101.1 meta mark set 0x04000000
        }
      }`;
    await lab().router.output(['nft', '-f', '-'], towards);
    assert.equal(await lab().whichUplink(lab().uplink2, '192.168.77.10'), 'inside');
    assert.equal(await lab().whichUplink(lab().client, '198.51.101.1'), 'ECONNREFUSED');
  });

  it('leaves no table behind (S5)', async () => {
    await lab().router.run(['nft', 'delete', 'table', 'inet', 'datapath']);
    assert.equal(await removeStickiness(run), true);
    assert.equal(await removeStickiness(run), false);
    assert.doesNotMatch(await lab().router.output(['nft', 'list', 'tables']), /domainroute/);
  });
});
