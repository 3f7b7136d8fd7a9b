/** What a person does with LuCI's forms: alike for the real widgets and for those of the double. */
import type { Locator, Page } from 'playwright-core';

/** A row of the tables of rules and lists. */
export function row(page: Page, section: string): Locator {
  return page.locator(`tr[data-section-id="${section}"]`);
}

export async function openEditor(page: Page, section: string): Promise<Locator> {
  await row(page, section).getByRole('button', { name: 'Edit' }).click();
  const dialog = page.locator('#modal_overlay .modal');
  await dialog.locator('[data-name]').first().waitFor();
  return dialog;
}

export function fieldOf(dialog: Locator, option: string): Locator {
  return dialog.locator(`.cbi-value[data-name="${option}"]`);
}

/** Types into a text field, or into the one that LuCI hides in a list of suggestions. */
export async function fill(dialog: Locator, option: string, text: string): Promise<void> {
  const field = fieldOf(dialog, option);
  const dropdown = field.locator('.cbi-dropdown');
  if ((await dropdown.count()) === 0) {
    await field.locator('input').first().fill(text);
    await field.locator('input').first().blur();
    return;
  }
  await dropdown.locator('.open').click();
  // the closed list is shown beside the open one
  const input = dropdown.locator('ul.dropdown .create-item-input');
  await input.fill(text);
  await input.press('Enter');
}

/** Adds to a list; what is not valid stays in the field. Key by key, as that is when it is looked at. */
export async function addItem(dialog: Locator, option: string, text: string): Promise<void> {
  const input = fieldOf(dialog, option).locator('.add-item input').first();
  await input.pressSequentially(text);
  await input.press('Enter');
}

export async function removeItem(dialog: Locator, option: string, text: string): Promise<void> {
  const item = fieldOf(dialog, option).locator('.item').filter({ hasText: text });
  await item.focus();
  await item.press('Delete');
}

export async function saveEditor(dialog: Locator): Promise<void> {
  await dialog.locator('.cbi-button-positive').click();
}

/** The dialog closes when all is saved. */
export async function savedEditor(page: Page, dialog: Locator): Promise<void> {
  await saveEditor(dialog);
  await page.waitForSelector('body:not(.modal-overlay-active)');
}

export async function addSection(
  page: Page,
  type: 'rule' | 'list' | 'neighbor' | 'dnstap',
  name: string,
): Promise<void> {
  const create = page.locator(`#cbi-domainroute-${type} .cbi-section-create`);
  await create.locator('.cbi-section-create-name').fill(name);
  await create.locator('.cbi-section-create-name').blur();
  await create.getByRole('button', { name: 'Add' }).click();
}
