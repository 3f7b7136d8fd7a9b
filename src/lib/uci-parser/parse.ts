/** libuci's reader (file.c: uci_import with `single`, in strict mode), with what it does to odd files. */
import { isUtf8 } from 'node:buffer';
import { anonymousName, isUciName, isUciType, type UciPackage, type UciValue } from './package.ts';
import {
  atCommand,
  lineOf,
  nextArgument,
  readCommand,
  readerOf,
  readLine,
  skipSpace,
  syntaxError,
  type Reader,
} from './words.ts';

interface OpenSection {
  readonly type: string;
  readonly name: string;
  readonly anonymous: boolean;
  /** Its lists are arrays of our own, which grow while we read. */
  readonly options: Map<string, UciValue>;
  readonly line: number;
}

interface Parser extends Reader {
  readonly sections: OpenSection[];
  readonly byName: Map<string, OpenSection>;
  /** The one that options belong to. */
  section: OpenSection | undefined;
}

/** The file's content. Throws UciSyntaxError; time and memory are linear in its length. */
export function parseUci(source: string | Uint8Array): UciPackage {
  const encoding = typeof source === 'string' || isUtf8(source) ? 'utf8' : 'latin1';
  const text = typeof source === 'string' ? source : decode(source, encoding);
  const parser: Parser = {
    ...readerOf(text),
    sections: [],
    byName: new Map(),
    section: undefined,
  };
  const nul = text.indexOf('\0');
  if (nul !== -1) throw syntaxError(parser, nul, 'NUL byte');
  if (text.startsWith('\ufeff')) {
    throw syntaxError(parser, 0, 'byte order mark before the first line');
  }
  while (parser.next < text.length) {
    readLine(parser);
    parseLine(parser);
  }
  return { sections: parser.sections, count: parser.sections.length, encoding };
}

function decode(bytes: Uint8Array, encoding: UciPackage['encoding']): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}

/** One or more commands, divided by ';' (uci_parse_line). */
function parseLine(parser: Parser): void {
  skipSpace(parser);
  while (atCommand(parser)) {
    const start = parser.pos;
    switch (readCommand(parser)) {
      case 'package':
      case 'p':
        parsePackage(parser, start);
        break;
      case 'config':
      case 'c':
        parseConfig(parser, start);
        break;
      case 'option':
      case 'o':
        parseOption(parser, start, false);
        break;
      case 'list':
      case 'l':
        parseOption(parser, start, true);
        break;
      default:
        throw syntaxError(
          parser,
          start,
          'invalid command, must be config, option, list or package',
        );
    }
  }
}

/** The name is checked, and then ignored: a file is the package that its own name says. */
function parsePackage(parser: Parser, start: number): void {
  const name = requiredArgument(parser, start, 'package');
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw syntaxError(parser, start, 'invalid character in the name of a package');
  }
  expectEnd(parser);
}

function parseConfig(parser: Parser, start: number): void {
  const type = requiredArgument(parser, start, 'config');
  if (!isUciType(type))
    throw syntaxError(parser, start, 'invalid character in the type of a section');
  const name = nextArgument(parser);
  if (name !== '' && !isUciName(name)) {
    throw syntaxError(parser, start, 'invalid character in the name of a section');
  }
  expectEnd(parser);
  const known = parser.byName.get(name);
  if (known !== undefined && known.type !== type) {
    throw syntaxError(
      parser,
      start,
      `section with the name of one of another type in line ${known.line}`,
    );
  }
  parser.section = known ?? openSection(parser, type, name, start);
}

function openSection(parser: Parser, type: string, name: string, start: number): OpenSection {
  const anonymous = name === '';
  const section: OpenSection = {
    type,
    name: anonymous ? anonymousName(parser.sections.length + 1, type) : name,
    anonymous,
    options: new Map(),
    line: lineOf(parser, start),
  };
  parser.sections.push(section);
  if (!parser.byName.has(section.name)) parser.byName.set(section.name, section);
  return section;
}

function parseOption(parser: Parser, start: number, list: boolean): void {
  if (parser.section === undefined) {
    throw syntaxError(parser, start, 'option or list before the first section');
  }
  const name = requiredArgument(parser, start, list ? 'list' : 'option');
  if (!isUciName(name))
    throw syntaxError(parser, start, 'invalid character in the name of an option');
  const value = nextArgument(parser);
  expectEnd(parser);
  const { options } = parser.section;
  if (!list) {
    // an empty option is as if it were not there, and does not delete one before it
    if (value !== '') options.set(name, value);
    return;
  }
  const known = options.get(name);
  if (known === undefined) options.set(name, [value]);
  else if (typeof known === 'string') options.set(name, [known, value]);
  else (known as string[]).push(value);
}

function requiredArgument(parser: Parser, start: number, command: string): string {
  // the command was the last word of a file without a final newline
  const argument = parser.pos > parser.end ? '' : nextArgument(parser);
  if (argument === '') throw syntaxError(parser, start, `${command} without its first argument`);
  return argument;
}

function expectEnd(parser: Parser): void {
  skipSpace(parser);
  const start = parser.pos;
  if (nextArgument(parser) !== '') throw syntaxError(parser, start, 'too many arguments');
}
