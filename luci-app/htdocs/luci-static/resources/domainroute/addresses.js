'use strict';
'require baseclass';

// Addresses as text: src/model/address.ts is the authority, and a test compares both.

const OCTET = new RegExp('^(0|[1-9][0-9]{0,2})$');
const HEXADECIMAL = new RegExp('^[0-9a-f:.]+$', 'i');
const GROUP = new RegExp('^[0-9a-f]{1,4}$', 'i');
/** ::ffff:a.b.c.d, as URL writes it. */
const MAPPED = new RegExp('^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$');

function isIPv4(text) {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => OCTET.test(part) && Number(part) <= 255);
}

/** RFC 4291 §2.2, without a zone. */
function isIPv6(text) {
  if (!HEXADECIMAL.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const parts = halves.map((half) => (half === '' ? [] : half.split(':')));
  const all = parts.flat();
  const dotted = all.length > 0 && all[all.length - 1].includes('.') ? all.pop() : null;
  if (dotted !== null && (!isIPv4(dotted) || (halves.length === 2 && parts[1].length === 0)))
    return false;
  if (!all.every((group) => GROUP.test(group))) return false;
  const length = all.length + (dotted === null ? 0 : 2);
  return halves.length === 2 ? length < 8 : length === 8;
}

/** The one way to write an address, IPv4 for what is mapped into IPv6; null: it is none. */
function canonical(text) {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return null;
  const written = new URL('http://[%s]/'.format(text)).hostname.slice(1, -1);
  const groups = MAPPED.exec(written);
  if (groups === null) return written;
  const octets = groups.slice(1).flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  return octets.join('.');
}

return baseclass.extend({
  isIPv4,
  isIPv6,
  canonical,

  /** 4 or 6, of an address. */
  familyOf(text) {
    return canonical(text).includes(':') ? 6 : 4;
  },

  /** Is it the address of one host, and can it be used without naming an interface? */
  isHost(text) {
    const address = canonical(text);
    if (!address.includes(':')) {
      const [first, second] = address.split('.').map(Number);
      return first !== 0 && first < 224 && !(first === 169 && second === 254);
    }
    const first = parseInt(address, 16) || 0;
    return address !== '::' && first >> 8 !== 0xff && (first & 0xffc0) !== 0xfe80;
  },
});
