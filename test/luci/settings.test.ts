/** The settings: what is where, and what is refused. */
import assert from 'node:assert/strict';
import { MAIN } from '../../src/config/options.ts';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import { addItem, fieldOf, fill } from './support/form.ts';
import { eventually } from './support/until.ts';

describe('the settings', () => {
  it('show interfaces and local sockets, and fold the rest away', () =>
    withScene(async ({ open }) => {
      const page = await open('settings');
      const shown = (): Promise<string[]> =>
        page.evaluate(
          `[...document.querySelectorAll('[data-tab-active="true"] .cbi-value')].map((one) => one.dataset.name)`,
        );
      assert.deepEqual(await shown(), ['lan', 'wan', 'local']);
      await page.getByText('Advanced', { exact: true }).click();
      assert.deepEqual(await shown(), ['mark_mask', 'table', 'facts', 'hold']);
      assert.equal(MAIN.options.length, 1 + 3 + 4);
    }));

  it('are saved', () =>
    withScene(async ({ router, open }) => {
      const page = await open('settings');
      const form = page.locator('.cbi-map');
      await page.getByText('Advanced', { exact: true }).click();
      await fill(form, 'hold', '3600');
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await eventually(() => assert.equal(router.config.option('main', 'hold'), '3600'));
      assert.deepEqual(router.config.option('main', 'lan'), ['lan']);
      assert.equal(router.config.option('main', 'enabled'), '1');
    }));

  it('are not saved when they are wrong, and say why', () =>
    withScene(async ({ router, open }) => {
      const page = await open('settings');
      const form = page.locator('.cbi-map');
      await page.getByText('Advanced', { exact: true }).click();
      await fill(form, 'mark_mask', '0x5');
      await fill(form, 'facts', '12');
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      const dialog = page.locator('#modal_overlay .modal');
      await dialog.getByText('Mark mask').waitFor();
      assert.match(
        await dialog.innerText(),
        /Mark mask: '0x5' has bits that do not lie side by side\s+Facts: '12' must be a whole number from 64 to 1048576/,
      );
      assert.equal(router.count('uci.set'), 0);
    }));

  it("take a device that is none of netifd's interfaces", () =>
    withScene(async ({ router, open }) => {
      const page = await open('settings');
      const form = page.locator('.cbi-map');
      if ((await fieldOf(form, 'lan').locator('.cbi-dropdown').count()) > 0)
        await fill(form, 'lan', 'br-guest');
      else await addItem(form, 'lan', 'br-guest');
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await eventually(() =>
        assert.deepEqual(router.config.option('main', 'lan'), ['lan', 'br-guest']),
      );
    }));
});
