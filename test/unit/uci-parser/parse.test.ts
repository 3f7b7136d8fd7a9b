import assert from 'node:assert/strict';
import { formatUci, parseUci, UciSyntaxError, type UciPackage } from '#uci-parser';
import { rows } from './libuci.ts';

const bytes = (latin1: string): Uint8Array => Uint8Array.from(Buffer.from(latin1, 'latin1'));

/** As `uci -n export`: anonymous sections with their names, as bytes. */
function exported(uci: UciPackage): string {
  const sections = uci.sections.map((section) => ({ ...section, anonymous: false }));
  return Buffer.from(formatUci({ ...uci, sections }), uci.encoding).toString('latin1');
}

describe('UCI files are read as libuci reads them', () => {
  for (const row of rows) {
    it(row.origin, () => {
      if (row.exported !== undefined) {
        assert.equal(exported(parseUci(bytes(row.file))), row.exported);
        return;
      }
      assert.throws(
        () => parseUci(bytes(row.file)),
        (error) => {
          assert.ok(error instanceof UciSyntaxError, String(error));
          const { line, column, reason } = error;
          assert.deepEqual({ line, column }, { line: row.error?.line, column: row.error?.column });
          assert.match(reason, row.error?.reason ?? /^$/);
          assert.ok(!error.message.includes('\n'));
          return true;
        },
      );
    });
  }

  it('a file that was written is read the same, and written the same', () => {
    for (const row of rows) {
      if (row.exported === undefined) continue;
      const once = parseUci(bytes(row.file));
      const text = Buffer.from(formatUci(once), once.encoding);
      const twice = parseUci(text);
      assert.deepEqual(exported(twice), row.exported, row.origin);
      assert.deepEqual(Buffer.from(formatUci(twice), twice.encoding), text, row.origin);
    }
  });
});

describe('UCI files in memory', () => {
  it('sections have type, name, line and options in the order of the file', () => {
    const { sections, count, encoding } = parseUci(
      "# comment\n\nconfig rule\n\toption b '1\n2'\n\tlist a x\n\nconfig rule 'r'\n",
    );
    assert.equal(count, 2);
    assert.equal(encoding, 'utf8');
    assert.deepEqual(
      sections.map(({ type, name, anonymous, line }) => ({ type, name, anonymous, line })),
      [
        { type: 'rule', name: 'cfg0192bd', anonymous: true, line: 3 },
        { type: 'rule', name: 'r', anonymous: false, line: 8 },
      ],
    );
    assert.deepEqual(
      [...(sections[0]?.options ?? [])],
      [
        ['b', '1\n2'],
        ['a', ['x']],
      ],
    );
  });

  it('text and bytes are the same', () => {
    const text = "config a 'b'\n\toption c 'пример'\n";
    assert.deepEqual(parseUci(text), parseUci(Buffer.from(text)));
    // a view into a larger buffer
    assert.deepEqual(parseUci(Buffer.from(`xx${text}yy`).subarray(2, -2)), parseUci(text));
  });

  it('a file that is not UTF-8 keeps its bytes', () => {
    const file = bytes("\nconfig a 'b'\n\toption c '\xff\xc3\xbc'\n\n");
    const uci = parseUci(file);
    assert.equal(uci.encoding, 'latin1');
    assert.deepEqual(Uint8Array.from(Buffer.from(formatUci(uci), uci.encoding)), file);
  });

  it('a NUL byte is refused, where libuci would join two lines', () => {
    assert.throws(() => parseUci("config a 'b'\n\toption c 'd\0e'\n"), {
      name: 'UciSyntaxError',
      line: 2,
      column: 13,
      reason: 'NUL byte',
      message: 'Cannot parse UCI at line 2, column 13: NUL byte',
    });
  });

  it('a byte order mark is refused in text, too', () => {
    assert.throws(() => parseUci('\ufeffconfig a b\n'), {
      line: 1,
      column: 1,
      reason: /byte order mark/,
    });
  });

  it('comments are lost when the file is written', () => {
    assert.equal(formatUci(parseUci("# one\nconfig a 'b' # two\n# three\n")), "\nconfig a 'b'\n\n");
  });

  it('a prototype is not reached by any name', () => {
    parseUci("config a '__proto__'\n\toption __proto__ 'x'\n\toption polluted 'x'\n");
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});

describe('UCI files take time that is linear in their length', () => {
  const hostile: readonly [what: string, file: string][] = [
    [
      'a million list items',
      `config a b\n${"\tlist domain 'host.example.com'\n".repeat(1_000_000)}`,
    ],
    ['a megabyte of quotes', `config a b\n\toption c ${"''".repeat(500_000)}\n`],
    ['a megabyte of escapes', `config a b\n\toption c ${'\\x'.repeat(500_000)}\n`],
    ['a megabyte of escapes in quotes', `config a b\n\toption c "${'\\x'.repeat(500_000)}"\n`],
    ['a megabyte of joined lines', `config a b\n\toption c x${'\\\n'.repeat(500_000)}\n`],
    ['a megabyte of line breaks in quotes', `config a b\n\toption c ${"'\n'".repeat(300_000)}\n`],
    ['a hundred thousand sections', "config a\nconfig a 'x'\n".repeat(50_000)],
    ['a megabyte of commands on one line', `config a b ${';option c d '.repeat(90_000)}\n`],
    [
      'a megabyte of sections on one line',
      Array.from({ length: 70_000 }, (_, i) => `config a n${i} ;`).join('') + '#\n',
    ],
    ['a megabyte of blanks', `config a b${' '.repeat(1_000_000)}\n`],
  ];
  for (const [what, file] of hostile) {
    // the goal is 1.5 s for the first, on an idle machine; quadratic time would be hours
    it(what, function () {
      this.timeout(15_000);
      assert.ok(parseUci(file).sections.length > 0);
    });
  }
});
