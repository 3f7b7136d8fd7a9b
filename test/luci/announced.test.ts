/** Announced routes on the status page: neighbours, dnstap sources and routes, for those who have them. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import {
  ACCESS_DENIED,
  BGP,
  OBJECT_NOT_FOUND,
  type Failure,
  type Router,
} from './support/router.ts';
import { cellsOf, PAGE_ROWS, pass, seen } from './support/status-page.ts';
import { eventually } from './support/until.ts';

describe('announced routes on the status page', () => {
  const heading = (page: Page): Locator =>
    page.getByRole('heading', { name: 'Announced routes (BGP)' });
  const fold = (page: Page): Locator => page.getByText('Announced routes', { exact: true }).first();

  /** Once the page has drawn what it was told, beside an answer or a failure of `bgp`. */
  async function looked(page: Page, router: Router): Promise<void> {
    const before = router.count('domainroute.bgp');
    await pass(page, 5);
    await eventually(() => assert.ok(router.count('domainroute.bgp') > before));
    // a look is over when the last of its parts is drawn, and the next does not begin before
    await page.waitForFunction(
      `L.require('poll').then(({ queue }) =>
        queue.every(({ r, ready }) => r !== false && ready !== false))`,
    );
  }

  it('have their neighbours, in whatever state, and where answers come from', () =>
    withScene(async ({ open, errors }) => {
      const page = await open('status');
      await heading(page).waitFor();
      assert.match(
        await seen(page, '#domainroute-bgp dl'),
        /Router AS 4200000001, identifier 192\.0\.2\.1 Routes 1,234 Refused for want of room 2/,
      );
      const tables = page.locator('#domainroute-bgp table');
      assert.deepEqual(await cellsOf(tables.nth(0)), [
        [
          'core',
          '192.0.2.2',
          '4200000002',
          'Established',
          '1 h 2 min',
          'IPv4, IPv6',
          '1,230',
          '4',
          '–',
        ],
        [
          ...['edge', '2001:db8::2', '65002', 'Active', '–', '–', '0', '1,234'],
          'connect ECONNREFUSED 2001:db8::2:179',
        ],
        ['spare', '192.0.2.3', '65004', 'Connect', '–', '–', '0', '1,234', '–'],
      ]);
      assert.deepEqual(await cellsOf(tables.nth(1)), [['unbound', '2', '56,789', '3']]);
      assert.deepEqual(errors, []);
    }));

  it('stay fresh', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await heading(page).waitFor();
      const [core] = BGP.neighbors;
      const neighbors = [
        { ...core, state: 'Idle', uptime: null, last_error: 'Hold Timer Expired' },
      ];
      router.answers.set('domainroute.bgp', { ...BGP, routes: 4321, neighbors, dnstap: [] });
      await pass(page, 5);
      const row = page.locator('#domainroute-bgp tbody tr');
      await row.getByText('Hold Timer Expired').waitFor();
      assert.equal(await row.count(), 1);
      assert.match(await row.innerText(), /\bIdle\b/);
      assert.match(await seen(page, '#domainroute-bgp dl'), /Routes 4,321 /);
    }));

  it('are asked for one by one when they are opened, and not before', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await heading(page).waitFor();
      assert.equal(router.count('domainroute.routes'), 0);
      await fold(page).click();
      const routes = page.locator('#domainroute-routes');
      await routes.getByText(`1–${PAGE_ROWS} of 200`).waitFor();
      assert.deepEqual(router.calls.find(({ name }) => name === 'domainroute.routes')?.args, {
        limit: 200,
      });
      const cells = await cellsOf(routes);
      assert.equal(cells.length, PAGE_ROWS);
      assert.deepEqual(cells.slice(0, 2), [
        ['198.51.0.0/32', 'host0.example.com', 'video', '65000:100, no_export', '0 s'],
        ['198.51.0.1/32', 'host1.example.com', 'work', '–', '1 min 0 s'],
      ]);
      await routes.getByLabel('Search').fill('HOST19.');
      assert.equal((await cellsOf(routes)).length, 1);
      await routes.getByLabel('At most').selectOption('1000');
      await eventually(() => assert.equal(router.count('domainroute.routes'), 2));
    }));

  it('are left out where only dnstap brings answers', () =>
    withScene(async ({ open, router }) => {
      const off = { enabled: false, asn: 0, router_id: '', routes: 0, refused: 0, neighbors: [] };
      router.answers.set('domainroute.bgp', { ...off, dnstap: BGP.dnstap });
      const page = await open('status');
      await heading(page).waitFor();
      assert.deepEqual(await cellsOf(page.locator('#domainroute-bgp')), [
        ['unbound', '2', '56,789', '3'],
      ]);
      assert.equal(await fold(page).isVisible(), false);
    }));

  it('say how to get neighbours where there are none', () =>
    withScene(async ({ open, router }) => {
      router.answers.set('domainroute.bgp', { ...BGP, neighbors: [], dnstap: [] });
      const page = await open('status');
      await page.getByText('No neighbours yet').waitFor();
    }));

  it('come and go with the section that enables them', () =>
    withScene(async ({ open, router, errors }) => {
      router.answers.set('domainroute.bgp', { ...BGP, enabled: false, dnstap: [] });
      const page = await open('status');
      await looked(page, router);
      assert.equal(await heading(page).isVisible(), false);
      assert.equal(await fold(page).isVisible(), false);
      router.answers.delete('domainroute.bgp');
      await pass(page, 5);
      await heading(page).waitFor();
      router.answers.set('domainroute.bgp', { ...BGP, enabled: false, dnstap: [] });
      await pass(page, 5);
      await heading(page).waitFor({ state: 'hidden' });
      assert.deepEqual(errors, []);
    }));

  /** How both gateways of LuCI tell that the daemon has no such method. */
  const METHOD_NOT_FOUND: readonly Failure[] = [{ status: 3 }, OBJECT_NOT_FOUND];
  METHOD_NOT_FOUND.forEach((failure) => {
    it(`are not there with an older daemon (${JSON.stringify(failure)})`, () =>
      withScene(async ({ open, router, errors }) => {
        router.failures.set('domainroute.bgp', failure);
        const page = await open('status');
        await page.locator('#domainroute-decisions td').first().waitFor();
        await looked(page, router);
        assert.equal(await heading(page).isVisible(), false);
        assert.equal(await page.getByRole('alert').count(), 0);
        assert.deepEqual(errors, []);
        // nor after it has come in the place of a newer one
        router.failures.clear();
        await pass(page, 5);
        await heading(page).waitFor();
        router.failures.set('domainroute.bgp', failure);
        await pass(page, 5);
        await heading(page).waitFor({ state: 'hidden' });
      }));
  });

  it('give way to what keeps them from being known', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await heading(page).waitFor();
      router.failures.set('domainroute.bgp', ACCESS_DENIED);
      await pass(page, 5);
      const part = page.locator('#domainroute-bgp');
      await part.getByRole('heading', { name: 'You may not see this' }).waitFor();
      assert.equal(await part.locator('table').count(), 0);
      assert.ok(await page.locator('#domainroute-decisions').isVisible());
    }));
});
