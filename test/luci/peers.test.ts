/** BGP and dnstap: the speaker, its neighbours and resolvers elsewhere are edited, checked and saved. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import {
  addItem,
  addSection,
  fieldOf,
  fill,
  openEditor,
  row,
  savedEditor,
  saveEditor,
} from './support/form.ts';
import { BGP, CONFIG, OBJECT_NOT_FOUND, PEERS, type Router } from './support/router.ts';
import { pass } from './support/status-page.ts';
import { UciStore } from './support/uci-store.ts';
import { eventually } from './support/until.ts';

const SPEAKER = '#cbi-domainroute-bgp';
const REMOVE = '.cbi-section-remove button';
const SAVE = '.cbi-page-actions .cbi-button-save';

function withPeers(router: Router, more = ''): void {
  router.config = new UciStore(CONFIG + PEERS + more);
}

/** The cells of a row that tell something, without blanks at the ends of lines. */
async function told(page: Page, section: string, titles: readonly string[]): Promise<string[]> {
  const cells = titles.map((title) => row(page, section).locator(`td[data-title="${title}"]`));
  const texts = await Promise.all(cells.map((cell) => cell.innerText()));
  return texts.map((text) => text.trim().replaceAll(/\s*\n\s*/g, '\n'));
}

/** Of a dialog that was not saved. */
async function problemsOf(dialog: Locator): Promise<string[]> {
  await saveEditor(dialog);
  const alert = dialog.getByRole('alert');
  await alert.waitFor();
  return alert.locator('li').allInnerTexts();
}

describe('the page of BGP and dnstap', () => {
  it('tells where neighbours and resolvers are, and how they do', () =>
    withScene(async ({ router, open, errors }) => {
      withPeers(router);
      const page = await open('peers');
      await page.getByText('Established').waitFor();
      const neighbor = ['Address', 'AS', 'State'];
      assert.deepEqual(await told(page, 'core', neighbor), [
        '192.0.2.2',
        '4200000002',
        'Established, 1 h 2 min\n1,230 routes told, 4 waiting',
      ]);
      assert.deepEqual(await told(page, 'edge', neighbor), [
        '2001:db8::2',
        '65002',
        'Active\n0 routes told, 1,234 waiting\nconnect ECONNREFUSED 2001:db8::2:179',
      ]);
      assert.deepEqual(await told(page, 'unbound', ['Listens at', 'State']), [
        '/run/domainroute.dnstap',
        '2 connected, 56,789 messages, 3 malformed',
      ]);
      assert.deepEqual(errors, []);
    }));

  it('stays fresh, and has a dash for what the service does not know', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      await page.getByText('Established').waitFor();
      const neighbors = BGP.neighbors.filter(({ section }) => section === 'edge');
      router.answers.set('domainroute.bgp', { ...BGP, neighbors, dnstap: [] });
      await pass(page, 5);
      await page.getByText('Established').waitFor({ state: 'detached' });
      assert.deepEqual(await told(page, 'core', ['State']), ['–']);
      assert.deepEqual(await told(page, 'unbound', ['State']), ['–']);
      router.failures.set('domainroute.bgp', OBJECT_NOT_FOUND);
      await pass(page, 5);
      await eventually(async () => assert.deepEqual(await told(page, 'edge', ['State']), ['–']));
    }));

  it('says what is wrong at the row, what is wrong with the speaker above, and nothing of rules', () =>
    withScene(async ({ router, open }) => {
      withPeers(
        router,
        `
config neighbor 'again'
	option address '192.0.2.2'
	option asn '65009'

config dnstap 'nowhere'

config rule 'broken'
	list domain 'bad name'
`,
      );
      router.config.delete('bgp', ['asn']);
      const page = await open('peers');
      const problem = (section: string): Locator =>
        row(page, section).locator('.domainroute-problem');
      await problem('again').getByText("is the neighbour of section 'core' once more").waitFor();
      await problem('nowhere').getByText("needs either option 'socket'").waitFor();
      const others = page.locator('#domainroute-diagnostics');
      assert.match(await others.innerText(), /^bgp bgp:\s+Error: This section needs option 'asn'/);
      assert.doesNotMatch(await others.innerText(), /broken/);
    }));

  it('edits without the service, and says that it does not answer', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      router.failures.set('domainroute.*', OBJECT_NOT_FOUND);
      const page = await open('peers');
      await page.getByRole('heading', { name: 'The service does not answer' }).waitFor();
      const dialog = await openEditor(page, 'core');
      await fill(dialog, 'next_hop', '192.0.2.7');
      await savedEditor(page, dialog);
      assert.equal(router.config.option('core', 'next_hop'), '192.0.2.7');
    }));

  it('changes nothing for who may only read', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      router.mayWrite = false;
      const page = await open('peers');
      for (const name of ['Clone', 'Delete'])
        assert.ok(await row(page, 'core').getByRole('button', { name }).isDisabled(), name);
      assert.ok(await page.locator(REMOVE).isDisabled());
      const dialog = await openEditor(page, 'core');
      assert.ok(await dialog.locator('.cbi-button-positive').isDisabled());
      assert.equal(router.calls.filter(({ name }) => /^uci\.(?!get|changes)/.test(name)).length, 0);
    }));
});

describe('the speaker', () => {
  it('is set up at the press of a button, and saved when it is complete', () =>
    withScene(async ({ router, open, errors }) => {
      const page = await open('peers');
      assert.equal(await page.locator(`${SPEAKER} .cbi-value`).count(), 0);
      await page.locator(SPEAKER).getByRole('button').click();
      await page.locator(`${SPEAKER} .cbi-value`).first().waitFor();
      const form = page.locator('.cbi-map');
      await fill(form, 'asn', '65001');
      await page.locator(SAVE).click();
      const dialog = page.locator('#modal_overlay .modal');
      await dialog.getByText('This section needs an AS number and a router ID').waitFor();
      await dialog.getByRole('button', { name: 'Dismiss' }).click();
      assert.equal(router.config.option('bgp', 'asn'), undefined);

      await fill(form, 'router_id', '192.0.2.1');
      await page.locator(SAVE).click();
      await eventually(() => assert.equal(router.config.option('bgp', 'router_id'), '192.0.2.1'));
      const { bgp } = router.config.values();
      assert.deepEqual(
        { ...bgp, '.index': undefined },
        {
          ...{ '.type': 'bgp', '.name': 'bgp', '.index': undefined },
          ...{ asn: '65001', router_id: '192.0.2.1' },
        },
      );
      // a refusal is an error that LuCI leaves to the console
      assert.deepEqual(
        errors.filter((error) => !error.includes('needs an AS number')),
        [],
      );
    }));

  it('is removed with all that it has', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      await page.locator(REMOVE).click();
      await eventually(() => assert.ok(!router.config.names.includes('bgp')));
      await page.locator(`${SPEAKER} .cbi-value`).first().waitFor({ state: 'detached' });
      await page.locator(SAVE).click();
      await eventually(() => assert.ok(router.count('session.access') > 1));
      assert.ok(router.config.names.includes('core'));
    }));

  it('does not keep rows from being removed while it is incomplete', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      router.config.delete('bgp', ['asn']);
      const page = await open('peers');
      await row(page, 'spare').getByRole('button', { name: 'Delete' }).click();
      await eventually(() => assert.ok(!router.config.names.includes('spare')));
      await row(page, 'spare').waitFor({ state: 'detached' });
    }));

  it('has what the service would refuse explained before it is saved', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      const form = page.locator('.cbi-map');
      await fill(form, 'asn', '23456');
      await fill(form, 'router_id', '224.0.0.1');
      await form.getByText('Advanced', { exact: true }).click();
      await fill(form, 'hold_time', '2');
      await page.locator(SAVE).click();
      const dialog = page.locator('#modal_overlay .modal');
      await dialog.getByText('ASN').waitFor();
      assert.match(
        await dialog.innerText(),
        /ASN: '23456' is reserved\s+Hold time: '2' must be 0, or 3 and more\s+Router ID: '224.0.0.1' must be the address of one host/,
      );
      assert.equal(router.count('uci.set'), 0);
    }));

  it('tells the range of a number, and what it is else if it is something', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      const help = (option: string): Promise<string | null> =>
        fieldOf(page.locator(SPEAKER), option).locator('.cbi-value-description').textContent();
      assert.equal(await help('asn'), 'Our AS number (1 to 4294967295)');
      assert.match((await help('max_routes')) ?? '', / \(1 to 1048576, else 100000\)$/);
    }));

  it('keeps what was typed when a neighbour is saved meanwhile', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      const form = page.locator('.cbi-map');
      await fill(form, 'asn', '65001');
      await row(page, 'edge').locator('[data-name="enabled"] input[type="checkbox"]').click();
      const dialog = await openEditor(page, 'core');
      await fill(dialog, 'asn', '65009');
      await savedEditor(page, dialog);
      assert.equal(await fieldOf(form, 'asn').locator('input').first().inputValue(), '65001');
      await page.locator(SAVE).click();
      await eventually(() => {
        const saved = ['bgp', 'core', 'edge'].map((name) => router.config.values()[name]);
        assert.deepEqual(
          saved.map((section) => [section?.['asn'], section?.['enabled']]),
          [
            ['65001', undefined],
            ['65009', undefined],
            ['65002', '0'],
          ],
        );
      });
    }));

  it('cannot have a name that a rule has, and the page says so', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(`${CONFIG}
config rule 'bgp'
	list domain 'example.net'
	option interface 'wg0'
`);
      const page = await open('peers');
      await page.getByText('BGP cannot be set up yet').waitFor();
      assert.equal(await page.locator(SPEAKER).count(), 0);
      await addSection(page, 'neighbor', 'bgp');
      await page.getByText("The name 'bgp' is taken").waitFor();
    }));
});

describe('the editor of a neighbour', () => {
  it('adds one, once it is right', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      await addSection(page, 'neighbor', 'new');
      const dialog = page.locator('#modal_overlay .modal');
      await fieldOf(dialog, 'address').waitFor();
      assert.deepEqual(await problemsOf(dialog), [
        'This section needs an address and an AS number',
      ]);
      await fill(dialog, 'address', '2001:DB8:0::2');
      await fill(dialog, 'asn', '65003');
      await fill(dialog, 'password_file', 'secret');
      assert.deepEqual(await problemsOf(dialog), ["Password file: 'secret' must begin with '/'"]);
      await fill(dialog, 'password_file', '/etc/domainroute/new.key');
      assert.deepEqual(await problemsOf(dialog), ["This section is where 'edge' is already"]);
      await fill(dialog, 'address', '2001:db8::3');
      await savedEditor(page, dialog);
      assert.deepEqual(router.config.values()['new'], {
        '.type': 'neighbor',
        '.name': 'new',
        '.index': router.config.names.length - 1,
        address: '2001:db8::3',
        asn: '65003',
        password_file: '/etc/domainroute/new.key',
      });
    }));

  it('refuses what does not go together', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      const dialog = await openEditor(page, 'core');
      await dialog.getByText('Advanced', { exact: true }).click();
      await fill(dialog, 'local_address', '2001:db8::1');
      await fill(dialog, 'ttl_security', '1');
      await fill(dialog, 'multihop', '2');
      assert.deepEqual(await problemsOf(dialog), [
        "Local address: '2001:db8::1' is not of the family of 192.0.2.2",
        'This section has both TTL security and multihop: remove one of them',
      ]);
      assert.equal(router.count('uci.set'), 0);
    }));

  it('clones one that is off, as two of them would be in the way of each other', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      await row(page, 'core').getByRole('button', { name: 'Clone' }).click();
      await row(page, 'core_2').waitFor();
      const { core, core_2: clone } = router.config.values();
      assert.deepEqual(
        { ...clone, '.name': 'core', '.index': undefined },
        { ...core, enabled: '0', '.index': undefined },
      );
    }));
});

describe('the editor of a resolver', () => {
  it('adds one, once it is right', () =>
    withScene(async ({ router, open }) => {
      withPeers(router);
      const page = await open('peers');
      await addSection(page, 'dnstap', 'named');
      const dialog = page.locator('#modal_overlay .modal');
      await fieldOf(dialog, 'socket').waitFor();
      assert.deepEqual(await problemsOf(dialog), [
        'This section needs either a socket or an address to listen at',
      ]);
      await fill(dialog, 'socket', '/run/domainroute.dnstap');
      assert.deepEqual(await problemsOf(dialog), ["This section is where 'unbound' is already"]);
      await fill(dialog, 'socket', '');
      await fill(dialog, 'listen', '192.0.2.1');
      await fill(dialog, 'port', '6001');
      if ((await fieldOf(dialog, 'message').locator('.cbi-dropdown').count()) > 0)
        await fill(dialog, 'message', 'resolver_response');
      else await addItem(dialog, 'message', 'resolver_response');
      await savedEditor(page, dialog);
      assert.deepEqual(router.config.values()['named'], {
        '.type': 'dnstap',
        '.name': 'named',
        '.index': router.config.names.length - 1,
        listen: '192.0.2.1',
        port: '6001',
        message: ['resolver_response'],
      });
      assert.deepEqual(await told(page, 'named', ['Listens at']), ['192.0.2.1, port 6001']);
    }));
});
