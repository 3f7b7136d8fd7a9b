/** A module of luci-app/ in Node, without a page: for those that need nothing of a browser. */
import { readFileSync } from 'node:fs';

const RESOURCES = new URL('../../../luci-app/htdocs/luci-static/resources/', import.meta.url);

const translate = (text: string): string => text;

/** What LuCI adds to strings: as far as these modules need it. */
function format(this: string, ...args: readonly unknown[]): string {
  let next = 0;
  return this.replace(/%[sd]/g, () => String(args[next++]));
}

/** LuCI's baseclass, where nothing is inherited: the members are the instance. */
const baseclass = { extend: (members: object): object => members };

/** LuCI's L.toArray for what a configuration can hold. */
function toArray(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : [];
}

/** The instance of a module such as `domainroute.values`, with the modules that it requires. */
export function loadModule(name: string): unknown {
  if (name === 'baseclass') return baseclass;
  Object.defineProperty(String.prototype, 'format', { value: format, configurable: true });
  const source = readFileSync(new URL(`${name.replaceAll('.', '/')}.js`, RESOURCES), 'utf8');
  const needs = Array.from(source.matchAll(/^'require (\S+?)(?: as (\w+))?';$/gm), (match) => ({
    name: match[1] ?? '',
    as: match[2] ?? match[1] ?? '',
  }));
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what LuCI's loader does with these files
  const factory = new Function('_', 'L', ...needs.map(({ as }) => as), source) as (
    ...args: readonly unknown[]
  ) => object;
  return factory(translate, { toArray }, ...needs.map((need) => loadModule(need.name)));
}
