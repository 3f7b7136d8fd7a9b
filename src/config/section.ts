/** One UCI section, read by its rows of the option table. */
import type { UciSection, UciValue } from '#uci-parser';
import { ValueError } from '../model/value.ts';
import type { Reporter } from './diagnostic.ts';
import type { OptionSpec, SectionSpec } from './options.ts';
import { parseValue, type ValueOf } from './value.ts';

/** The options of a section by name, typed by the table. */
export type SectionValues<S extends SectionSpec> = {
  readonly [O in S['options'][number] as O['name']]: ValueOf<O>;
};

/** So many bad values of one option are told one by one. */
const REPORTS_MAX = 8;

/** Reads all options; what is bad is reported, and a bad value is as if it were not there. */
export function readSection<S extends SectionSpec>(
  spec: S,
  options: UciSection['options'],
  report: Reporter,
): SectionValues<S> {
  const known = new Set(spec.options.map(({ name }) => name));
  for (const name of options.keys()) {
    if (!known.has(name)) report.warn('is unknown and has no effect', name);
  }
  return Object.fromEntries(
    spec.options.map((option) => [
      option.name,
      readOption(option, options.get(option.name), report),
    ]),
  ) as SectionValues<S>;
}

function readOption(spec: OptionSpec, given: UciValue | undefined, report: Reporter): unknown {
  const texts = textsOf(spec, given);
  if (spec.list !== true && texts.length > 1) {
    report.error('is given more than once', spec.name);
    return defaultOf(spec);
  }
  const values = readValues(spec, texts, report);
  return spec.list === true ? values : (values[0] ?? defaultOf(spec));
}

/** `option` with blanks is a list, too, where one is expected: the older way to write it. */
function textsOf(spec: OptionSpec, given: UciValue | undefined): readonly string[] {
  if (given === undefined) return [];
  if (typeof given !== 'string') return given;
  return spec.list === true ? given.split(/[ \t\n]/).filter((text) => text !== '') : [given];
}

function defaultOf(spec: OptionSpec): unknown {
  return spec.default === undefined ? undefined : parseValue(spec, spec.default);
}

function readValues(spec: OptionSpec, texts: readonly string[], report: Reporter): unknown[] {
  const values: unknown[] = [];
  let bad = 0;
  for (const text of texts) {
    try {
      values.push(parseValue(spec, text));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      if (++bad <= REPORTS_MAX) report.error(error.reason, spec.name, text);
    }
  }
  if (bad > REPORTS_MAX)
    report.error(`specifies ${bad - REPORTS_MAX} more invalid values`, spec.name);
  return values;
}
