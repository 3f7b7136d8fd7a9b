/** One Chromium for the whole suite, a page and a router for each test. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { Router } from './router.ts';
import { Site } from './server.ts';

/** Milliseconds that a step may take on a busy machine. */
const PATIENCE = 20_000;

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';

export const VIEWS = ['rules', 'status', 'explain', 'settings', 'peers'] as const;
export type View = (typeof VIEWS)[number];

export interface Look {
  readonly name: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
}

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

export const LOOKS: readonly Look[] = [
  { name: 'desktop, light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'desktop, dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'phone, light', viewport: PHONE, colorScheme: 'light' },
  { name: 'phone, dark', viewport: PHONE, colorScheme: 'dark' },
];

export interface Scene {
  readonly router: Router;
  readonly site: Site;
  /** What the page said to the console as an error, and what it threw. */
  readonly errors: string[];
  /** Opens a view and waits until it is drawn. */
  readonly open: (view: View, hash?: string) => Promise<Page>;
}

let browser: Browser | undefined;

async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`Cannot start ${CHROMIUM}: missing (run .ci/setup)`);
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Runs `task` with a fresh page; the browser stays for the next. */
export async function withScene<T>(
  task: (scene: Scene) => Promise<T>,
  look: Pick<Look, 'viewport' | 'colorScheme'> = { viewport: DESKTOP, colorScheme: 'light' },
): Promise<T> {
  browser ??= await launch();
  const router = new Router();
  const site = await Site.start(router);
  const { viewport, colorScheme } = look;
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
  page.setDefaultTimeout(PATIENCE);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const open = async (view: View, hash = ''): Promise<Page> => {
    await page.goto(site.url(view) + hash);
    await page.waitForSelector('#view h2, #view .alert-message');
    return page;
  };
  try {
    return await task({ router, site, errors, open });
  } finally {
    await page.close();
    await site.close();
  }
}

/** Called once, when all is done. */
export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}
