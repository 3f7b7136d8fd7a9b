/** "Where does this go?": the answer in words, for one client and for another. */
import assert from 'node:assert/strict';
import { withScene } from './support/browser.ts';
import './support/mocha.ts';
import { eventually } from './support/until.ts';

describe('"Where does this go?"', () => {
  it('tells the way and why, as sentences', () =>
    withScene(async ({ open, router, errors }) => {
      const page = await open('explain');
      await page.getByLabel('Name or address').fill('www.example.com');
      await page.getByLabel('Client', { exact: true }).fill('02:00:00:00:00:11');
      await page.getByLabel('Name or address').press('Enter');
      const card = page.locator('.domainroute-card');
      await card.waitFor();
      const words = (await card.innerText()).split('\n').filter((line) => line.trim() !== '');
      assert.deepEqual(words, [
        '198.51.100.7 from laptop (02:00:00:00:00:11)',
        "Leaves by interface wg0, because of rule 'video'.",
        'The name is www.example.com, by way of its aliases cdn.example.net.',
        'The address is 198.51.100.7; that is known for another 59 min 59 s, longer while it is used.',
        "Rule 'video' takes it.",
        'Its packets are marked 0x1000000.',
        "In the words of the service: rule 'video' takes 'www.example.com' by the domain 'example.com'",
        'Other names are known for the address, which could decide instead:',
        'other.example.org, told to everyone: no rule',
      ]);
      assert.deepEqual(router.calls.at(-1)?.args, {
        name: 'www.example.com',
        client: '02:00:00:00:00:11',
      });
      assert.deepEqual(errors, []);
    }));

  it('asks for an address as an address, and without a client for everyone', () =>
    withScene(async ({ open, router }) => {
      const page = await open('explain');
      for (const address of ['198.51.100.7', '2001:db8::7']) {
        await page.getByLabel('Name or address').fill(address);
        await page.getByRole('button', { name: 'Explain' }).click();
        await eventually(() => assert.deepEqual(router.calls.at(-1)?.args, { address }));
      }
    }));

  it('puts the answer for another client beside it', () =>
    withScene(async ({ open, router }) => {
      const page = await open('explain');
      await page.getByLabel('Name or address').fill('www.example.com');
      await page.getByLabel('Client', { exact: true }).fill('02:00:00:00:00:11');
      await page.getByLabel('Compare with client').fill('192.168.1.12');
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.getByRole('heading', { name: 'tv (192.168.1.12)' }).waitFor();
      assert.equal(await page.locator('.domainroute-card').count(), 2);
      const clients = router.calls
        .filter(({ name }) => name === 'domainroute.explain')
        .map(({ args }) => args['client']);
      assert.deepEqual(clients, ['02:00:00:00:00:11', '192.168.1.12']);
    }));

  it('tells what is blocked, what no rule takes, and what nobody asked for', () =>
    withScene(async ({ open, router }) => {
      const page = await open('explain');
      const nothing = { chain: [], address: null, mark: null, interface: null, expires_in: null };
      const base = { query: 'x', client: null, name: 'x', ...nothing, competing: [], reason: '–' };
      const cases = [
        [{ rule: 'ads', action: 'block' }, "Is blocked by rule 'ads'."],
        [{ rule: null, action: null }, 'Goes the usual way: no rule takes it.'],
        [
          { rule: 'work', action: 'route', mark: '0x23' },
          "Goes on with mark 0x23, because of rule 'work'.",
        ],
      ] as const;
      await page.getByLabel('Name or address').fill('x');
      for (const [found, words] of cases) {
        router.answers.set('domainroute.explain', { ...base, ...found, others: [] });
        await page.getByRole('button', { name: 'Explain' }).click();
        await page.getByText(words).waitFor();
        await page.getByText('No address is known for the name').waitFor();
      }
    }));

  it('suggests the clients that the router knows', () =>
    withScene(async ({ open }) => {
      const page = await open('explain');
      const suggested = await page.evaluate(
        `[...document.querySelectorAll('#domainroute-clients option')].map((one) => [one.value, one.label])`,
      );
      assert.deepEqual(suggested, [
        ['02:00:00:00:00:11', 'laptop'],
        ['02:00:00:00:00:12', 'tv'],
      ]);
    }));

  it('says why the daemon did not understand', () =>
    withScene(async ({ open, router }) => {
      const error = "Cannot read domain name 'a b': has a space";
      router.failures.set('domainroute.explain', { status: 2, data: { error } });
      const page = await open('explain');
      await page.getByLabel('Name or address').fill('a b');
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.getByRole('alert').getByText(error).waitFor();
    }));
});
