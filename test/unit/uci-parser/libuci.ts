/**
 * What libuci does, a row each. `exported` is what `uci -n export` of libuci (the library's state of December 2025,
 * file.c and list.c) writes below its `package` line for the file; undefined: it refuses the file. Files and
 * output are bytes, written as Latin-1.
 */
export interface Row {
  /** The behaviour, and the function of libuci that has it. */
  readonly origin: string;
  readonly file: string;
  readonly exported: string | undefined;
  /** Where and why we refuse it. */
  readonly error?: { readonly line: number; readonly column: number; readonly reason: RegExp };
}

const lines = (...parts: readonly string[]): string => `${parts.join('\n')}\n`;

/** A file with one option whose value is written in some way, and the value that is read. */
const value = (origin: string, written: string, read: string): Row => ({
  origin,
  file: `config s 'n'\n\toption o ${written}\n`,
  exported: lines('', "config s 'n'", `\toption o '${read}'`, ''),
});

/** A file that is refused. */
const refused = (
  origin: string,
  file: string,
  line: number,
  column: number,
  reason: RegExp,
): Row => ({ origin, file, exported: undefined, error: { line, column, reason } });

export const rows: readonly Row[] = [
  // words: parse_str, parse_single_quote, parse_double_quote, parse_backslash
  value('a plain word ends at a blank (parse_str)', 'a.b-c/d', 'a.b-c/d'),
  value('single quotes keep everything (parse_single_quote)', '\'a "b" \\c #;\'', 'a "b" \\c #;'),
  value('double quotes keep blanks (parse_double_quote)', '"a \'b\' # ;"', "a '\\''b'\\'' # ;"),
  value('parts side by side are one word (parse_str)', 'a\'b c\'"d e"f', 'ab cd ef'),
  value("a quote inside single quotes is '\\'' (uci_escape)", "'it'\\''s'", "it'\\''s"),
  value(
    'a backslash takes the next character as it is',
    'a\\ b\\#c\\\\d\\;\\\'\\"',
    "a b#c\\d;'\\''\"",
  ),
  value(
    'a backslash in double quotes, too; there is no \\n or \\t',
    '"a\\"b\\\\c\\nd"',
    'a"b\\cnd',
  ),
  value('a line break in single quotes is kept', "'a\nb'", 'a\nb'),
  value('a line break in double quotes is kept', '"a\n  b"', 'a\n  b'),
  value('a carriage return in quotes is kept', "'a\r\nb'", 'a\r\nb'),
  value('a backslash before a line break joins lines', 'a\\\nb', 'ab'),
  value('... before CR LF as well', 'a\\\r\nb', 'ab'),
  value('... and in double quotes', '"a\\\n\\\r\nb"', 'ab'),
  value('a word that goes on with a blank ends there', "a\\\n ''", 'a'),
  value('a # ends the line, also inside a word', 'a#b c', 'a'),
  value('... but not when escaped', 'a\\#b', 'a#b'),
  value('form feed and vertical tab are blanks', '\f\va\v', 'a'),
  value('bytes beyond ASCII are taken as they are, UTF-8 or not', '\xc3\xbc\xff', '\xc3\xbc\xff'),
  value('UTF-8', '\xd0\xbf', '\xd0\xbf'),
  value('no-break space is no blank', 'a\xc2\xa0b', 'a\xc2\xa0b'),
  refused('quotes must end: single', "config a\n\toption b 'c\n\n", 2, 11, /unterminated '/),
  refused('quotes must end: double', 'config a\n\toption b x"c\\"\n', 2, 12, /unterminated "/),
  refused('a backslash cannot save a quote from the end', 'config a "b\\', 1, 10, /unterminated "/),
  {
    origin: 'a backslash at the very end is nothing (parse_backslash)',
    file: 'config a b\\',
    exported: lines('', "config a 'b'", ''),
  },
  {
    origin: '... and before a last line break',
    file: 'config a b\\\n',
    exported: lines('', "config a 'b'", ''),
  },

  // lines: uci_parse_line, uci_getln
  { origin: 'an empty file is an empty package', file: '', exported: '\n' },
  { origin: 'blank lines and comments are nothing', file: '\n \t\r\n# x\n  #y\n#', exported: '\n' },
  {
    origin: 'CR LF line ends',
    file: "config a 'b'\r\n\toption c d\r\n\tlist e 'f'\r\n",
    exported: lines('', "config a 'b'", "\toption c 'd'", "\tlist e 'f'", ''),
  },
  {
    origin: 'no line break at the end of the file',
    file: 'config a b\noption c d',
    exported: lines('', "config a 'b'", "\toption c 'd'", ''),
  },
  {
    origin: 'commands have a short form of one letter',
    file: 'p x\nc a b\no c d\nl e f\n',
    exported: lines('', "config a 'b'", "\toption c 'd'", "\tlist e 'f'", ''),
  },
  refused('... but no other', 'conf a b\n', 1, 1, /invalid command/),
  refused('commands are lower-case', 'Config a b\n', 1, 1, /invalid command/),
  refused(
    'a command alone on its line is none: a line break is no blank',
    'config\n',
    1,
    1,
    /invalid command/,
  ),
  refused('a command may not be quoted', "'config' a\n", 1, 1, /invalid command/),
  refused(
    'a byte order mark is part of the first command',
    '\xef\xbb\xbfconfig a b\n',
    1,
    1,
    /byte order mark/,
  ),
  refused(
    'a command at the end of the file, alone',
    'config a b\n\toption',
    2,
    2,
    /option without/,
  ),
  refused(
    'a command and a blank at the end of the file',
    'config a b\n\tlist ',
    2,
    2,
    /list without/,
  ),
  {
    origin: 'a ; with a blank before it divides commands',
    file: 'config a b ;option c d ; list e f\n',
    exported: lines('', "config a 'b'", "\toption c 'd'", "\tlist e 'f'", ''),
  },
  {
    origin: '... and behind a quote without one',
    file: "config a 'b';option c 'd';list e f\n",
    exported: lines('', "config a 'b'", "\toption c 'd'", "\tlist e 'f'", ''),
  },
  {
    origin: 'a ; behind a plain word hides the rest of the line (its NUL is written over it)',
    file: 'config a b;option c d\n\toption e f;rubbish here\n',
    exported: lines('', "config a 'b'", "\toption e 'f'", ''),
  },
  refused(
    'a ; at the end of a line divides off the line break',
    "config a 'b' ;\n",
    1,
    15,
    /invalid command/,
  ),
  {
    origin: 'empty quotes end a command, and another may follow',
    file: "config a b '' option c d\n",
    exported: lines('', "config a 'b'", "\toption c 'd'", ''),
  },
  {
    origin: 'a line may be long',
    file: `config a b\n\toption c '${'x'.repeat(70_000)}'\n`,
    exported: lines('', "config a 'b'", `\toption c '${'x'.repeat(70_000)}'`, ''),
  },

  // sections: uci_parse_config, uci_alloc_section, uci_fixup_section
  {
    origin: 'an anonymous section is named by its number and a hash of its type',
    file: "config a\nconfig domainroute\nconfig b 'c'\nconfig rule\n",
    exported: lines(
      '',
      "config a 'cfg01b606'",
      '',
      "config domainroute 'cfg02722c'",
      '',
      "config b 'c'",
      '',
      "config rule 'cfg0492bd'",
      '',
    ),
  },
  {
    origin: 'an empty name is none',
    file: "config a ''\n",
    exported: lines('', "config a 'cfg01b606'", ''),
  },
  {
    origin: 'the number has more than two digits after 255',
    file: 'config a\n'.repeat(257),
    exported: lines(
      ...Array.from({ length: 257 }, (_, i) => [
        '',
        `config a 'cfg${(i + 1).toString(16).padStart(2, '0')}b606'`,
      ]).flat(),
      '',
    ),
  },
  {
    origin: 'two sections of one name are one, where the first was',
    file: "config a 'x'\n\toption k 1\n\tlist l 1\nconfig b 'y'\nconfig a 'x'\n\toption k 2\n\tlist l 2\n",
    exported: lines(
      '',
      "config a 'x'",
      "\toption k '2'",
      "\tlist l '1'",
      "\tlist l '2'",
      '',
      "config b 'y'",
      '',
    ),
  },
  {
    origin: 'an anonymous section can be named by the name it was given',
    file: "config a\n\toption k 1\nconfig a 'cfg01b606'\n\toption m 2\n",
    exported: lines('', "config a 'cfg01b606'", "\toption k '1'", "\toption m '2'", ''),
  },
  refused(
    '... but not with another type',
    "config a 'x'\nconfig b 'x'\n",
    2,
    1,
    /another type in line 1/,
  ),
  {
    origin: 'a type may have any printable character (uci_validate_type)',
    file: "config a-b.c/!~ 'x'\n",
    exported: lines('', "config a-b.c/!~ 'x'", ''),
  },
  refused('a type has no blank', "config 'a b' 'x'\n", 1, 1, /type of a section/),
  refused('a type has ASCII only', 'config \xc3\xbc x\n', 1, 1, /type of a section/),
  refused('a type is not empty', "config '' 'x'\n", 1, 1, /config without/),
  refused('a comment is no type', 'config # x\n', 1, 1, /config without/),
  refused('a name has no hyphen (uci_validate_name)', 'config a b-c\n', 1, 1, /name of a section/),
  refused('a name has no dot', 'config a b.c\n', 1, 1, /name of a section/),
  refused('a name has ASCII only', 'config a \xc3\xbc\n', 1, 1, /name of a section/),
  refused('config has two arguments at most', 'config a b c\n', 1, 12, /too many arguments/),
  {
    origin: '__proto__ and constructor are names like others',
    file: "config __proto__ 'constructor'\n\toption __proto__ 1\n\tlist toString 2\nconfig a '__proto__'\n",
    exported: lines(
      '',
      "config __proto__ 'constructor'",
      "\toption __proto__ '1'",
      "\tlist toString '2'",
      '',
      "config a '__proto__'",
      '',
    ),
  },

  // options: uci_parse_option, uci_set, uci_add_list
  refused('options need a section', '\n\toption a b\n', 2, 2, /before the first section/),
  refused('... and lists', 'package x\nlist a b\n', 2, 1, /before the first section/),
  {
    origin: 'the last option of a name wins, where the first was (uci_set)',
    file: 'config s n\noption a 1\noption b 2\noption a 333\n',
    exported: lines('', "config s 'n'", "\toption a '333'", "\toption b '2'", ''),
  },
  {
    origin: 'an option after a list replaces it',
    file: 'config s n\nlist a 1\nlist a 2\noption b 3\noption a 4\n',
    exported: lines('', "config s 'n'", "\toption a '4'", "\toption b '3'", ''),
  },
  {
    origin: 'a list after an option has it as its first item (uci_add_list)',
    file: 'config s n\noption a 1\noption b 2\nlist a 3\n',
    exported: lines('', "config s 'n'", "\tlist a '1'", "\tlist a '3'", "\toption b '2'", ''),
  },
  {
    origin: 'items of a list come together',
    file: 'config s n\nlist a 1\nlist b 2\nlist a 1\n',
    exported: lines('', "config s 'n'", "\tlist a '1'", "\tlist a '1'", "\tlist b '2'", ''),
  },
  {
    origin: 'an empty option is none, and deletes none',
    file: "config s n\noption a 1\noption a ''\noption b\noption c ''\n",
    exported: lines('', "config s 'n'", "\toption a '1'", ''),
  },
  {
    origin: 'an empty item is an item',
    file: "config s n\nlist a ''\nlist a\nlist a 1\n",
    exported: lines('', "config s 'n'", "\tlist a ''", "\tlist a ''", "\tlist a '1'", ''),
  },
  refused('an option has a name', "config s n\noption '' x\n", 2, 1, /option without/),
  refused(
    'the name of an option has no hyphen',
    'config s n\noption a-b x\n',
    2,
    1,
    /name of an option/,
  ),
  refused('an option has one value', 'config s n\n\toption a b c\n', 2, 13, /too many arguments/),

  // packages: uci_parse_package
  {
    origin: 'package is read and has no effect in a file of its own',
    file: 'package other-name\nconfig a b\n',
    exported: lines('', "config a 'b'", ''),
  },
  refused('package has a name', "package ''\n", 1, 1, /package without/),
  refused('... of letters, digits, _ and -', 'package a.b\n', 1, 1, /name of a package/),
];
