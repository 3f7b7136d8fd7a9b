/** Writes what is made from other sources: run by 'make luci-generated'. Prints what wants a translation. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { findMessages, PO_DIRECTORY, renderTemplate, TEMPLATE_FILE } from './messages.ts';
import { OPTIONS_FILE, renderOptions } from './options.ts';
import { formatCatalog, readEntries } from './po.ts';

writeFileSync(OPTIONS_FILE, await renderOptions());
writeFileSync(TEMPLATE_FILE, renderTemplate());

// catalogues get what is new, without a translation, and lose what is gone
const texts = findMessages().map(({ text }) => text);
for (const language of readdirSync(PO_DIRECTORY)) {
  if (language === 'templates') continue;
  const file = `${PO_DIRECTORY}${language}/domainroute.po`;
  const known = new Map(readEntries(readFileSync(file, 'utf8')));
  writeFileSync(file, formatCatalog(known.get('') ?? '', texts, known));
  const missing = texts.filter((text) => (known.get(text) ?? '') === '');
  for (const text of missing) console.log(`${language}: ${text}`);
}
