/** The texts of the pages, and the template of translations that is made of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('..', import.meta.url));
const RESOURCES = 'htdocs/luci-static/resources';
const MENU = 'root/usr/share/luci/menu.d/luci-app-domainroute.json';
const ACL = 'root/usr/share/rpcd/acl.d/luci-app-domainroute.json';

export const PO_DIRECTORY = `${APP}po/`;
export const TEMPLATE_FILE = `${PO_DIRECTORY}templates/domainroute.pot`;

/** A text, and where it stands: paths below luci-app/. */
export interface Message {
  readonly text: string;
  readonly places: readonly string[];
}

/** Every text once, in the order of the files. */
export function findMessages(): Message[] {
  const found = new Map<string, string[]>();
  const add = (text: string, place: string): void => {
    const places = found.get(text) ?? [];
    found.set(text, places.includes(place) ? places : [...places, place]);
  };
  for (const path of scripts())
    for (const text of textsOf(readFileSync(APP + path, 'utf8'))) add(text, path);
  for (const title of valuesOf(MENU, 'title')) add(title, MENU);
  for (const title of valuesOf(ACL, 'description')) add(title, ACL);
  return Array.from(found, ([text, places]) => ({ text, places }));
}

function scripts(): string[] {
  return readdirSync(APP + RESOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => `${RESOURCES}/${name}`);
}

/** The literals that stand in `_(…)`. */
function textsOf(source: string): string[] {
  const calls = source.matchAll(/\b_\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")/g);
  return Array.from(calls, ([, single, double]) => unescaped(single ?? double ?? ''));
}

function unescaped(literal: string): string {
  return literal.replace(/\\(.)/g, (_whole, character: string) =>
    character === 'n' ? '\n' : character,
  );
}

/** Every text of this name in a JSON file, at any depth. */
function valuesOf(path: string, name: string): string[] {
  const found: string[] = [];
  JSON.parse(readFileSync(APP + path, 'utf8'), (key, value: unknown) => {
    if (key === name && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

/** The text of {@link TEMPLATE_FILE}. */
export function renderTemplate(): string {
  const head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n';
  const entries = findMessages().map(({ text, places }) =>
    [...places.map((place) => `#: ${place}`), `msgid ${JSON.stringify(text)}`, 'msgstr ""'].join(
      '\n',
    ),
  );
  return `${head}\n${entries.join('\n\n')}\n`;
}
