/** Every option that there is, with values as attackers write them: none is taken, and each is named (A4). */
import assert from 'node:assert/strict';
import { parseUci } from '#uci-parser';
import { formatDiagnostic } from '../../../src/config/diagnostic.ts';
import { SECTIONS } from '../../../src/config/options.ts';
import { parseConfiguration } from '../../../src/config/parse.ts';

/** Of no type: what ends a word, a line or a command somewhere, is no text, or far too long. */
const HOSTILE = [
  'wan;touch /tmp/x',
  '$(touch /tmp/x)',
  '`touch /tmp/x`',
  'wan\ntouch /tmp/x',
  'wan\r\n\toption enabled 0',
  '"; flush ruleset; "',
  'wan dev lo\nroute add default dev lo',
  '%n%s',
  'wan\x1b[2J',
  'wan\x01',
  '\u202ewan',
  "wan' '",
  'a'.repeat(4096),
];

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

describe('an option with a hostile value', () => {
  for (const { type, name: only, options } of SECTIONS) {
    for (const { name: option, list } of options) {
      it(`is refused: '${option}' of ${type}`, () => {
        for (const value of HOSTILE) {
          const section = only ?? 'x';
          const line = `\t${list === true ? 'list' : 'option'} ${option} ${quote(value)}\n`;
          const { diagnostics } = parseConfiguration(
            parseUci(`config ${type} '${section}'\n${line}`),
          );
          const found = diagnostics.filter(
            (each) => each.section === section && each.option === option,
          );
          assert.deepEqual(
            found.map((each) => [each.severity, each.value]),
            [['error', value]],
            JSON.stringify(value),
          );
          for (const said of found.map(formatDiagnostic)) {
            assert.match(said, /^[^\p{Cc}\p{Cf}]{1,260}$/u);
          }
        }
      });
    }
  }
});
