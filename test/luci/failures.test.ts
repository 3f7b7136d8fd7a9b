/** Without a daemon, without rights, with errors and with nothing configured: the page says what to do. */
import assert from 'node:assert/strict';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import { ACCESS_DENIED, OBJECT_NOT_FOUND, STATUS, type Failure } from './support/router.ts';
import { UciStore } from './support/uci-store.ts';

const STOPPED = 'Cannot read the data path: domainroute is not running (run domainroute start)';

/** How the two gateways of LuCI (uhttpd-mod-ubus, and LuCI's own) tell a failure, and what is to be done. */
const FAILURES: readonly { name: string; failure: Failure; title: string; advice: RegExp }[] = [
  {
    name: 'there is no daemon',
    failure: OBJECT_NOT_FOUND,
    title: 'The service does not answer',
    advice: /Switch it on under Rules, then save and apply/,
  },
  {
    name: "there is no daemon (LuCI's own gateway)",
    failure: { status: 4 },
    title: 'The service does not answer',
    advice: /Switch it on under Rules, then save and apply/,
  },
  {
    name: 'the login has no right to it',
    failure: ACCESS_DENIED,
    title: 'You may not see this',
    advice: /needs the access group 'luci-app-domainroute'/,
  },
  {
    name: 'no rules are in force',
    failure: { status: 5, data: { error: STOPPED } },
    title: 'No rules are in force',
    advice: /see the switch and the messages under Rules/,
  },
  {
    name: "no rules are in force (LuCI's own gateway)",
    failure: { status: 5 },
    title: 'No rules are in force',
    advice: /see the switch and the messages under Rules/,
  },
  {
    name: 'the daemon takes too long',
    failure: { code: -32003, message: 'ubus request timed out' },
    title: 'The service is busy',
    advice: /This page tries again by itself/,
  },
  {
    name: "the daemon takes too long (LuCI's own gateway)",
    failure: { status: 7 },
    title: 'The service is busy',
    advice: /This page tries again by itself/,
  },
  {
    name: 'the daemon fails',
    failure: { status: 9, data: { error: "Cannot open map 'facts': out of memory" } },
    title: 'The service could not do that',
    advice: /Cannot open map 'facts': out of memory/,
  },
];

describe('a page that gets no answer', () => {
  for (const { name, failure, title, advice } of FAILURES) {
    it(`says what to do when ${name}`, () =>
      withScene(async ({ router, open, errors }) => {
        router.failures.set('domainroute.*', failure);
        const page = await open('status');
        const alert = page.getByRole('alert');
        await alert.getByRole('heading', { name: title }).waitFor();
        assert.match(await alert.innerText(), advice);
        assert.equal(await alert.count(), 1);
        assert.equal(await page.getByRole('button').count(), 0);
        await open('explain', '#subject=www.example.com');
        await page.getByRole('alert').getByRole('heading', { name: title }).waitFor();
        assert.deepEqual(errors, []);
      }));
  }

  it('says that the data path does not run, and shows no old numbers', () =>
    withScene(async ({ router, open }) => {
      router.answers.set('domainroute.status', { ...STATUS, running: false });
      const page = await open('status');
      await page.getByRole('heading', { name: 'No rules are in force' }).waitFor();
      assert.equal(await page.locator('#domainroute-decisions').isVisible(), false);
    }));

  it('edits rules all the same', () =>
    withScene(async ({ router, open }) => {
      router.failures.set('domainroute.*', OBJECT_NOT_FOUND);
      const page = await open('rules');
      await page.getByText('The service does not run').waitFor();
      await page.locator('tr[data-section-id="video"]').waitFor();
    }));

  it('knows clients by their addresses where leases and hints cannot be read', () =>
    withScene(async ({ router, open, errors }) => {
      router.failures.set('luci-rpc.*', ACCESS_DENIED);
      router.failures.set('network.interface.*', ACCESS_DENIED);
      const page = await open('status');
      await page.getByRole('cell', { name: '02:00:00:00:00:11' }).first().waitFor();
      assert.match(await page.locator('#domainroute-interfaces').innerText(), /br-lan.*unknown/s);
      assert.deepEqual(errors, []);
    }));
});

describe('a page without a configuration', () => {
  it('says how to begin when there are no rules and no lists', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore("config domainroute 'main'\n");
      const page = await open('rules');
      await page.getByText('No rules yet: type a name for the first one below').waitFor();
      await page.getByText('No lists yet').waitFor();
    }));

  it('makes the section main when settings are saved and there is none', () =>
    withScene(async ({ router, open }) => {
      router.config = new UciStore('');
      const page = await open('rules');
      await page.locator('.cbi-value[data-name="enabled"] input[type="checkbox"]').click();
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await page.waitForFunction(
        'L.require("uci").then((uci) => uci.get("domainroute", "main", "enabled") === "1")',
      );
      assert.equal(router.config.option('main', 'enabled'), '1');
    }));

  for (const view of ['rules', 'settings'] as const) {
    it(`says that the file is missing or may not be read (${view})`, () =>
      withScene(async ({ router, open, errors }) => {
        const fail = (failure: Failure): void => {
          router.failures.set('uci.get', ({ config }) =>
            config === 'domainroute' ? failure : undefined,
          );
        };
        fail({ status: 4 });
        const page = await open(view);
        await page.getByRole('heading', { name: 'The configuration cannot be read' }).waitFor();
        fail(ACCESS_DENIED);
        await open(view);
        await page.getByRole('heading', { name: 'You may not see this' }).waitFor();
        assert.deepEqual(errors, []);
      }));
  }
});
