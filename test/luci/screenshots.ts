/** Pictures of the pages for README: node --import tsx test/luci/screenshots.ts DIRECTORY. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { closeBrowser, LOOKS, withScene, type Look, type Scene } from './support/browser.ts';
import { openEditor } from './support/form.ts';
import type { DecisionRow } from '../../src/control/decisions.ts';
import { CONFIG, PEERS, type Router } from './support/router.ts';
import { UciStore } from './support/uci-store.ts';

/** Looks at the traffic; a chart has lines from the second one on. */
const LOOKS_AT_TRAFFIC = 40;

/** With a rule that is wrong. */
const BROKEN = `
config rule 'broken'
	list domain 'not a name'
	option interface 'wg0'
`;

const NAMES = ['video.example.com', 'cdn.example.org', 'mail.corp.example.net', 'ads.example.edu'];
const RULES = ['video', 'video', 'work', 'ads'] as const;

const DECISIONS: readonly DecisionRow[] = Array.from({ length: 12 }, (_, i) => {
  const rule = RULES[i % RULES.length] ?? null;
  return {
    client: i % 3 === 2 ? null : `02:00:00:00:00:1${(i % 3) + 1}`,
    address: i % 2 === 0 ? `198.51.100.${10 + i}` : `2001:db8:7::${10 + i}`,
    name: NAMES[i % NAMES.length] ?? null,
    rule,
    action: rule === 'ads' ? 'block' : 'route',
    mark: rule === 'work' ? '0x23' : '0x1000000',
    interface: rule === 'video' ? 'wg0' : null,
    packets: 4000 >> i,
    bytes: 5_000_000 >> i,
    age: 3 * i,
  };
});

/** Counters that grow as waves, so that a chart shows something. */
function withTraffic(router: Router): void {
  let looks = 0;
  const bytes = { video: 0, work: 0, ads: 0 };
  router.failures.set('domainroute.counters', () => {
    looks++;
    bytes.video += 900_000 + 600_000 * Math.sin(looks / 4);
    bytes.work += 300_000 + 250_000 * Math.cos(looks / 7);
    bytes.ads += looks % 9 === 0 ? 40_000 : 0;
    const rules = Object.entries(bytes).map(([section, sum]) => ({
      section,
      packets: Math.floor(sum / 900),
      bytes: Math.floor(sum),
    }));
    const others = { packets: 120_345, bytes: 98_765_432 };
    router.answers.set('domainroute.counters', { rules, others, reasons: { fact_learnt: 1200 } });
    return undefined;
  });
}

async function status({ router, open }: Scene): Promise<Page> {
  withTraffic(router);
  router.answers.set('domainroute.decisions', { decisions: DECISIONS, more: false });
  const page = await open('status');
  await page.locator('#domainroute-traffic td').first().waitFor();
  for (let i = 0; i < LOOKS_AT_TRAFFIC; i++) {
    // as long apart as they are on a page that is left open
    await page.evaluate(`(async () => {
      const clock = performance.now;
      performance.now = () => clock.call(performance) + 5000 * ${i + 1};
      const poll = await L.require('poll');
      for (let second = 0; second < 5; second++) poll.step();
      while (poll.queue.some((entry) => entry.r === false || entry.ready === false))
        await new Promise((done) => setTimeout(done, 5));
      performance.now = clock;
    })()`);
  }
  return page;
}

async function rules({ router, open }: Scene): Promise<Page> {
  router.config = new UciStore(CONFIG + BROKEN);
  const page = await open('rules');
  await page.locator('.domainroute-problem').waitFor();
  return page;
}

async function editor(scene: Scene): Promise<Page> {
  const page = await scene.open('rules');
  await openEditor(page, 'video');
  return page;
}

async function explain({ open }: Scene): Promise<Page> {
  const page = await open('explain', '#subject=www.example.com&client=02:00:00:00:00:11');
  await page.locator('.domainroute-card').waitFor();
  return page;
}

async function peers({ router, open }: Scene): Promise<Page> {
  router.config = new UciStore(CONFIG + PEERS);
  const page = await open('peers');
  await page.getByText('Established').waitFor();
  return page;
}

async function neighbor(scene: Scene): Promise<Page> {
  const page = await peers(scene);
  await openEditor(page, 'core');
  return page;
}

const PICTURES: readonly (readonly [string, Look['name'], (scene: Scene) => Promise<Page>])[] = [
  ['rules', 'desktop, light', rules],
  ['editor', 'desktop, light', editor],
  ['status', 'desktop, light', status],
  ['explain', 'desktop, light', explain],
  ['peers', 'desktop, light', peers],
  ['neighbor', 'desktop, light', neighbor],
  ['rules-phone', 'phone, dark', rules],
  ['status-phone', 'phone, dark', status],
];

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('Cannot take pictures: needs a DIRECTORY');
for (const [name, look, draw] of PICTURES) {
  await withScene(
    async (scene) => {
      const page = await draw(scene);
      // what fades in has done so
      await page.waitForTimeout(500);
      const isPhone = look.startsWith('phone');
      await page.screenshot({
        path: join(directory, `${name}.png`),
        fullPage: !isPhone && !['editor', 'neighbor'].includes(name),
      });
    },
    LOOKS.find((one) => one.name === look),
  );
  console.log(`${name}.png`);
}
await closeBrowser();
