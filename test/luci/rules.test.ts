/** Rules and lists: load, edit, validate, save, in a real browser. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import {
  addItem,
  addSection,
  fieldOf,
  fill,
  openEditor,
  removeItem,
  row,
  savedEditor,
  saveEditor,
} from './support/form.ts';
import { CONFIG } from './support/router.ts';
import { UciStore } from './support/uci-store.ts';
import { eventually } from './support/until.ts';

describe('the table of rules', () => {
  it('tells names, domains, lists, clients, destination and hits', () =>
    withScene(async ({ open }) => {
      const page = await open('rules');
      const cell = async (section: string, title: string): Promise<string> =>
        (await row(page, section).locator(`td[data-title="${title}"]`).innerText()).trim();
      await eventually(async () =>
        assert.match(await cell('video', 'Hits'), /^[\d,]+ packets, [\d.]+ MiB$/),
      );
      const titles = ['Domains and lists', 'Clients', 'Goes to', 'While it is down'];
      const shown = (section: string): Promise<string[]> =>
        Promise.all(titles.map((title) => cell(section, title)));
      assert.deepEqual(await shown('video'), [
        'example.com, =www.example.org',
        'everyone',
        'wg0',
        'block',
      ]);
      assert.deepEqual(await shown('work'), [
        'corp.example.net',
        '192.168.3.0/24',
        '0x23/0xff',
        '–',
      ]);
      assert.deepEqual(await shown('ads'), ['list ads_list', 'everyone', 'blocked', '–']);
    }));

  it('tells which rules are announced, beside where they go', () =>
    withScene(async ({ router, open }) => {
      router.config.set('video', { announce: 'yes' });
      router.config.add('told', 'rule', { domain: ['example.net'], announce: '1' });
      const page = await open('rules');
      const goesTo = (section: string): Promise<string> =>
        row(page, section).locator('td[data-title="Goes to"]').innerText();
      assert.equal((await goesTo('video')).trim(), 'wg0, announced');
      assert.equal((await goesTo('told')).trim(), 'announced');
    }));

  it("shows what the daemon says of a rule at the rule's row, and the rest above", () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(`${CONFIG}
config rule 'broken'
	list domain 'bad name'
	option interface 'wg0'

config nonsense 'other'
`);
      const page = await open('rules');
      const problem = row(page, 'broken').locator('.domainroute-problem');
      await problem.first().waitFor();
      assert.match(
        (await problem.allInnerTexts()).join('\n'),
        /^Error: Domain: 'bad name' has a space/,
      );
      assert.equal(await row(page, 'video').locator('.domainroute-problem').count(), 0);
      const rest = await page.locator('#domainroute-diagnostics').innerText();
      assert.match(rest, /nonsense other:\s+Warning: This section is of an unknown type/);
    }));

  it('changes the order from the keyboard, and the focus goes along', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      await row(page, 'work').getByRole('button', { name: 'Move up' }).focus();
      await page.keyboard.press('Enter');
      await eventually(() =>
        assert.deepEqual(router.config.names, ['main', 'work', 'video', 'ads', 'ads_list']),
      );
      await eventually(async () =>
        assert.equal(
          await page.evaluate('document.activeElement.closest("tr")?.dataset.sectionId'),
          'work',
        ),
      );
    }));

  it('clones a rule with all that it has, behind it', () =>
    withScene(async ({ router, open }) => {
      router.config.set('work', { enabled: '0' });
      const page = await open('rules');
      await row(page, 'work').getByRole('button', { name: 'Clone' }).click();
      await row(page, 'work_2').waitFor();
      const { work, work_2: clone } = router.config.values();
      assert.deepEqual(
        { ...clone, '.name': 'work', '.index': undefined },
        { ...work, '.index': undefined },
      );
      assert.equal(clone?.['enabled'], '0');
      assert.equal(router.config.names.indexOf('work_2'), router.config.names.indexOf('work') + 1);
    }));

  it('deletes a rule', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      await row(page, 'work').getByRole('button', { name: 'Delete' }).click();
      await eventually(() =>
        assert.deepEqual(router.config.names, ['main', 'video', 'ads', 'ads_list']),
      );
      await row(page, 'work').waitFor({ state: 'detached' });
    }));

  it('switches a rule and the service off, and applies', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      await row(page, 'video').locator('[data-name="enabled"] input[type="checkbox"]').click();
      await page.locator('.cbi-value[data-name="enabled"] input[type="checkbox"]').click();
      await page.getByText('Save & Apply').click();
      await eventually(() => assert.equal(router.config.option('video', 'enabled'), '0'));
      assert.equal(router.config.option('main', 'enabled'), undefined);
      await eventually(() => assert.ok(router.applied + router.count('uci.apply') > 0));
    }));
});

describe('the editor of a rule', () => {
  it('adds a rule', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      await addSection(page, 'rule', 'games');
      const dialog = page.locator('#modal_overlay .modal');
      await fieldOf(dialog, 'domain').waitFor();
      await addItem(dialog, 'domain', 'bücher.example');
      await addItem(dialog, 'client', '02:00:00:00:00:11');
      await fill(dialog, 'interface', 'wg0');
      await savedEditor(page, dialog);
      assert.deepEqual(router.config.values()['games'], {
        '.type': 'rule',
        '.name': 'games',
        '.index': 5,
        domain: ['bücher.example'],
        client: ['02:00:00:00:00:11'],
        interface: 'wg0',
      });
    }));

  it('leaves nothing behind when it is dismissed', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      await addSection(page, 'rule', 'games');
      const dialog = page.locator('#modal_overlay .modal');
      await dialog.getByRole('button', { name: 'Dismiss' }).click();
      await page.waitForSelector('body:not(.modal-overlay-active)');
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await eventually(() => assert.ok(router.count('session.access') > 1));
      assert.deepEqual(router.config.names, new UciStore(CONFIG).names);
    }));

  it('refuses a name that is taken', () =>
    withScene(async ({ open }) => {
      const page = await open('rules');
      await addSection(page, 'rule', 'ads_list');
      await page.getByText("The name 'ads_list' is taken").waitFor();
      // as that of the section of the speaker is, whether it is there or not
      await addSection(page, 'rule', 'bgp');
      await page.getByText("The name 'bgp' is taken").waitFor();
      assert.equal(await page.locator('body.modal-overlay-active').count(), 0);
    }));

  it('says what is wrong before it saves, and saves when it is right', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      const dialog = await openEditor(page, 'video');
      await addItem(dialog, 'domain', 'not a name');
      await fill(dialog, 'mark', '0x1ff/0xff');
      await saveEditor(dialog);
      const alert = dialog.getByRole('alert');
      await alert.waitFor();
      assert.deepEqual(await alert.locator('li').allInnerTexts(), [
        "Mark: '0x1ff/0xff' value has bits outside the mask",
        "'not a name' has the character ' '",
      ]);
      assert.equal(await page.evaluate('document.activeElement.getAttribute("role")'), 'alert');

      await fill(dialog, 'mark', '0x23/0xff');
      await fieldOf(dialog, 'domain').locator('.add-item input').first().fill('');
      await saveEditor(dialog);
      await alert.getByText('has both an interface and a mark').waitFor();
      assert.equal(router.config.option('video', 'mark'), undefined);

      await fill(dialog, 'mark', '');
      await addItem(dialog, 'domain', 'example.net');
      await removeItem(dialog, 'domain', '=www.example.org');
      await savedEditor(page, dialog);
      assert.deepEqual(router.config.option('video', 'domain'), ['example.com', 'example.net']);
    }));

  it('tells at the field what is wrong with it while it is typed', () =>
    withScene(async ({ open }) => {
      const page = await open('rules');
      const dialog = await openEditor(page, 'video');
      const input = fieldOf(dialog, 'domain').locator('.add-item input').first();
      await input.pressSequentially('*.example.net');
      assert.equal(
        await input.getAttribute('data-tooltip'),
        'needs no leading dot or star: a name stands for all below it, too',
      );
    }));

  it('explains every option of the table with its line', () =>
    withScene(async ({ open }) => {
      const page = await open('rules');
      const dialog = await openEditor(page, 'video');
      const help = async (option: string): Promise<string | null> =>
        fieldOf(dialog, option).locator('.cbi-value-description').textContent();
      assert.equal(await help('client'), "Only for these: prefix, MAC address or '@interface'");
      assert.equal(await help('on_change'), 'Live connections when the rule changes');
    }));

  it('keeps what it does not know: an interface that is not there, a word for yes', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(`${CONFIG}
config rule 'kept'
	option enabled 'yes'
	list domain 'example.edu'
	option interface 'tun_not_there'
	option private 'on'
`);
      const page = await open('rules');
      const dialog = await openEditor(page, 'kept');
      await addItem(dialog, 'domain', 'example.gov');
      await savedEditor(page, dialog);
      const kept = router.config.values()['kept'] ?? {};
      assert.equal(kept['interface'], 'tun_not_there');
      assert.equal(kept['private'], '1');
      assert.ok(kept['enabled'] === undefined || kept['enabled'] === 'yes');
      assert.deepEqual(kept['domain'], ['example.edu', 'example.gov']);
    }));

  it('does not replace a choice that there is not, but says so', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(CONFIG.replace("'block'", "'teleport'"));
      const page = await open('rules');
      const dialog = await openEditor(page, 'ads');
      await saveEditor(dialog);
      await dialog.getByText("Action: 'teleport' must be one of route, block, proxy").waitFor();
    }));

  it('has a rule announced, with communities', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      const dialog = await openEditor(page, 'video');
      await dialog.getByText('Advanced', { exact: true }).click();
      await fieldOf(dialog, 'announce').locator('input[type="checkbox"]').click();
      await addItem(dialog, 'community', '65000:100');
      await addItem(dialog, 'community', 'no_export');
      await savedEditor(page, dialog);
      assert.equal(router.config.option('video', 'announce'), '1');
      assert.deepEqual(router.config.option('video', 'community'), ['65000:100', 'no_export']);
    }));

  /** What the daemon reads and does nothing with. */
  const IDLE = `
config rule 'idle'
	list domain 'example.edu'
	option interface 'wg0'
	option action 'proxy'
	option address 'fake'

config list 'fetched'
	option url 'https://example.com/list'
	option format 'geosite'
`;

  /** Of the options and choices without an effect, those that an editor offers. */
  async function offered(dialog: Locator): Promise<string[]> {
    const fields = await dialog.locator('.cbi-value').all();
    const names = await Promise.all(fields.map((field) => field.getAttribute('data-name')));
    const choices = await dialog.locator('option').allTextContents();
    return [...names, ...choices].filter(
      (text) => text !== null && /^(address|url|interval|proxy.*|fake|geosite.*)$/.test(text),
    ) as string[];
  }

  it('does not offer what has no effect yet, except where it is set', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(CONFIG + IDLE);
      const page = await open('rules');
      for (const [section, wanted] of [
        ['idle', ['address', 'proxy (has no effect yet)', 'fake']],
        ['fetched', ['url', 'geosite (has no effect yet)']],
        ['video', []],
        ['ads_list', []],
      ] as const) {
        const dialog = await openEditor(page, section);
        assert.deepEqual(await offered(dialog), wanted);
        await dialog.getByRole('button', { name: 'Dismiss' }).click();
      }
    }));

  it('says so where a section has it all the same, and keeps it', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore(CONFIG + IDLE);
      const page = await open('rules');
      const rule = await openEditor(page, 'idle');
      const help = fieldOf(rule, 'address').locator('.cbi-value-description');
      assert.match((await help.textContent()) ?? '', /\(has no effect yet\)$/);
      await addItem(rule, 'domain', 'example.gov');
      await savedEditor(page, rule);
      assert.equal(router.config.option('idle', 'action'), 'proxy');
      assert.equal(router.config.option('idle', 'address'), 'fake');
      const list = await openEditor(page, 'fetched');
      await fieldOf(list, 'allow_tld').locator('input[type="checkbox"]').click();
      await savedEditor(page, list);
      assert.equal(router.config.option('fetched', 'url'), 'https://example.com/list');
      assert.equal(router.config.option('fetched', 'format'), 'geosite');
    }));

  it('edits a domain list', () =>
    withScene(async ({ router, open }) => {
      const page = await open('rules');
      const dialog = await openEditor(page, 'ads_list');
      await fill(dialog, 'file', 'relative.txt');
      await saveEditor(dialog);
      await dialog.getByText("File: 'relative.txt' must begin with '/'").waitFor();
      await fill(dialog, 'file', '/etc/domainroute/other.txt');
      await savedEditor(page, dialog);
      assert.equal(router.config.option('ads_list', 'file'), '/etc/domainroute/other.txt');
    }));

  it('changes nothing for who may only read', () =>
    withScene(async ({ router, open }) => {
      router.mayWrite = false;
      const page = await open('rules');
      const isDisabled = (name: string): Promise<boolean> =>
        row(page, 'video').getByRole('button', { name }).isDisabled();
      for (const name of ['Clone', 'Delete', 'Move down']) assert.ok(await isDisabled(name), name);
      const dialog = await openEditor(page, 'video');
      assert.ok(await dialog.locator('.cbi-button-positive').isDisabled());
      const changing = router.calls.filter(({ name }) => /^uci\.(?!get|changes)/.test(name));
      assert.deepEqual(changing, []);
    }));
});
