import assert from 'node:assert/strict';

import { runCommand, type Runner } from '../../../src/route/command.ts';
import {
  applyStickiness,
  removeStickiness,
  renderTable,
  stickinessObstacle,
} from '../../../src/route/stickiness.ts';

const SMALL = `add table inet domainroute
delete table inet domainroute
table inet domainroute {
	comment "DIGEST"
	chain save_0 {
		ct mark set ct mark & 0xfffffeff | 0x0
	}
	chain save_1 {
		ct mark set ct mark & 0xfffffeff | 0x100
	}
	chain restore_0 {
		meta mark set meta mark & 0xfffffeff | 0x0
	}
	chain restore_1 {
		meta mark set meta mark & 0xfffffeff | 0x100
	}
	chain refuse {
		meta l4proto tcp reject with tcp reset
		reject with icmpx admin-prohibited
	}
	chain save {
		meta mark & 0x100 vmap { 0x0 : goto save_0, 0x100 : goto save_1 }
	}
	chain prerouting {
		type filter hook prerouting priority -150; policy accept;
		meta mark & 0x100 == 0x0 ct mark & 0x100 == 0x0 accept
		ct direction reply goto restore_0
		ct state new meta mark & 0x100 != 0x0 fib daddr . mark oif missing goto refuse
		ct state new goto save
		ct mark & 0x100 vmap { 0x0 : goto restore_0, 0x100 : goto restore_1 }
	}
}
`;

describe('the nft table', () => {
  it('is written as nft reads it', () => {
    const table = renderTable(0x100);
    assert.equal(table.replace(/"[0-9a-f]{16}"/, '"DIGEST"'), SMALL);
  });

  it('has a chain for every number of six bits, however wide the mask', () => {
    for (const markMask of [0x3f000000, 0xff000000]) {
      const table = renderTable(markMask);
      assert.equal(table.match(/chain save_\d+ /g)?.length, 64);
    }
    assert.match(
      renderTable(0xff000000),
      /chain restore_63 {\n\t\tmeta mark set meta mark & 0xffffff \| 0x3f000000\n/,
    );
  });

  it('is not loaded again if it is there, and is if the mask changed', async () => {
    let loaded = '';
    const run: Runner = ([, ...args], stdin = '') => {
      if (args.includes('list')) {
        if (loaded === '') {
          return Promise.resolve({
            status: 1,
            stdout: '',
            stderr: 'Error: No such file or directory\n',
          });
        }
        return Promise.resolve({ status: 0, stdout: loaded, stderr: '' });
      }
      loaded = stdin;
      return Promise.resolve({ status: 0, stdout: '', stderr: '' });
    };
    assert.equal(await applyStickiness(0x100, run), true);
    assert.equal(await applyStickiness(0x100, run), false);
    assert.equal(await applyStickiness(0x300, run), true);
  });

  it('is loaded again if rules of it are gone', async () => {
    const commands: string[] = [];
    const flushed = SMALL.replace(/\t\t.* mark set .*\n/g, '').replace(
      'DIGEST',
      /"(\w+)"/.exec(renderTable(0x100))?.[1] ?? '',
    );
    const run: Runner = ([, ...args]) => {
      commands.push(args.join(' '));
      return Promise.resolve({ status: 0, stdout: flushed, stderr: '' });
    };
    assert.equal(await applyStickiness(0x100, run), true);
    assert.deepEqual(commands, ['-t list table inet domainroute', '-f -']);
  });

  it('says what nft complains of', async () => {
    const run: Runner = ([, ...args]) => {
      const stderr = args.includes('list')
        ? 'Error: No such file or directory'
        : 'Error: Could not process rule';
      return Promise.resolve({ status: 1, stdout: '', stderr });
    };
    await assert.rejects(applyStickiness(0x100, run), {
      code: 'platform',
      message: 'Cannot load nft table inet domainroute: Error: Could not process rule',
    });
  });

  it('counts as removed where there is no nft', async () => {
    const missing: Runner = () => runCommand(['no-such-nft']);
    assert.equal(await removeStickiness(missing), false);
    await assert.rejects(applyStickiness(0x100, missing), {
      code: 'platform',
      message: "Cannot run 'no-such-nft': not found",
    });
  });

  it('is said to be of no use where bridges show their packets to nft first', async () => {
    const sysctl =
      (iptables: string, ip6tables: string) =>
      (file: string): Promise<string> =>
        Promise.resolve(`${file.endsWith('ip6tables') ? ip6tables : iptables}\n`);
    assert.equal(await stickinessObstacle(sysctl('0', '0')), undefined);
    assert.equal(await stickinessObstacle(() => Promise.reject(new Error('ENOENT'))), undefined);
    assert.equal(
      await stickinessObstacle(sysctl('0', '1')),
      'live connections can change their interface: net.bridge.bridge-nf-call-ip6tables is on (set it to 0)',
    );
  });
});
