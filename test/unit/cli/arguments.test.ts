import assert from 'node:assert/strict';
import { parseArguments } from '../../../src/cli/arguments.ts';
import type { Command } from '../../../src/cli/command.ts';
import { commands } from '../../../src/cli/commands/index.ts';

const COMMANDS: readonly Command[] = [
  { name: 'start', summary: '', operands: [0, 0], run: () => Promise.resolve(0) },
  {
    name: 'show',
    aliases: ['display'],
    summary: '',
    operands: [0, 1],
    run: () => Promise.resolve(0),
  },
  {
    name: 'rule add',
    summary: '',
    operands: [0, 1],
    options: [
      { name: 'domain', value: 'NAME', multiple: true, summary: '' },
      { name: 'mark', value: 'MARK', summary: '' },
      { name: 'force', summary: '' },
    ],
    run: () => Promise.resolve(0),
  },
  { name: 'rule list', summary: '', operands: [0, 0], run: () => Promise.resolve(0) },
];

function parse(line: string) {
  const { command, prefix, operands, options } = parseArguments(
    line.split(' ').filter((word) => word !== ''),
    COMMANDS,
  );
  return { name: command?.name, prefix, operands, options: Object.fromEntries(options) };
}

function complaint(line: string): string {
  try {
    parse(line);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('the command line', () => {
  it('takes global options before and behind the verb', () => {
    const expected = { config: ['/tmp/c'], json: [''] };
    assert.deepEqual(parse('--config /tmp/c --json start').options, expected);
    assert.deepEqual(parse('start --config=/tmp/c --json').options, expected);
    assert.deepEqual(parse('--json start --config /tmp/c').options, expected);
  });

  it('finds a command of two words, whatever is between them', () => {
    const { name, operands, options } = parse('rule --json add video --domain a.b --domain c.d');
    assert.equal(name, 'rule add');
    assert.deepEqual(operands, ['video']);
    assert.deepEqual(options, { json: [''], domain: ['a.b', 'c.d'] });
  });

  it('does not take the value of an option for the verb', () => {
    assert.equal(parse('--config start show').name, 'show');
  });

  it('knows aliases', () => {
    assert.equal(parse('display x').name, 'show');
  });

  it('takes what is behind -- for operands', () => {
    assert.deepEqual(parse('show -- --json').operands, ['--json']);
  });

  it('takes values that begin with a dash, unless they are options', () => {
    assert.deepEqual(parse('rule add --domain -x').options, { domain: ['-x'] });
    assert.equal(
      complaint('rule add --domain --mark 1'),
      "Cannot read option '--domain': its NAME is missing",
    );
  });

  it('says what is missing when there is no command, or half of one', () => {
    assert.deepEqual([parse('').name, parse('').prefix], [undefined, '']);
    assert.deepEqual([parse('rule --help').name, parse('rule --help').prefix], [undefined, 'rule']);
  });

  const complaints: readonly (readonly [string, string])[] = [
    ['strat', "Cannot run 'strat': no such command (did you mean 'start'?)"],
    ['xyzzy', "Cannot run 'xyzzy': no such command (see domainroute --help)"],
    ['rule lst', "Cannot run 'rule lst': no such command (did you mean 'rule list'?)"],
    ['--jsno start', "Cannot read option '--jsno': not known (did you mean '--json'?)"],
    ['start --confg=x', "Cannot read option '--confg': not known (did you mean '--config'?)"],
    ['start -x', "Cannot read option '-x': not known (see domainroute --help)"],
    ['start --pin', "Cannot read option '--pin': its DIR is missing"],
    ['start --json=1', "Cannot read option '--json': takes no value"],
    ['rule add --mark 1 --mark 2', "Cannot read option '--mark': given twice"],
    ['start now', "Cannot run 'start': 'now' is one word too many (see domainroute start --help)"],
  ];
  for (const [line, message] of complaints) {
    it(`refuses '${line}' in one line`, () => assert.equal(complaint(line), message));
  }

  it('has no two commands of one name, nor options beside the global ones of the same name', () => {
    const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    assert.equal(new Set(names).size, names.length);
    for (const { options = [], name } of commands) {
      assert.doesNotThrow(() => parseArguments([...name.split(' '), '--help'], commands), name);
      assert.equal(new Set(options.map((option) => option.name)).size, options.length);
    }
  });
});
