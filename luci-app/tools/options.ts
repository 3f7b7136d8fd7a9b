/** Makes resources/domainroute/options.js from the table of src/config/options.ts. */
import { format, resolveConfig } from 'prettier';
import { SECTIONS } from '../../src/config/options.ts';

export const OPTIONS_FILE = new URL(
  '../htdocs/luci-static/resources/domainroute/options.js',
  import.meta.url,
);

/** The text of the file. */
export async function renderOptions(): Promise<string> {
  const source = `'use strict';
'require baseclass';

// Made from src/config/options.ts by 'make luci-generated'.

return baseclass.extend({
  /** Sections by type. */
  sections: new Map([
${SECTIONS.map((section) => `[${literal(section.type)}, ${literal({ ...section })}],`).join('\n')}
  ]),
});
`;
  const style = await resolveConfig(OPTIONS_FILE.pathname);
  return format(source, { ...style, parser: 'babel' });
}

/** JavaScript for a section or an option of the table, or for a value in it. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { doc, ...rest } = value as { readonly doc: string; readonly name?: string };
  const members = Object.entries(rest).map(([name, member]) => `${name}: ${literal(member)}`);
  const words = [
    `title: ${message(titleOf(rest.name ?? ''))}`,
    `doc: ${message(capitalized(doc))}`,
  ];
  // the page has words of its own for sections
  return `{ ${('options' in rest ? members : [...members, ...words]).join(', ')} }`;
}

/** A text of the page: marked for translation. */
function message(words: string): string {
  return `_(${JSON.stringify(words)})`;
}

/** `mark_mask` as `Mark mask`, `next_hop6` as `Next hop IPv6`. */
function titleOf(name: string): string {
  const words = name
    .replace(/6$/, '_IPv6')
    .split('_')
    .map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  return capitalized(words.join(' '));
}

const ACRONYMS = new Set(['lan', 'wan', 'url', 'tld', 'asn', 'id', 'ttl', 'med']);

function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
