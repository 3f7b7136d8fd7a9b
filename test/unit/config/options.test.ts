import assert from 'node:assert/strict';
import { isUciName } from '#uci-parser';
import { SECTIONS } from '../../../src/config/options.ts';
import { parseValue } from '../../../src/config/value.ts';
import { ValueError } from '../../../src/model/value.ts';

describe('the option table', () => {
  for (const section of SECTIONS) {
    for (const option of section.options) {
      it(`${section.type}.${option.name} is whole`, () => {
        assert.ok(isUciName(option.name));
        assert.equal(section.options.filter(({ name }) => name === option.name).length, 1);
        assert.match(option.doc, /^[^\n]+[^\n.]$/, 'one line without a full stop');
        if (option.default !== undefined) parseValue(option, option.default);
        assert.equal(option.type === 'enum', option.choices !== undefined);
        for (const choice of option.choices ?? []) assert.equal(parseValue(option, choice), choice);
        assert.equal(
          option.type === 'integer',
          option.min !== undefined && option.max !== undefined,
        );
        assert.ok(!(option.list === true && option.default !== undefined));
      });
    }
  }

  it('an integer takes both ends of its range, and nothing beyond', () => {
    const spec = { name: 'n', type: 'integer', min: 1, max: 10, doc: '' } as const;
    assert.equal(parseValue(spec, '1'), 1);
    assert.equal(parseValue(spec, '10'), 10);
    for (const text of [
      '0',
      '11',
      '01',
      '+1',
      '1.0',
      '0x1',
      '',
      ' 1',
      '1\n',
      '٣',
      '99999999999999999999',
    ]) {
      assert.throws(() => parseValue(spec, text), ValueError, text);
    }
  });

  it('a port is 1 to 65535', () => {
    const spec = { name: 'p', type: 'port', doc: '' } as const;
    assert.equal(parseValue(spec, '65535'), 65535);
    for (const text of ['0', '65536', 'http'])
      assert.throws(() => parseValue(spec, text), ValueError, text);
  });

  it('interfaces of netifd and of the kernel are taken', () => {
    const spec = { name: 'i', type: 'interface', doc: '' } as const;
    for (const text of ['wan', 'wan_6', 'br-lan', 'eth0.2', 'eth0:1', '@wan', 'x'.repeat(31)]) {
      assert.equal(parseValue(spec, text), text);
    }
    for (const text of ['', '.', '..', 'a/b', 'a b', '-a', 'x'.repeat(32), 'a\0', 'wan\n', 'wän']) {
      assert.throws(() => parseValue(spec, text), ValueError, text);
    }
  });
});
