/** Fifty live connections, and what may happen around them: none breaks, none changes its uplink. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { useLab } from '../lab/mocha.ts';
import { MASQUERADE_NFT } from '../lab/topology.ts';
import { Fleet } from './support/fleet.ts';
import { programArgv } from './support/program.ts';
import { command, forgetPrograms, linkUp, startWith, uci, type Rules } from './support/router.ts';
import { countAtUplinks, seenAtUplinks } from './support/seen.ts';

const VIDEO = ['203.0.113.20', '2001:db8:113::20'];
const NEWS = ['203.0.113.10', '2001:db8:113::10'];
const PLAIN = ['203.0.113.30', '2001:db8:113::30'];
const NAMES = ['video.example.com', 'www.example.com', 'plain.example.org'];

const RULES: Rules = {
  video: { domain: ['video.example.com'], interface: 'wan2' },
  news: { domain: ['www.example.com'], interface: 'wan1' },
};

const repeat = (count: number, addresses: readonly string[]): string[] =>
  Array.from({ length: count }, (_, i) => addresses[i % addresses.length] ?? '');

describe('fifty live connections', function () {
  this.timeout(180_000);
  const lab = useLab({ masquerade: true });
  const open: Fleet[] = [];
  let fleet: Fleet;

  before(async () => {
    await startWith(lab(), RULES);
    for (const name of NAMES) {
      for (const type of ['A', 'AAAA'] as const) await lab().client.resolve(name, type);
    }
    const addresses = [...repeat(20, VIDEO), ...repeat(15, NEWS), ...repeat(15, PLAIN)];
    await countAtUplinks(lab());
    fleet = await Fleet.open(lab(), lab().client, addresses);
    open.push(fleet);
  });
  after(async () => {
    for (const each of open) await each.close();
  });

  /** Unbroken, and by the counters of the uplinks each has all of its packets on the one side. */
  async function stay(after: string): Promise<void> {
    await fleet.isUnbroken(after);
    const [one, two] = await seenAtUplinks(lab());
    for (const address of VIDEO) assert.equal(one.get(address) ?? 0, 0, `${address}, ${after}`);
    for (const address of [...NEWS, ...PLAIN]) {
      assert.equal(two.get(address) ?? 0, 0, `${address}, ${after}`);
    }
  }

  const table = 'table inet domainroute';
  const file = (): string => `${lab().directories.run}/domainroute.nft`;

  async function hasTable(): Promise<boolean> {
    return (await lab().router.output(['nft', 'list', 'tables'])).split('\n').includes(table);
  }

  /** As the daemon does when it hears of it; was the table gone? */
  async function repair(): Promise<boolean> {
    const assets = new URL('../../dist', import.meta.url).pathname;
    const settings = { ...lab().directories, ubus: lab().ubus, assets };
    const argv = [...programArgv(lab(), 'repair'), JSON.stringify(settings)];
    return (await lab().router.output(argv)) === 'true';
  }

  it('stay where they began when nothing happens', () => stay('nothing'));

  it('stay when the firewall loads its rules with ours from the run directory', async () => {
    const include = `include "${lab().directories.run}/*.nft"\n`;
    await lab().router.output(['nft', '-f', '-'], `flush ruleset\n${MASQUERADE_NFT}${include}`);
    assert.equal(await hasTable(), true);
    await stay('a firewall that starts');
    assert.equal(await repair(), false);
  });

  it('stay when all tables are flushed, and ours is repaired', async () => {
    await lab().router.output(['nft', '-f', '-'], `flush ruleset\n${MASQUERADE_NFT}`);
    assert.equal(await hasTable(), false);
    await stay('the flush');
    assert.equal(await repair(), true);
    assert.equal(await hasTable(), true);
    assert.equal(await repair(), false);
    await stay('the repair');
  });

  it('stay when our table alone is deleted, and repaired', async () => {
    await lab().router.output(['nft', 'delete', ...table.split(' ')]);
    await stay('the deletion');
    assert.equal(await repair(), true);
    await stay('the repair');
  });

  it('stay when our table is emptied, and repaired', async () => {
    await lab().router.output(['nft', 'flush', ...table.split(' ')]);
    await stay('the flush of the table');
    assert.equal(await repair(), true);
    assert.equal(await repair(), false);
    await stay('the repair');
  });

  it('stay when the programs are replaced', async () => {
    forgetPrograms(lab());
    await command(lab(), 'start');
    await stay('the update');
  });

  it('stay when rules change, and lists', async () => {
    const list = `${lab().directories.config}/list.txt`;
    const changes: Readonly<Record<string, Rules>> = {
      'another interface': { ...RULES, video: { ...RULES['video'], interface: 'wan1' } },
      'other interfaces': {
        video: { ...RULES['video'], interface: 'wan1' },
        news: { ...RULES['news'], interface: 'wan2' },
      },
      'a rule that blocks': { all: { domain: ['com', 'org'], action: 'block' } },
      'a default rule': { all: { domain: ['.'], interface: 'wan2' } },
      'a rule that is disabled': { all: { domain: ['.'], interface: 'wan2', enabled: '0' } },
      'no rule': {},
    };
    for (const [change, rules] of Object.entries(changes)) {
      lab().configure(uci(rules));
      await command(lab(), 'reload');
      await stay(change);
    }
    for (const domain of ['video.example.com', 'plain.example.org']) {
      writeFileSync(list, `${domain}\n`);
      lab().configure(
        `${uci({ listed: { list: ['names'], interface: 'wan1' } })}\nconfig list 'names'\n\toption file '${list}'\n`,
      );
      await command(lab(), 'reload');
      await stay(`a list with ${domain}`);
    }
  });

  it('stay when a reload is killed, wherever it is', async () => {
    for (let delay = 0; delay < 600; delay += 50) {
      const uplink = delay % 100 === 0 ? 'wan1' : 'wan2';
      lab().configure(uci({ all: { domain: ['.'], interface: uplink } }));
      const child = lab().router.spawn(lab().cliArgv('reload'), { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await Promise.race([ended, wait(delay)]);
      child.kill('SIGKILL');
      await ended;
      await fleet.isUnbroken(`a kill after ${delay} ms`);
    }
    await startWith(lab(), RULES);
    await stay('the kills');
  });

  it('stay when another uplink goes and comes back, and the tunnel of its own never leaks', async () => {
    const others = await Fleet.open(lab(), lab().client, repeat(50, [...NEWS, ...PLAIN]));
    try {
      await lab().router.output('ip link set wan2 down'.split(' '));
      await command(lab(), 'reload');
      assert.match(
        await lab().whichUplink(lab().client, VIDEO[0] ?? ''),
        /^E(HOST|NET)UNREACH|ECONNREFUSED/,
      );
      await others.isUnbroken('the interface went down');
      // only so long: to what arrives for connections that ended meanwhile the kernel itself says no, by any way
      const [one] = await seenAtUplinks(lab());
      for (const address of VIDEO) assert.equal(one.get(address) ?? 0, 0, address);
      await linkUp(lab(), 'wan2');
      await command(lab(), 'reload');
      await others.isUnbroken('the interface came back');
      assert.equal(await lab().whichUplink(lab().client, VIDEO[0] ?? ''), 'uplink2');
    } finally {
      await others.close();
    }
  });

  it('leave neither table nor file behind when domainroute stops', async () => {
    assert.equal(existsSync(file()), true);
    // as a reload leaves it that is killed
    for (const name of ['domainroute.nft.new', 'in-force.json.new']) {
      writeFileSync(`${lab().directories.run}/${name}`, '');
    }
    await command(lab(), 'stop');
    assert.equal(await hasTable(), false);
    assert.equal(existsSync(lab().directories.run), false);
    assert.equal(await repair(), false);
  });
});
