/** Strings from DNS, DHCP, UCI and ubus are text wherever they appear (A1, Z6). */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import { openEditor } from './support/form.ts';
import { hostileStrings, WITNESS } from './support/hostile.ts';
import { BGP, STATUS } from './support/router.ts';
import { UciStore } from './support/uci-store.ts';

const HOSTILE = hostileStrings();

/**
 * Elements that no page of ours has, handlers written as attributes, addresses that run, and whether one of the
 * strings has run.
 */
const FOREIGN = `(() => {
  const all = [...document.querySelectorAll('#maincontent *, #modal_overlay *, svg *')];
  const known = new Set(${JSON.stringify(
    'a b br button caption datalist dd details div dl dt em form h2 h3 h4 input label li link meter ol ' +
      'option output p polyline pre section select span strong summary svg table tbody td tfoot th thead tr ul',
  )}.split(' '));
  known.delete('b');
  const found = all.filter((node) => !known.has(node.localName)).map((node) => node.outerHTML);
  for (const node of all)
    for (const { name, value } of node.attributes)
      if (name.startsWith('on') || (/^(href|src|formaction)$/.test(name) && /^\\s*javascript:/i.test(value)))
        found.push(name + '=' + value);
  if (window.${WITNESS} !== undefined) found.push('a string has run');
  return found;
})()`;

async function assertText(page: Page, place: string): Promise<void> {
  assert.deepEqual(await page.evaluate<string[]>(FOREIGN), [], place);
}

/** Are all of the strings to be seen somewhere, so that the test is about something? */
async function assertShown(page: Page, selector: string, wanted: readonly string[]): Promise<void> {
  const text = await page.evaluate<string>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((node) => node.textContent).join('\\n')`,
  );
  assertHas(text, wanted);
}

/** Blanks, and what has no UTF-8, do not count. */
function assertHas(text: string, wanted: readonly string[]): void {
  const normal = (words: string): string => words.replaceAll(/[\s\0\ud800\ufffd]+/g, ' ');
  const missing = wanted.filter((one) => !normal(text).includes(normal(one).trim()));
  assert.deepEqual(missing, []);
}

describe('200 hostile strings', () => {
  it('are more than 200, and each is one', () => {
    assert.ok(HOSTILE.length >= 200);
    assert.equal(new Set(HOSTILE).size, HOSTILE.length);
  });

  it('would be found out: as markup they do make elements', () =>
    withScene(async ({ open }) => {
      const page = await open('explain');
      await page.evaluate(`document.getElementById('view').append(E('p', {}, '<img src=x>'))`);
      assert.deepEqual(await page.evaluate(FOREIGN), ['<img src="x">']);
    }));

  it('are text as names, addresses, clients, rules, interfaces and marks of decisions and answers', () =>
    withScene(async ({ open, router }) => {
      const decisions = HOSTILE.map((text) => ({
        client: text,
        address: text,
        name: text,
        rule: text,
        action: 'route',
        mark: text,
        interface: text,
        packets: text,
        bytes: text,
        age: text,
      }));
      const facts = HOSTILE.map((text) => ({
        address: text,
        name: text,
        client: text,
        expires_in: text,
        last_seen: text,
        source: text,
      }));
      router.answers.set('domainroute.decisions', { decisions, more: true });
      router.answers.set('domainroute.rdns', { facts, more: true });
      const page = await open('status');
      await page.getByText('Answers learnt', { exact: true }).first().click();
      const pages = Math.ceil(HOSTILE.length / 25);
      for (const table of ['#domainroute-decisions', '#domainroute-facts']) {
        await page.locator(`${table} tbody td`).nth(5).waitFor();
        for (let i = 0; i < pages; i++) {
          await assertShown(page, `${table} tbody`, HOSTILE.slice(25 * i, 25 * i + 25));
          await assertText(page, `${table}, page ${i}`);
          if (i < pages - 1) await page.locator(table).getByLabel('Next page').click();
        }
      }
    }));

  it('are text in all that is told of neighbours, dnstap sources and routes', () =>
    withScene(async ({ open, router }) => {
      const neighbors = HOSTILE.map((text) => ({
        section: text,
        address: text,
        asn: text,
        state: text,
        uptime: text,
        families: [text, text],
        announced: text,
        pending: text,
        last_error: text,
      }));
      const dnstap = HOSTILE.map((text) => ({
        section: text,
        senders: text,
        messages: text,
        malformed: text,
      }));
      const routes = HOSTILE.map((text) => ({
        prefix: text,
        name: text,
        rule: text,
        communities: [text, text],
        expires_in: text,
      }));
      router.answers.set('domainroute.bgp', { ...BGP, neighbors, dnstap });
      router.answers.set('domainroute.routes', { routes, more: true });
      const page = await open('status');
      const part = '#domainroute-bgp';
      await page.locator(`${part} td`).first().waitFor();
      const columns = [1, 2, 3, 4, 6, 9].map(
        (i) => `${part} table:nth-of-type(1) td:nth-child(${i})`,
      );
      for (const column of [...columns, `${part} table:nth-of-type(2) td:nth-child(1)`])
        await assertShown(page, column, HOSTILE);
      await assertText(page, 'neighbours');
      await page.getByText('Announced routes', { exact: true }).first().click();
      const table = '#domainroute-routes';
      await page.locator(`${table} tbody td`).nth(4).waitFor();
      const pages = Math.ceil(HOSTILE.length / 25);
      for (let i = 0; i < pages; i++) {
        for (const column of [1, 2, 3, 4])
          await assertShown(
            page,
            `${table} td:nth-child(${column})`,
            HOSTILE.slice(25 * i, 25 * i + 25),
          );
        await assertText(page, `routes, page ${i}`);
        if (i < pages - 1) await page.locator(table).getByLabel('Next page').click();
      }
    }));

  it('are text as names of hosts', () =>
    withScene(async ({ open, router }) => {
      const mac = (i: number): string => `02:00:00:00:${Math.floor(i / 90) + 10}:${(i % 90) + 10}`;
      const hints = HOSTILE.map((name, i) => [mac(i), { name, ipaddrs: [name], ip6addrs: [name] }]);
      router.answers.set(
        'luci-rpc.getHostHints',
        Object.fromEntries(hints) as Record<string, unknown>,
      );
      router.answers.set('luci-rpc.getDHCPLeases', {
        dhcp_leases: HOSTILE.map((text) => ({ hostname: text, macaddr: text, ipaddr: text })),
      });
      const page = await open('explain');
      await assertShown(page, 'datalist', HOSTILE);
      await assertText(page, 'suggestions');
      const decisions = HOSTILE.slice(0, 25).map((_, i) => ({ client: mac(i), address: '::' }));
      router.answers.set('domainroute.decisions', { decisions });
      await open('status');
      await page.locator('#domainroute-decisions tbody td').nth(5).waitFor();
      await assertText(page, 'decisions');
    }));

  it('are text in every part of the status, of an explanation, of a diagnostic, of an error', () =>
    withScene(async ({ open }) => {
      const page = await open('explain');
      await page.evaluate(`(async () => {
        const names = ['panels', 'explanation', 'hosts', 'live', 'text'];
        const [panels, explanation, hosts, live, words] = await Promise.all(
          names.map((name) => L.require('domainroute.' + name)));
        const view = document.getElementById('view');
        const status = ${JSON.stringify(STATUS)};
        for (const text of ${JSON.stringify(HOSTILE)}) {
          const all = [text, text];
          const other = { name: text, client: text, rule: text };
          const device = { name: text, ifindex: text, role: text, programs: all };
          const network = { interface: text, device: text, l3_device: text, up: true };
          const count = { section: text, packets: text, bytes: text };
          const diagnostic = { severity: text, type: text, section: text, option: text, value: text, message: text };
          const state = live.make();
          state.setDiagnostics([diagnostic, { ...diagnostic, option: null }, { ...diagnostic, type: 'rule' }]);
          view.append(
            panels.service({ ...status, daemon: { pid: text, uptime: text, problem: text } }),
            panels.interfaces({ devices: [device, { ...device, name: null }] }, [network], all),
            panels.fill({ facts: { used: text, limit: text, matched: text }, verdicts: { used: text, limit: text } }),
            panels.traffic({ rules: [count], others: count }, new Map([[text, text]]), new Map([[text, 0]])),
            panels.reasons({ [text]: 1 }),
            panels.bgp({ enabled: true, asn: text, router_id: text, routes: text, refused: text, neighbors: [],
              dnstap: [] }),
            explanation.card({ query: text, client: text, name: text, chain: all, address: text, rule: text,
              action: text, mark: text, interface: text, expires_in: text, competing: [other], reason: text },
              hosts.of([{}, {}])),
            words.notice({ kind: 'failed', message: text }),
            state.others);
        }
      })()`);
      await assertText(page, 'parts');
      for (const part of ['card', 'detail', 'problem', 'bgp'])
        await assertShown(page, `.domainroute-${part}`, HOSTILE);
    }));

  it('are text as errors of ubus', () =>
    withScene(async ({ open, router }) => {
      const page = await open('explain');
      await page.getByLabel('Name or address').fill('x');
      let asked = 0;
      router.failures.set('domainroute.explain', () => {
        const error = HOSTILE[asked++] ?? '';
        return asked % 2 === 0 ? { status: 9, data: { error } } : { code: -32603, message: error };
      });
      const shown = await page.evaluate<string>(`(async () => {
        const form = document.querySelector('form');
        const button = form.querySelector('button');
        const texts = [];
        for (let i = 0; i < ${HOSTILE.length}; i++) {
          form.requestSubmit();
          while (button.disabled) await new Promise((done) => setTimeout(done));
          const alert = document.querySelector('#domainroute-explanation [role=alert]');
          texts.push(alert.textContent);
          document.getElementById('view').append(alert);
        }
        return texts.join('\\n');
      })()`);
      await assertText(page, 'errors');
      // of an error of JSON-RPC, LuCI appends a stack: the first line is shown
      assertHas(
        shown,
        HOSTILE.map((text) => text.split('\n')[0] ?? ''),
      );
    }));

  it('are text as values in UCI, in the tables and in the editor', () =>
    withScene(async ({ open, router }) => {
      const config = new UciStore("config domainroute 'main'\n");
      const all = HOSTILE;
      config.set('main', {
        lan: all,
        mark_mask: all[0] ?? '',
        table: all[1] ?? '',
        enabled: all[2] ?? '',
      });
      all.forEach((text, i) => {
        config.add(`rule${i}`, 'rule', {
          domain: [text],
          list: [text],
          client: [text],
          interface: text,
          mark: text,
          action: text,
          local: text,
          fallback: text,
          enabled: text,
        });
        if (i < 40) config.add(`list${i}`, 'list', { file: text, url: text, format: text });
      });
      router.config = config;
      router.answers.set('domainroute.check', {
        diagnostics: all.map((text, i) => ({
          severity: 'error',
          type: 'rule',
          section: `rule${i}`,
          option: text,
          value: text,
          message: text,
        })),
      });
      const page = await open('rules');
      await page.locator('tr[data-section-id="rule200"] .domainroute-problem').waitFor();
      await assertText(page, 'tables');
      await assertShown(page, '.domainroute-problem', all);
      for (const i of [0, 5, 12, 40, 77, 130, 199]) {
        const dialog = await openEditor(page, `rule${i}`);
        await assertText(page, `editor of rule${i}`);
        await dialog.locator('.cbi-button-positive').click();
        await dialog.getByRole('alert').waitFor();
        await assertText(page, `problems of rule${i}`);
        await dialog.getByRole('button', { name: 'Dismiss' }).click();
      }
      await open('settings');
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await page.locator('#modal_overlay .modal h4').waitFor();
      await assertText(page, 'settings');
    }));

  it('are text as values of neighbours and resolvers, and in what is told of them', () =>
    withScene(async ({ open, router }) => {
      const config = new UciStore("config domainroute 'main'\n");
      const [first = ''] = HOSTILE;
      config.add('bgp', 'bgp', { asn: first, router_id: first, listen: HOSTILE });
      HOSTILE.forEach((text, i) => {
        config.add(`neighbor${i}`, 'neighbor', { address: text, asn: text, password_file: text });
        config.add(`dnstap${i}`, 'dnstap', { listen: text, port: text, message: [text] });
      });
      router.config = config;
      const told = { uptime: null, announced: 1, pending: 1 };
      router.answers.set('domainroute.bgp', {
        neighbors: HOSTILE.map((text, i) => ({
          ...told,
          section: `neighbor${i}`,
          state: text,
          last_error: text,
        })),
        dnstap: HOSTILE.map((text, i) => ({ section: `dnstap${i}`, senders: text, messages: 1 })),
      });
      const page = await open('peers');
      await page.locator('tr[data-section-id="neighbor200"] .domainroute-detail').waitFor();
      await assertText(page, 'tables');
      for (const column of ['Address', 'AS', 'State', 'Listens at'])
        await assertShown(page, `td[data-title="${column}"]`, HOSTILE);
      for (const section of ['neighbor5', 'neighbor130', 'dnstap12', 'dnstap77']) {
        const dialog = await openEditor(page, section);
        await assertText(page, `editor of ${section}`);
        await dialog.locator('.cbi-button-positive').click();
        await dialog.getByRole('alert').waitFor();
        await assertText(page, `problems of ${section}`);
        await dialog.getByRole('button', { name: 'Dismiss' }).click();
      }
      await page.locator('.cbi-page-actions .cbi-button-save').click();
      await page.locator('#modal_overlay .modal h4').waitFor();
      await assertText(page, 'problems of the speaker');
    }));
});
