/** What the tests of the status page do with it. */
import type { Locator, Page } from 'playwright-core';

/** The most rows of a table that are in the document. */
export const PAGE_ROWS = 25;

/** Lets so many seconds pass for the page: what is due in them is done once. */
export function pass(page: Page, seconds: number): Promise<unknown> {
  return page.evaluate(`L.require('poll').then((poll) => {
    for (let second = 0; second < ${seconds}; second++) poll.step();
  })`);
}

/** The texts of a table, by row. */
export async function cellsOf(table: Locator): Promise<string[][]> {
  const rows = await table.locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('td').allInnerTexts()));
}

/** The text of a part, with single blanks. */
export async function seen(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).innerText()).replaceAll(/\s+/g, ' ');
}
