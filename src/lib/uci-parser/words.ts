/**
 * The words of a UCI file as libuci cuts them (file.c: uci_getln, next_arg, parse_str). It reads a line into a
 * buffer and cuts it up in place; `end` and `next` below stand for that buffer: what is left of a line lies
 * before `end`, and the file goes on at `next`.
 */
import { UciSyntaxError } from './package.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const SINGLE_QUOTE = 0x27;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
/** By character code: what is not simply a part of a word. */
const SPECIAL = Uint8Array.from({ length: 128 }, (_, code) =>
  isSpace(code) || '\'"\\#;'.includes(String.fromCharCode(code)) ? 1 : 0,
);
/** What stands behind the last character of a line. */
const NONE = 0;

/** A place in the text. */
export interface Reader {
  readonly text: string;
  pos: number;
  end: number;
  next: number;
  /** The line that begins at `lineStart` and has its line break at `lineBreak`. */
  line: number;
  lineStart: number;
  lineBreak: number;
}

/** At the start of the text, before the first line. */
export function readerOf(text: string): Reader {
  return {
    text,
    pos: 0,
    end: 0,
    next: 0,
    line: 1,
    lineStart: 0,
    lineBreak: lineBreakFrom(text, 0),
  };
}

/** The rest of the line at `next` becomes what is looked at (uci_getln). */
export function readLine(reader: Reader): void {
  reader.pos = reader.next;
  extendTo(reader, reader.next);
}

/** The line that holds the character at `offset` is the last one in the buffer. */
function extendTo(reader: Reader, offset: number): void {
  const newline = reader.text.indexOf('\n', offset);
  reader.end = reader.next = newline === -1 ? reader.text.length : newline + 1;
}

function current(reader: Reader): number {
  return reader.pos < reader.end ? reader.text.charCodeAt(reader.pos) : NONE;
}

/** C's isspace. */
function isSpace(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= RETURN);
}

export function skipSpace(reader: Reader): void {
  while (isSpace(current(reader))) reader.pos++;
}

/** At a command? Blanks before it are skipped; a line break is none, and so a command of its own. */
export function atCommand(reader: Reader): boolean {
  while (current(reader) === SPACE || current(reader) === TAB) reader.pos++;
  const code = current(reader);
  return code !== NONE && code !== HASH;
}

/** Up to the next blank, and over it. */
export function readCommand(reader: Reader): string {
  const start = reader.pos;
  while (reader.pos < reader.end) {
    const code = reader.text.charCodeAt(reader.pos);
    if (code === SPACE || code === TAB) break;
    reader.pos++;
  }
  return reader.text.slice(start, reader.pos++);
}

/** The next word, empty if there is none before the end, a ';' or a comment (next_arg). */
export function nextArgument(reader: Reader): string {
  skipSpace(reader);
  if (current(reader) === SEMICOLON) {
    reader.pos++;
    return '';
  }
  return readWord(reader);
}

/** Quoted and plain parts up to a blank (parse_str). */
function readWord(reader: Reader): string {
  let word = '';
  // libuci's copy of the word lies where its source does until something is left out
  let inPlace = true;
  for (;;) {
    word += readPlain(reader);
    const code = current(reader);
    switch (code) {
      case SINGLE_QUOTE:
        word += readSingleQuoted(reader);
        break;
      case DOUBLE_QUOTE:
        word += readDoubleQuoted(reader);
        break;
      case BACKSLASH:
        word += readEscape(reader);
        break;
      case HASH:
        reader.end = reader.pos;
        return word;
      case SEMICOLON:
        // the NUL behind the word is written over a ';' right behind it, and hides the rest of the line
        if (inPlace) reader.end = reader.pos;
        return word;
      default:
        if (code !== NONE) reader.pos++;
        return word;
    }
    inPlace = false;
  }
}

/** Up to a blank or a character that means something. */
function readPlain(reader: Reader): string {
  const { text, end } = reader;
  const start = reader.pos;
  let pos = start;
  while (pos < end) {
    const code = text.charCodeAt(pos);
    if (code < SPECIAL.length && SPECIAL[code] === 1) break;
    pos++;
  }
  reader.pos = pos;
  return pos === start ? '' : text.slice(start, pos);
}

function readSingleQuoted(reader: Reader): string {
  const start = reader.pos + 1;
  const close = reader.text.indexOf("'", start);
  if (close === -1) throw syntaxError(reader, reader.pos, "unterminated '");
  moveTo(reader, close + 1);
  return reader.text.slice(start, close);
}

/** A backslash stands for the next character; before a line break for nothing. */
function readDoubleQuoted(reader: Reader): string {
  const { text } = reader;
  const open = reader.pos;
  let quoted = '';
  let start = open + 1;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOUBLE_QUOTE) {
      moveTo(reader, i + 1);
      return quoted + text.slice(start, i);
    }
    if (code === BACKSLASH) {
      quoted += text.slice(start, i);
      start = i + 1 + lineBreakAt(text, i + 1);
      // the next character is taken as it is, but the one behind a line break is looked at
      i = start === i + 1 ? start : start - 1;
    }
  }
  throw syntaxError(reader, open, 'unterminated "');
}

function readEscape(reader: Reader): string {
  const { text } = reader;
  const escaped = reader.pos + 1;
  if (escaped >= text.length) {
    reader.pos = reader.end;
    return '';
  }
  const lineBreak = lineBreakAt(text, escaped);
  if (lineBreak === 0) {
    reader.pos = escaped + 1;
    return text.charAt(escaped);
  }
  readLine(reader);
  return '';
}

/** The length of the line break at this offset, or 0. */
function lineBreakAt(text: string, offset: number): number {
  const code = text.charCodeAt(offset);
  if (code === NEWLINE) return 1;
  return code === RETURN && text.charCodeAt(offset + 1) === NEWLINE ? 2 : 0;
}

/** Behind a quote that may have ended some lines further down. */
function moveTo(reader: Reader, pos: number): void {
  if (pos > reader.next) extendTo(reader, pos);
  reader.pos = pos;
}

/** Lines are counted once: offsets must not go back. */
export function lineOf(reader: Reader, offset: number): number {
  while (reader.lineBreak < offset) {
    reader.line++;
    reader.lineStart = reader.lineBreak + 1;
    reader.lineBreak = lineBreakFrom(reader.text, reader.lineStart);
  }
  return reader.line;
}

function lineBreakFrom(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline;
}

export function syntaxError(reader: Reader, offset: number, reason: string): UciSyntaxError {
  const line = lineOf(reader, offset);
  return new UciSyntaxError(line, offset - reader.lineStart + 1, reason);
}
