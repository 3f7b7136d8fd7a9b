/** The status page: what it shows, that it stays fresh, and that many rows do not slow it down. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import { decisionRows, STATUS } from './support/router.ts';
import { PAGE_ROWS, pass, seen } from './support/status-page.ts';
import { eventually } from './support/until.ts';

const DECISIONS = '#domainroute-decisions';

async function rowsOf(page: Page): Promise<string[][]> {
  const rows = page.locator(`${DECISIONS} tbody tr:not(.placeholder)`);
  return Promise.all((await rows.all()).map((row) => row.locator('td').allInnerTexts()));
}

describe('the status page', () => {
  it('tells how the service does, its interfaces, and how full its tables are', () =>
    withScene(async ({ open, errors }) => {
      const page = await open('status');
      await page.locator('#domainroute-fill meter').first().waitFor();
      assert.match(
        await seen(page, '#domainroute-service'),
        /has run for 1 d 2 h, process 4711 .*in force: 3 rules, generation 7 .*steered/,
      );
      const lines = await page.locator('#domainroute-interfaces tbody tr').allInnerTexts();
      assert.deepEqual(
        lines.map((line) => line.trim().split(/\s*\t\s*/)),
        [
          ['lan', 'br-lan', 'lan', 'up', 'lan_ingress, lan_egress'],
          ['wan', 'eth1', 'wan', 'up', 'wan_egress, wan_ingress'],
          ['wg0', 'wg0', 'destination of rules', 'down', '–'],
        ],
      );
      assert.match(
        await seen(page, '#domainroute-fill'),
        /340 of 16,384 \(2%\).*2,100 of 32,768 \(6%\)/,
      );
      assert.match(await seen(page, '#domainroute-fill'), /Other answers that were learnt: 860/);
      assert.deepEqual(errors, []);
    }));

  it('tells no destinations of rules that are off', () =>
    withScene(async ({ router, open }) => {
      router.config.set('video', { enabled: 'no' });
      const page = await open('status');
      const lines = page.locator('#domainroute-interfaces tbody tr');
      await lines.first().waitFor();
      assert.equal(await lines.count(), 2);
    }));

  it('draws the traffic of rules as it goes on', () =>
    withScene(async ({ open }) => {
      const page = await open('status');
      const line = page.locator('.domainroute-chart polyline');
      await page.locator('#domainroute-traffic td').first().waitFor();
      await pass(page, 5);
      await line.first().waitFor({ state: 'attached' });
      assert.equal(await line.count(), 1);
      const video = page.locator('#domainroute-traffic tbody tr').first();
      assert.match(await video.innerText(), /^\s*video\s+[\d.]+ [KM]iB a second\s+[\d,]+\s/);
      const points = async (): Promise<number> =>
        ((await line.getAttribute('points')) ?? '').split(' ').length;
      const before = await points();
      await pass(page, 5);
      await eventually(async () => assert.ok((await points()) > before));
    }));

  it('names clients as the DHCP server and the neighbours know them', () =>
    withScene(async ({ open }) => {
      const page = await open('status');
      await page.locator(`${DECISIONS} td`).first().waitFor();
      const [first, second] = await rowsOf(page);
      assert.deepEqual(first?.slice(0, 5), [
        'laptop (02:00:00:00:00:11)',
        '–',
        '198.51.0.0',
        '–',
        '–',
      ]);
      assert.deepEqual(second?.slice(0, 5), [
        '02:00:00:00:01:11',
        'host1.example.com',
        '198.51.0.1',
        'video',
        'wg0',
      ]);
    }));

  it('finds decisions by any of their texts, and by rule', () =>
    withScene(async ({ open }) => {
      const page = await open('status');
      await page.locator(`${DECISIONS} td`).first().waitFor();
      await page.getByLabel('Search').first().fill('HOST17');
      const names = async (): Promise<string[]> => (await rowsOf(page)).map((row) => row[1] ?? '');
      assert.deepEqual(
        await names(),
        [17, 170, 171, 172, 173, 174, 176, 177, 178, 179].map((i) => `host${i}.example.com`),
      );
      await page.getByLabel('Search').first().fill('');
      await page.getByLabel('Rule', { exact: true }).selectOption('work');
      assert.ok((await rowsOf(page)).every((row) => row[3] === 'work'));
      await page.getByLabel('Rule', { exact: true }).selectOption({ label: 'no rule' });
      assert.ok((await rowsOf(page)).every((row) => row[3] === '–'));
    }));

  it('leads from a decision to its explanation', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await page.getByRole('link', { name: '198.51.0.3', exact: true }).click();
      await page.locator('.domainroute-card').first().waitFor();
      const asked = router.calls.find(({ name }) => name === 'domainroute.explain');
      assert.equal(asked?.args['address'], '198.51.0.3');
      assert.equal(asked.args['client'], '02:00:00:00:00:11');
    }));

  it('asks for answers learnt when they are opened, and not before', () =>
    withScene(async ({ open, router }) => {
      router.answers.set('domainroute.rdns', {
        facts: [
          {
            address: '198.51.100.7',
            name: 'www.example.com',
            client: null,
            expires_in: 3661,
            last_seen: 5,
            source: 'wan',
          },
        ],
        more: false,
      });
      const page = await open('status');
      await page.locator(`${DECISIONS} td`).first().waitFor();
      assert.equal(router.count('domainroute.rdns'), 0);
      await page.getByText('Answers learnt', { exact: true }).first().click();
      const row = page.locator('#domainroute-facts tbody tr').first();
      await row.getByText('www.example.com').waitFor();
      assert.deepEqual(await row.locator('td').allInnerTexts(), [
        'www.example.com',
        '198.51.100.7',
        'everyone',
        '1 h 1 min',
        '5 s',
        'wan',
      ]);
    }));

  it('has one page of 5,000 decisions in the document, and draws it fast', () =>
    withScene(async ({ open, router }) => {
      const decisions = decisionRows(5000);
      router.answers.set('domainroute.decisions', { decisions, more: false });
      const page = await open('status');
      await page.getByText(`1–${PAGE_ROWS} of 5000`).waitFor();
      assert.equal((await rowsOf(page)).length, PAGE_ROWS);
      await page.getByLabel('Next page').first().click();
      assert.equal((await rowsOf(page))[0]?.[1], 'host25.example.com');
      await page.getByLabel('Search').first().fill('host49');
      const found = decisions.filter(({ name }) => (name ?? '').includes('host49')).length;
      await page.getByText(`1–${PAGE_ROWS} of ${found}`).waitFor();

      const drawing = await page.evaluate<number>(`(async () => {
        const [lookups, hosts] = await Promise.all(
          ['domainroute.lookups', 'domainroute.hosts'].map((name) => L.require(name)));
        const rows = ${JSON.stringify(decisions)};
        const start = performance.now();
        const { table } = lookups.decisions(hosts.of([{}, {}]));
        table.update(rows);
        document.getElementById('view').append(table.node);
        document.body.offsetHeight;
        return performance.now() - start;
      })()`);
      console.log(`      5,000 decisions: first paint ${drawing.toFixed(0)} ms`);
    }));

  it('asks nothing while nobody can see it, and goes on when somebody can', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await page.locator(`${DECISIONS} td`).first().waitFor();
      await page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => window.away })`);
      await page.evaluate('window.away = true');
      const before = router.calls.length;
      await pass(page, 60);
      await page.evaluate('fetch("/ubus/", { method: "POST", body: "[]" })');
      assert.equal(router.calls.length, before);
      await page.evaluate('window.away = false');
      await pass(page, 60);
      await eventually(() => assert.ok(router.calls.length > before));
    }));

  it('asks for many decisions only when it is told to', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      await page.locator(`${DECISIONS} td`).first().waitFor();
      await page.getByLabel('Newest').first().selectOption('5000');
      await eventually(() =>
        assert.deepEqual(
          router.calls.filter(({ name }) => name === 'domainroute.decisions').at(-1)?.args,
          { limit: 5000 },
        ),
      );
      const asked = router.count('domainroute.decisions');
      const looked = router.count('domainroute.counters');
      await pass(page, 5);
      await eventually(() => assert.ok(router.count('domainroute.counters') > looked));
      assert.equal(router.count('domainroute.decisions'), asked);
    }));

  it('reads the lists again when it is told to, and says what came of it', () =>
    withScene(async ({ open, router }) => {
      const page = await open('status');
      const button = page.getByRole('button', { name: 'Read lists and rules again' });
      await button.click();
      await page.getByText('3 rules are in force.').waitFor();
      router.failures.set('domainroute.reload', {
        status: 9,
        data: { error: 'Cannot read list: it is gone' },
      });
      await button.click();
      await page.getByText('Cannot read list: it is gone').waitFor();
    }));

  it('lets nobody change anything who may only read', () =>
    withScene(async ({ open, site }) => {
      site.isReadOnly = true;
      const page = await open('status');
      assert.ok(await page.getByRole('button', { name: 'Read lists' }).isDisabled());
    }));

  it('shows what the daemon could not do the last time', () =>
    withScene(async ({ open, router }) => {
      const daemon = { pid: 1, uptime: 5, problem: "Cannot find device 'wg0'" };
      router.answers.set('domainroute.status', { ...STATUS, daemon });
      const page = await open('status');
      await page.getByText("Cannot find device 'wg0'").waitFor();
    }));
});
