import assert from 'node:assert/strict';
import {
  addList,
  addSection,
  deleteFromList,
  deleteOption,
  deleteSection,
  emptyPackage,
  findSection,
  formatUci,
  parseUci,
  renameOption,
  renameSection,
  reorderSection,
  setOption,
  setSection,
  UciEditError,
  type UciPackage,
} from '#uci-parser';

const x = "\nconfig a 'x'\n\toption k 'v'\n";
const b = '\nconfig b\n';
const a = "\nconfig a\n\tlist l '1'\n\tlist l '2'\n\tlist l '1'\n";
const y = "\nconfig c 'y'\n";

/** What `uci commit` leaves of the file above after these commands of the `uci` program. */
const rows: readonly [command: string, edit: (uci: UciPackage) => UciPackage, file: string][] = [
  [
    'set t.x.k=w',
    (uci) => setOption(uci, 'x', 'k', 'w'),
    "\nconfig a 'x'\n\toption k 'w'\n" + b + a + y,
  ],
  ['set t.x.k=', (uci) => setOption(uci, 'x', 'k', ''), "\nconfig a 'x'\n" + b + a + y],
  ['set t.x.none=', (uci) => setOption(uci, 'x', 'none', ''), x + b + a + y],
  [
    "set t.x.l=a'b",
    (uci) => setOption(uci, 'x', 'l', "a'b"),
    `${x}\toption l 'a'\\''b'\n` + b + a + y,
  ],
  ['set t.@[2].m=1', (uci) => setOption(uci, '@[2]', 'm', '1'), `${x + b + a}\toption m '1'\n${y}`],
  [
    'add_list t.x.k=w',
    (uci) => addList(uci, 'x', 'k', 'w'),
    "\nconfig a 'x'\n\tlist k 'v'\n\tlist k 'w'\n" + b + a + y,
  ],
  ['add_list t.x.q=', (uci) => addList(uci, 'x', 'q', ''), `${x}\tlist q ''\n` + b + a + y],
  [
    'del_list t.@a[1].l=1',
    (uci) => deleteFromList(uci, '@a[1]', 'l', '1'),
    `${x + b}\nconfig a\n\tlist l '2'\n${y}`,
  ],
  ['del_list t.x.k=v', (uci) => deleteFromList(uci, 'x', 'k', 'v'), x + b + a + y],
  ['delete t.x.k', (uci) => deleteOption(uci, 'x', 'k'), "\nconfig a 'x'\n" + b + a + y],
  ['delete t.@a[-1]', (uci) => deleteSection(uci, '@a[-1]'), x + b + y],
  [
    'delete t.x; add t zz',
    (uci) => addSection(deleteSection(uci, 'x'), 'zz').package,
    `${b + a + y}\nconfig zz\n`,
  ],
  [
    'rename t.@b[0]=nn',
    (uci) => renameSection(uci, '@b[0]', 'nn'),
    `${x}\nconfig b 'nn'\n${a}${y}`,
  ],
  [
    'rename t.x.k=q',
    (uci) => renameOption(uci, 'x', 'k', 'q'),
    "\nconfig a 'x'\n\toption q 'v'\n" + b + a + y,
  ],
  ['reorder t.y=0', (uci) => reorderSection(uci, 'y', 0), y + x + b + a],
  ['reorder t.x=2', (uci) => reorderSection(uci, 'x', 2), b + a + x + y],
  ['reorder t.x=99', (uci) => reorderSection(uci, 'x', 99), b + a + y + x],
  ['set t.y=ddd', (uci) => setSection(uci, 'y', 'ddd'), `${x + b + a}\nconfig ddd 'y'\n`],
  ['set t.new=ddd', (uci) => setSection(uci, 'new', 'ddd'), `${x + b + a + y}\nconfig ddd 'new'\n`],
];

describe('edits of a UCI package', () => {
  const before = parseUci(x + b + a + y);

  for (const [command, edit, file] of rows) {
    it(`uci ${command}`, () => {
      assert.equal(formatUci(edit(before)), `${file}\n`);
      assert.equal(formatUci(before), `${x + b + a + y}\n`, 'the package before is as it was');
    });
  }

  it('an added section is named as libuci names it, by all sections there were', () => {
    // `uci delete t.x; uci add t zz` says cfg057a79
    const { package: after, section } = addSection(deleteSection(before, 'x'), 'zz');
    assert.equal(section.name, 'cfg057a79');
    assert.equal(findSection(after, 'cfg057a79'), section);
    assert.equal(addSection(after, 'zz').section.name, 'cfg067a79');
  });

  it('a list that lost its last item keeps its place, and is not written', () => {
    const emptied = deleteFromList(deleteFromList(before, '@a[1]', 'l', '1'), '@a[1]', 'l', '2');
    assert.deepEqual(findSection(emptied, '@a[1]')?.options.get('l'), []);
    assert.equal(formatUci(emptied), `${x + b}\nconfig a\n${y}\n`);
  });

  it('a file can be made from nothing', () => {
    const made = addList(
      setSection(emptyPackage(), 'r', 'rule'),
      'r',
      'domain',
      'a.example',
      'b.example',
    );
    assert.equal(
      formatUci(made),
      "\nconfig rule 'r'\n\tlist domain 'a.example'\n\tlist domain 'b.example'\n\n",
    );
  });

  it('sections are found by name and by index', () => {
    const at = (reference: string): number => {
      const found = findSection(before, reference);
      return found === undefined ? -1 : before.sections.indexOf(found);
    };
    assert.deepEqual(
      ['x', '@a[0]', '@a[1]', '@a[-1]', '@a[-2]', '@[3]', '@[-4]'].map(at),
      [0, 0, 2, 2, 0, 3, 0],
    );
    assert.deepEqual(
      ['z', '@a[2]', '@a[-3]', '@z[0]', '@a', '@a[x]', '@a[0]x', ''].map(at),
      Array(8).fill(-1),
    );
  });

  const refused: readonly [what: string, edit: () => unknown, message: RegExp][] = [
    [
      'a section that is not there',
      () => setOption(before, 'z', 'k', 'v'),
      /^Cannot find section 'z': there is no such section$/,
    ],
    ['an option that is not there', () => deleteOption(before, 'x', 'z'), /there is none/],
    [
      'a name with a hyphen',
      () => setSection(before, 'a-b', 'rule'),
      /letters, digits and underscores/,
    ],
    [
      'a name with a line break',
      () => renameSection(before, 'x', 'a\n'),
      /letters, digits and underscores/,
    ],
    [
      'an option name with a quote',
      () => setOption(before, 'x', "a'", 'v'),
      /letters, digits and underscores/,
    ],
    ['a type with a quote', () => addSection(before, "a'b"), /invalid character in the type/],
    ['a type with a blank', () => setSection(before, 'x', 'a b'), /invalid character in the type/],
    ['a value with NUL', () => setOption(before, 'x', 'k', 'a\0b'), /control character/],
    [
      'an escape sequence in a list',
      () => addList(before, 'x', 'k', 'ok', '\x1b[2J'),
      /control character/,
    ],
    [
      'the name of another section',
      () => renameSection(before, 'x', 'y'),
      /there is a section of that name/,
    ],
    [
      'the name of another option',
      () => renameOption(setOption(before, 'x', 'm', '1'), 'x', 'k', 'm'),
      /there is an option/,
    ],
    [
      'Cyrillic in a Latin-1 file',
      () =>
        setOption(
          parseUci(Uint8Array.of(...Buffer.from("config a 'x'\n# \xff\n", 'latin1'))),
          'x',
          'k',
          'ж',
        ),
      /not in UTF-8/,
    ],
  ];
  for (const [what, edit, message] of refused) {
    it(`${what} is refused`, () => {
      assert.throws(edit, (error) => error instanceof UciEditError && message.test(error.message));
    });
  }

  it('values with quotes, line breaks and shell words come back as they were', () => {
    for (const value of [
      "'",
      "''",
      'a\nb',
      '$(reboot)',
      '`id`',
      '"',
      '\\',
      '#',
      ';',
      ' a ',
      'ü',
      '\t',
    ]) {
      const text = formatUci(addList(setOption(before, 'x', 'k', value), 'x', 'l', value));
      const options = findSection(parseUci(text), 'x')?.options;
      assert.equal(options?.get('k'), value);
      assert.deepEqual(options.get('l'), [value]);
    }
  });
});
