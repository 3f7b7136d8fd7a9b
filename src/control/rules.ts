/** The rules of the UCI file: listed, added and removed as `uci` would. */
import {
  addList,
  addSection,
  deleteSection,
  findSection,
  readPackage,
  setOption,
  setSection,
  UciEditError,
  writePackage,
  type UciPackage,
  type UciValue,
} from '#uci-parser';
import { DomainrouteError } from '../base/errors.ts';
import { formatDiagnostic } from '../config/diagnostic.ts';
import { loadConfiguration, PACKAGE } from '../config/load.ts';
import { RULE } from '../config/options.ts';
import { parseConfiguration } from '../config/parse.ts';
import { openLibbpf, pinsBelow } from '../datapath/index.ts';
import type { Diagnostic } from '../model/rule.ts';
import { printable } from '../model/value.ts';
import type { Applied } from './apply.ts';
import { withLock } from './lock.ts';
import { isRunning } from './session.ts';
import type { Settings } from './settings.ts';
import { reload } from './start.ts';

/** `{section, …}` with the options of UCI as they stand in the file: the JSON shape. */
export interface RuleRow {
  readonly section: string;
  readonly [option: string]: UciValue;
}

/** Where the options of `rule add` go, by name; lists have several values. */
export type RuleOptions = ReadonlyMap<string, readonly string[]>;

export interface RuleChange {
  readonly section: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined: domainroute does not run, the rule is in force when it starts. */
  readonly applied: Applied | undefined;
}

/** Every rule section of the file, good or bad. Throws DomainrouteError 'config'. */
export function listRules({ config }: Settings): RuleRow[] {
  return readFile(config)
    .sections.filter(({ type }) => type === RULE.type)
    .map(({ name, options }) => {
      // an option that is called section is none of ours
      const row = new Map<string, UciValue>([['section', name], ...options]).set('section', name);
      return Object.fromEntries(row) as RuleRow;
    });
}

function readFile(directory: string): UciPackage {
  // for its messages: what cannot be read is said once
  loadConfiguration(directory);
  return readPackage(directory, PACKAGE);
}

/**
 * Adds a rule section at the end, without a name if `section` is undefined, and reloads what runs. Throws
 * DomainrouteError 'usage' for what no rule may have: then nothing was written.
 */
export async function addRule(
  settings: Settings,
  section: string | undefined,
  options: RuleOptions,
): Promise<RuleChange> {
  let name = section ?? '';
  let diagnostics: readonly Diagnostic[] = [];
  await edit(settings, (uci) => {
    if (section !== undefined && findSection(uci, section) !== undefined) {
      throw new DomainrouteError(
        'usage',
        `Cannot add rule '${printable(section)}': there is a section of that name (remove it first)`,
      );
    }
    const [added, reference] = withSection(uci, section);
    name = reference;
    const edited = [...options].reduce(
      (result, [option, values]) => withOption(result, reference, option, values),
      added,
    );
    diagnostics = checkRule(uci, edited, name);
    return edited;
  });
  return { section: name, diagnostics, applied: await reloadRunning(settings) };
}

function withSection(uci: UciPackage, section: string | undefined): [UciPackage, string] {
  if (section !== undefined) return [setSection(uci, section, RULE.type), section];
  const added = addSection(uci, RULE.type);
  return [added.package, added.section.name];
}

function withOption(
  uci: UciPackage,
  section: string,
  option: string,
  values: readonly string[],
): UciPackage {
  const isList = RULE.options.some((spec) => spec.name === option && 'list' in spec);
  if (isList) return addList(uci, section, option, ...values);
  return setOption(uci, section, option, values.at(-1) ?? '');
}

/** The warnings about the new rule. Throws DomainrouteError 'usage' where it would be left out. */
function checkRule(before: UciPackage, after: UciPackage, name: string): readonly Diagnostic[] {
  const known = new Set(parseConfiguration(before).diagnostics.map(formatDiagnostic));
  const found = parseConfiguration(after).diagnostics.filter(
    (diagnostic) => !known.has(formatDiagnostic(diagnostic)),
  );
  const error = found.find(({ severity, section }) => severity === 'error' && section === name);
  if (error === undefined) return found;
  throw new DomainrouteError('usage', `Cannot add rule: ${formatDiagnostic(error)}`);
}

/** Removes a rule section, and reloads what runs. Throws DomainrouteError 'usage' if there is none. */
export async function deleteRule(settings: Settings, section: string): Promise<RuleChange> {
  let name = section;
  await edit(settings, (uci) => {
    const found = findSection(uci, section);
    if (found?.type === RULE.type) {
      name = found.name;
      return deleteSection(uci, section);
    }
    throw new DomainrouteError(
      'usage',
      `Cannot remove rule '${printable(section)}': no such rule (see domainroute rule list)`,
    );
  });
  return { section: name, diagnostics: [], applied: await reloadRunning(settings) };
}

/** One edit at a time. */
async function edit(settings: Settings, change: (uci: UciPackage) => UciPackage): Promise<void> {
  openLibbpf(settings.assets);
  const pins = pinsBelow(settings.pin);
  const run = (): Promise<void> => {
    try {
      writePackage(settings.config, PACKAGE, change(readFile(settings.config)));
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(editError(error));
    }
  };
  await withLock(settings.run, () => isRunning(pins), run);
}

function editError(error: unknown): Error {
  if (error instanceof UciEditError) {
    return new DomainrouteError('usage', printable(error.message, 255), { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

async function reloadRunning(settings: Settings): Promise<Applied | undefined> {
  return isRunning(pinsBelow(settings.pin)) ? reload(settings) : undefined;
}
