'use strict';
'require baseclass';
'require domainroute.addresses as addresses';

// What the daemon takes as a value, by the type of the option table: src/config/value.ts is the authority, and a
// test compares both. Patterns are strings: the jsmin of LuCI's build does not understand every regex literal.

const INTERFACE = new RegExp('^[A-Za-z0-9_.@:-]{1,31}$');
const CLIENT_INTERFACE = new RegExp('^@[A-Za-z0-9_.-]{1,31}$');
const MAC = new RegExp('^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$', 'i');
const SECTION = new RegExp('^[A-Za-z0-9_]{1,63}$');
const WHOLE = new RegExp('^(0|[1-9][0-9]{0,15})$');
const UNSIGNED = new RegExp('^(0x[0-9a-f]{1,8}|0|[1-9][0-9]{0,9})$', 'i');
const NAME_CHARACTER = new RegExp('[A-Za-z0-9_-]');
const DOTS = new RegExp('[\\u3002\\uff0e\\uff61]', 'g');
const CONTROL = new RegExp('\\p{Cc}', 'u');
const URL_CHARACTERS = new RegExp('^https?://[!-~]+$', 'i');
const BITS = new RegExp('^[0-9]{1,3}$');
const NAME = new RegExp('^[A-Za-z0-9_.-]{1,64}$');

/** As src/model/community.ts. */
const COMMUNITIES = [
  'graceful_shutdown',
  'no_llgr',
  'blackhole',
  'no_export',
  'no_advertise',
  'no_export_subconfed',
  'no_peer',
];

const BOOLEANS = {
  1: ['1', 'on', 'yes', 'true', 'enabled'],
  0: ['0', 'off', 'no', 'false', 'disabled'],
};

/** RFC 1035 §2.3.4, as text without a trailing dot. */
const NAME_MAX = 253;
const LABEL_MAX = 63;

/** What UCI takes for a boolean as '1' or '0'; anything else as it is. */
function canonicalBoolean(text) {
  if (BOOLEANS[1].includes(text)) return '1';
  return BOOLEANS[0].includes(text) ? '0' : text;
}

function isAscii(text) {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function isPrefix(text) {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const isFour = addresses.isIPv4(address);
  if (!isFour && !addresses.isIPv6(address)) return false;
  if (slash === -1) return true;
  const bits = text.slice(slash + 1);
  return BITS.test(bits) && Number(bits) <= (isFour ? 32 : 128);
}

/** The label as punycode, or null: the browser's URL has the tables for that. */
function toAsciiLabel(label) {
  for (const character of label) {
    if (isAscii(character) && !NAME_CHARACTER.test(character)) return null;
  }
  try {
    const labels = new URL('http://%s.x/'.format(label)).hostname.split('.');
    return labels.length === 2 && labels[0] !== '' && labels[1] === 'x' ? labels[0] : null;
  } catch {
    return null;
  }
}

function unsigned(text) {
  const value = UNSIGNED.test(text) ? Number(text) : NaN;
  return value <= 0xffffffff ? value : null;
}

function checkName(text) {
  if (text === '.') return null;
  if (text === '') return _('is empty');
  if (text.length > 4 * NAME_MAX) return _('is longer than %d characters').format(NAME_MAX);
  const labels = (isAscii(text) ? text : text.replace(DOTS, '.'))
    .split('.')
    .map((label) => (isAscii(label) ? label : toAsciiLabel(label)));
  if (labels.includes(null))
    return _('has characters that no internationalized domain name may have');
  if (labels.length > 1 && labels[labels.length - 1] === '') labels.pop();
  const name = labels.join('.');
  if (addresses.isIPv4(name)) return _('is an address, not a name');
  if (name.length > NAME_MAX) return _('is longer than %d characters').format(NAME_MAX);
  for (const label of labels) {
    for (const character of label) {
      if (!NAME_CHARACTER.test(character)) return _("has the character '%s'").format(character);
    }
    if (label === '') return _('has an empty label');
    if (label.length > LABEL_MAX)
      return _('has a label longer than %d characters').format(LABEL_MAX);
  }
  return null;
}

function checkUrl(text) {
  const hint = _("must be a URL that begins with 'https://' or 'http://'");
  if (text.length > 2048) return _('is longer than %d characters').format(2048);
  if (!URL_CHARACTERS.test(text)) return hint;
  try {
    const { username, password } = new URL(text);
    return username === '' && password === '' ? null : _('must not hold a user name');
  } catch {
    return hint;
  }
}

function checkInteger(text, min, max) {
  const value = WHOLE.test(text) ? Number(text) : NaN;
  return value >= min && value <= max
    ? null
    : _('must be a whole number from %d to %d').format(min, max);
}

/** By type: null, or what is wrong with the text. */
const CHECKS = {
  boolean: (spec, text) =>
    BOOLEANS[1].concat(BOOLEANS[0]).includes(text) ? null : _("must be '0' or '1'"),

  integer: ({ min, max }, text) => checkInteger(text, min, max),

  port: (spec, text) => checkInteger(text, 1, 65535),

  enum: ({ choices }, text) =>
    choices.includes(text) ? null : _('must be one of %s').format(choices.join(', ')),

  interface: (spec, text) =>
    INTERFACE.test(text) && text[0] !== '-' && text !== '.' && text !== '..'
      ? null
      : _('must be the name of an interface: up to 31 of A-Z a-z 0-9 _ . @ : -'),

  mask: (spec, text) => {
    const mask = unsigned(text);
    if (mask === null) return _('must be a number such as 0x3f000000');
    if (mask === 0) return _('has no bits');
    const ones = mask >>> (31 - Math.clz32(mask & -mask));
    return (ones & (ones + 1)) === 0 ? null : _('has bits that do not lie side by side');
  },

  mark: (spec, text) => {
    const slash = text.indexOf('/');
    const value = unsigned(slash === -1 ? text : text.slice(0, slash));
    const mask = slash === -1 ? 0xffffffff : unsigned(text.slice(slash + 1));
    if (value === null || mask === null)
      return _('must be numbers of 32 bits such as 35, 0x23 or 0x23/0xff');
    if (mask === 0) return _('mask has no bits');
    return (value & ~mask) === 0 ? null : _('value has bits outside the mask');
  },

  domain: (spec, text) => {
    const exact = text[0] === '=';
    const name = exact ? text.slice(1) : text;
    if (exact && name === '.')
      return _("the root alone is no destination: '.' is the default rule");
    if (!exact && name !== '.' && (name.startsWith('*.') || name[0] === '.'))
      return _('needs no leading dot or star: a name stands for all below it, too');
    return checkName(name);
  },

  client: (spec, text) => {
    const matches =
      text[0] === '@'
        ? CLIENT_INTERFACE.test(text) && text !== '@.' && text !== '@..'
        : MAC.test(text) || isPrefix(text);
    return matches ? null : _("must be an address, a prefix, a MAC address or '@interface'");
  },

  list: (spec, text) =>
    SECTION.test(text) ? null : _('must be the name of a section: letters, digits and underscores'),

  path: (spec, text) => {
    if (text[0] !== '/') return _("must begin with '/'");
    if (new TextEncoder().encode(text).length > 255)
      return _('is longer than %d bytes').format(255);
    return CONTROL.test(text) ? _('has a control character') : null;
  },

  url: (spec, text) => checkUrl(text),

  address: ({ family }, text) => {
    const isGiven =
      family === 4
        ? addresses.isIPv4(text)
        : addresses.isIPv6(text) || (family !== 6 && addresses.isIPv4(text));
    if (isGiven) return null;
    return _('must be an address of %s').format(
      family === undefined ? 'IPv4, IPv6' : 'IPv%d'.format(family),
    );
  },

  community: (spec, text) => {
    if (COMMUNITIES.includes(text)) return null;
    const parts = text.split(':');
    const most = { 2: 0xffff, 3: 0xffffffff }[parts.length] ?? -1;
    return parts.every((part) => WHOLE.test(part) && Number(part) <= most)
      ? null
      : _('must be like 65000:100, 65000:1:2 or no_export');
  },

  name: (spec, text) =>
    NAME.test(text) && text[0] !== '-' && text !== '.' && text !== '..'
      ? null
      : _('must be a name: up to 64 of A-Z a-z 0-9 _ . -'),
};

return baseclass.extend({
  /** Null, or what is wrong with `text` as a value of this row of the table: a part of a sentence. */
  check(spec, text) {
    return CHECKS[spec.type](spec, text);
  },

  canonicalBoolean,

  /** Is a boolean of UCI on? `preset`: what it is where it is not set. */
  isOn(given, preset) {
    return canonicalBoolean(given || preset) === '1';
  },

  isAddress(text) {
    return addresses.canonical(text) !== null;
  },
});
