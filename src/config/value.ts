/** One value of an option, by the type that the table gives it. */
import { parseAddress } from '../model/address.ts';
import { parseClientMatch, type ClientMatch } from '../model/client.ts';
import { parseCommunity, type Community } from '../model/community.ts';
import { parseDomainPattern } from '../model/domain-name.ts';
import { parseMark, parseMask } from '../model/mark.ts';
import type { DomainPattern, Mark } from '../model/rule.ts';
import { ValueError } from '../model/value.ts';
import type { OptionSpec } from './options.ts';

/** What a value of each type becomes. */
interface Values {
  boolean: boolean;
  integer: number;
  interface: string;
  mask: number;
  mark: Mark;
  domain: DomainPattern;
  client: ClientMatch;
  list: string;
  path: string;
  url: string;
  port: number;
  address: Uint8Array;
  community: Community;
  name: string;
}

/** The value of an option, from its row of the table. */
export type ValueOf<O extends OptionSpec> = O extends { list: true }
  ? readonly ItemOf<O>[]
  : O extends { default: string }
    ? ItemOf<O>
    : ItemOf<O> | undefined;

type ItemOf<O extends OptionSpec> = O extends { choices: readonly (infer Choice)[] }
  ? Choice
  : O['type'] extends keyof Values
    ? Values[O['type']]
    : never;

/** `struct action` of bpf/domainroute.h holds 64 bytes with the NUL. */
export const SECTION_NAME_MAX = 63;
/** `interface` of `struct action` holds 32 bytes with the NUL. */
const INTERFACE = /^[A-Za-z0-9_.@:-]{1,31}$/;
const PATH_MAX = 255;
const URL_MAX = 2048;

/** Throws ValueError. What an option without `choices` of type enum gives is of no type: there is none. */
export function parseValue(spec: OptionSpec, text: string): Values[keyof Values] {
  switch (spec.type) {
    case 'boolean':
      return parseBoolean(text);
    case 'integer':
      return parseInteger(text, spec.min ?? 0, spec.max ?? Number.MAX_SAFE_INTEGER);
    case 'enum':
      return parseChoice(text, spec.choices ?? []);
    case 'interface':
      return parseInterface(text);
    case 'mask':
      return parseMask(text);
    case 'mark':
      return parseMark(text);
    case 'domain':
      return parseDomainPattern(text);
    case 'client':
      return parseClient(text);
    case 'list':
      return parseSectionName(text);
    case 'path':
      return parsePath(text);
    case 'url':
      return parseUrl(text);
    case 'port':
      return parseInteger(text, 1, 65535);
    case 'address':
      return parseAddressOf(text, spec.family);
    case 'community':
      return parseCommunity(text);
    case 'name':
      return parseName(text);
  }
}

/** OpenWrt's config_get_bool (package/base-files, lib/functions.sh). */
const TRUE = ['1', 'on', 'yes', 'true', 'enabled'];
const FALSE = ['0', 'off', 'no', 'false', 'disabled'];

function parseBoolean(text: string): boolean {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw new ValueError('boolean', text, "must be '0' or '1'");
}

function parseInteger(text: string, min: number, max: number): number {
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new ValueError('number', text, `must be a whole number from ${min} to ${max}`);
}

function parseChoice(text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw new ValueError('choice', text, `must be one of ${choices.join(', ')}`);
}

function parseInterface(text: string): string {
  // a leading '-' would be an option to the programs that get the name as an argument
  if (INTERFACE.test(text) && !/^(?:-.*|\.{1,2})$/.test(text)) return text;
  throw new ValueError(
    'interface',
    text,
    'must be the name of an interface: up to 31 of A-Z a-z 0-9 _ . @ : -',
  );
}

function parseClient(text: string): ClientMatch {
  const client = parseClientMatch(text);
  if (client !== undefined) return client;
  throw new ValueError(
    'client',
    text,
    "must be an address, a prefix, a MAC address or '@interface'",
  );
}

function parseSectionName(text: string): string {
  if (/^[A-Za-z0-9_]+$/.test(text) && text.length <= SECTION_NAME_MAX) return text;
  throw new ValueError(
    'section',
    text,
    'must be the name of a section: letters, digits and underscores',
  );
}

function parsePath(text: string): string {
  if (!text.startsWith('/')) throw new ValueError('path', text, "must begin with '/'");
  if (Buffer.byteLength(text) > PATH_MAX) {
    throw new ValueError('path', text, `is longer than ${PATH_MAX} bytes`);
  }
  if (/\p{Cc}/u.test(text)) throw new ValueError('path', text, 'has a control character');
  return text;
}

function parseUrl(text: string): string {
  if (text.length > URL_MAX)
    throw new ValueError('URL', text, `is longer than ${URL_MAX} characters`);
  // URL itself drops line breaks and takes blanks at either end
  if (!/^https?:\/\/[!-~]+$/i.test(text) || !URL.canParse(text)) {
    throw new ValueError('URL', text, "must be a URL that begins with 'https://' or 'http://'");
  }
  const { username, password } = new URL(text);
  if (username !== '' || password !== '')
    throw new ValueError('URL', text, 'must not hold a user name');
  return text;
}

function parseAddressOf(text: string, family: 4 | 6 | undefined): Uint8Array {
  const address = parseAddress(text);
  const given = text.includes(':') ? 6 : 4;
  if (address !== undefined && (family ?? given) === given) return address;
  const wanted = family === undefined ? 'IPv4 or IPv6' : `IPv${family}`;
  throw new ValueError('address', text, `must be an address of ${wanted}`);
}

function parseName(text: string): string {
  // it becomes a file name
  if (/^(?!-|\.{1,2}$)[A-Za-z0-9_.-]{1,64}$/.test(text)) return text;
  throw new ValueError('name', text, 'must be a name: up to 64 of A-Z a-z 0-9 _ . -');
}
