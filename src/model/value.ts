/** A value that a user wrote, and what is wrong with it. */
import { DomainrouteError } from '../base/errors.ts';

/**
 * A text that is not what it should be. The message stands alone ("Cannot read mark '0x1ff/0xff': value has
 * bits outside the mask"); `reason` is its end, for callers that name the place themselves.
 */
export class ValueError extends DomainrouteError {
  readonly reason: string;

  constructor(what: string, text: string, reason: string) {
    super('usage', `Cannot read ${what} '${printable(text)}': ${reason}`);
    this.name = 'ValueError';
    this.reason = reason;
  }
}

/**
 * `text` for a terminal or a log (Z6): one line of printable characters, others as \xNN or \u{NNNN}, cut at
 * `limit` characters. A backslash is doubled, so that nothing can pass for an escape.
 */
export function printable(text: string, limit = 80): string {
  let line = '';
  let count = 0;
  for (const character of text) {
    if (count++ === limit) return `${line}…`;
    line += UNPRINTABLE.test(character) ? escapeCharacter(character) : character;
  }
  return line;
}

/** Backslash, controls (C0, C1), invisible and direction marks, line separators, lone surrogates. */
const UNPRINTABLE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
