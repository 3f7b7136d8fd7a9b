/** Every page at every size and in both colours: it loads, it fits, and everybody can use it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { LOOKS, VIEWS, withScene, type View } from './support/browser.ts';
import './support/mocha.ts';
import { openEditor } from './support/form.ts';
import { CONFIG, PEERS } from './support/router.ts';
import { LUCI_SOURCE } from './support/server.ts';
import { UciStore } from './support/uci-store.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds that is serious or critical. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return found
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** The real LuCI has violations of its own, which are told and not counted. */
async function assertAccessible(page: Page): Promise<void> {
  const found = await violations(page);
  if (LUCI_SOURCE === undefined) assert.deepEqual(found, []);
  else [...new Set(found)].forEach((one) => console.log(`      ${one}`));
}

async function assertFits(page: Page): Promise<void> {
  const [content, window] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  assert.ok(content <= window, `${content} of ${window} pixels`);
}

/** Until all that is asked for at first is drawn. */
async function drawn(page: Page, view: View): Promise<void> {
  if (view === 'status') await page.locator('#domainroute-fill meter').first().waitFor();
  if (view === 'explain') await page.locator('.domainroute-card').waitFor();
  if (view === 'peers') await page.getByText('Established').waitFor();
  if (view === 'rules')
    await page
      .getByText(/packets, /)
      .first()
      .waitFor();
}

for (const look of LOOKS) {
  describe(`on a ${look.name}`, () => {
    for (const view of VIEWS) {
      it(`${view} loads without an error, fits, and is accessible`, () =>
        withScene(async ({ router, open, errors }) => {
          router.config = new UciStore(CONFIG + PEERS);
          const page = await open(view, view === 'explain' ? '#subject=www.example.com' : '');
          await drawn(page, view);
          await assertFits(page);
          await assertAccessible(page);
          assert.deepEqual(errors, []);
        }, look));
    }

    for (const [view, section] of [
      ['rules', 'video'],
      ['peers', 'core'],
    ] as const) {
      it(`the editor of ${section} (${view}) fits and is accessible`, () =>
        withScene(async ({ router, open, errors }) => {
          router.config = new UciStore(CONFIG + PEERS);
          const page = await open(view);
          const dialog = await openEditor(page, section);
          await assertFits(page);
          await assertAccessible(page);
          await dialog.getByText('Advanced', { exact: true }).click();
          await assertAccessible(page);
          assert.deepEqual(errors, []);
        }, look));
    }

    it('a failure is told accessibly', () =>
      withScene(async ({ open, router }) => {
        router.failures.set('domainroute.*', { status: 4 });
        const page = await open('status');
        await page.getByRole('alert').waitFor();
        await assertFits(page);
        await assertAccessible(page);
      }, look));
  });
}

describe('the keyboard', () => {
  it('reaches every control of the status page, in the order of the page', () =>
    withScene(async ({ open }) => {
      const page = await open('status');
      await drawn(page, 'status');
      await page.locator('#domainroute-decisions td').first().waitFor();
      const reached: string[] = [];
      await page.getByRole('button', { name: 'Read lists' }).focus();
      for (let i = 0; i < 5; i++) {
        reached.push(
          await page.evaluate<string>(
            'document.activeElement.id || document.activeElement.textContent',
          ),
        );
        await page.keyboard.press('Tab');
      }
      assert.deepEqual(reached, [
        'Read lists and rules again',
        'domainroute-decisions-search',
        'domainroute-decisions-rule',
        'domainroute-decisions-amount',
        '›',
      ]);
    }));
});
