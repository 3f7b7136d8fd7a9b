/**
 * What the `uci` command does to a package. Each returns a new package and leaves the old one as it is. A
 * section is named as `uci` does: by its name, or as `@type[index]`, from the end where the index is negative.
 */
import {
  anonymousName,
  isUciName,
  isUciType,
  type UciPackage,
  type UciSection,
  type UciValue,
} from './package.ts';

/** The edit cannot be made: a bad name or value, or no such section. */
export class UciEditError extends Error {
  readonly reason: string;

  constructor(action: string, reason: string) {
    super(`Cannot ${action}: ${reason}`);
    this.name = 'UciEditError';
    this.reason = reason;
  }
}

/** A package without sections. */
export function emptyPackage(): UciPackage {
  return { sections: [], count: 0, encoding: 'utf8' };
}

export function findSection(uci: UciPackage, reference: string): UciSection | undefined {
  const extended = /^@([!-Z\\^-~]*)\[(-?\d{1,9})\]$/.exec(reference);
  if (extended === null) return uci.sections.find(({ name }) => name === reference);
  const [, type = '', index] = extended;
  return uci.sections.filter((section) => type === '' || section.type === type).at(Number(index));
}

/** `uci set package.section.option=value`. An empty value deletes the option. */
export function setOption(
  uci: UciPackage,
  section: string,
  option: string,
  value: string,
): UciPackage {
  checkOption(uci, option, value);
  return editOptions(uci, section, (options) => {
    if (value === '') options.delete(option);
    else options.set(option, value);
  });
}

/** `uci add_list`, for one value or more. What was an option becomes the first item. */
export function addList(
  uci: UciPackage,
  section: string,
  option: string,
  ...values: readonly string[]
): UciPackage {
  for (const value of values) checkOption(uci, option, value);
  return editOptions(uci, section, (options) => {
    const old = options.get(option) ?? [];
    options.set(option, [...(typeof old === 'string' ? [old] : old), ...values]);
  });
}

/** `uci del_list`: every item with this value. Other values, and options, stay. */
export function deleteFromList(
  uci: UciPackage,
  section: string,
  option: string,
  value: string,
): UciPackage {
  return editOptions(uci, section, (options) => {
    const old = options.get(option);
    if (old === undefined || typeof old === 'string') return;
    options.set(
      option,
      old.filter((item) => item !== value),
    );
  });
}

/** `uci delete package.section.option`. */
export function deleteOption(uci: UciPackage, section: string, option: string): UciPackage {
  return editOptions(uci, section, (options) => {
    if (options.delete(option)) return;
    throw new UciEditError(`delete option '${option}' of section '${section}'`, 'there is none');
  });
}

/** `uci delete package.section`. */
export function deleteSection(uci: UciPackage, section: string): UciPackage {
  const index = indexOf(uci, section);
  return { ...uci, sections: uci.sections.toSpliced(index, 1) };
}

/** `uci add package type`: an anonymous section at the end. Its name holds until the file is read again. */
export function addSection(
  uci: UciPackage,
  type: string,
): { readonly package: UciPackage; readonly section: UciSection } {
  checkType(type);
  const count = uci.count + 1;
  return append({ ...uci, count }, type, anonymousName(count, type), true);
}

/** `uci set package.name=type`: a new section at the end, or another type for the one of this name. */
export function setSection(uci: UciPackage, name: string, type: string): UciPackage {
  checkType(type);
  if (!uci.sections.some((section) => section.name === name)) {
    checkName(`add section '${name}'`, name);
    return append({ ...uci, count: uci.count + 1 }, type, name, false).package;
  }
  return replace(uci, name, (section) => ({ ...section, type }));
}

/** `uci rename package.section=name`; an anonymous section is named by it. */
export function renameSection(uci: UciPackage, section: string, name: string): UciPackage {
  const action = `rename section '${section}' to '${name}'`;
  checkName(action, name);
  const old = findSection(uci, section);
  // libuci does not look, and makes one section of both when it reads the file
  if (uci.sections.some((other) => other.name === name && other !== old)) {
    throw new UciEditError(action, 'there is a section of that name');
  }
  return replace(uci, section, (found) => ({ ...found, name, anonymous: false }));
}

/** `uci rename package.section.option=name`; its place stays. */
export function renameOption(
  uci: UciPackage,
  section: string,
  option: string,
  name: string,
): UciPackage {
  const action = `rename option '${option}' of section '${section}' to '${name}'`;
  checkName(action, name);
  return replace(uci, section, (found) => {
    if (!found.options.has(option)) throw new UciEditError(action, 'there is none');
    if (name !== option && found.options.has(name)) {
      throw new UciEditError(action, 'there is an option of that name');
    }
    const entries = Array.from(found.options, ([key, value]): [string, UciValue] => [
      key === option ? name : key,
      value,
    ]);
    return { ...found, options: new Map(entries) };
  });
}

/** `uci reorder package.section=position`, from 0; beyond the end is the end. */
export function reorderSection(uci: UciPackage, section: string, position: number): UciPackage {
  const index = indexOf(uci, section);
  const sections = uci.sections.toSpliced(index, 1);
  sections.splice(Math.max(0, position), 0, ...uci.sections.slice(index, index + 1));
  return { ...uci, sections };
}

function append(
  uci: UciPackage,
  type: string,
  name: string,
  anonymous: boolean,
): { readonly package: UciPackage; readonly section: UciSection } {
  const section: UciSection = { type, name, anonymous, options: new Map(), line: 0 };
  return { package: { ...uci, sections: [...uci.sections, section] }, section };
}

function editOptions(
  uci: UciPackage,
  section: string,
  edit: (options: Map<string, UciValue>) => void,
): UciPackage {
  return replace(uci, section, (found) => {
    const options = new Map(found.options);
    edit(options);
    return { ...found, options };
  });
}

function replace(
  uci: UciPackage,
  section: string,
  edit: (section: UciSection) => UciSection,
): UciPackage {
  const index = indexOf(uci, section);
  const sections = uci.sections.map((old, i) => (i === index ? edit(old) : old));
  return { ...uci, sections };
}

function indexOf(uci: UciPackage, reference: string): number {
  const found = findSection(uci, reference);
  if (found === undefined) {
    throw new UciEditError(`find section '${reference}'`, 'there is no such section');
  }
  return uci.sections.indexOf(found);
}

function checkType(type: string): void {
  // libuci takes quotes and the like, and then writes what it reads as something else
  if (isUciType(type) && !/['"\\#;]/.test(type)) return;
  throw new UciEditError(`add section of type '${type}'`, 'invalid character in the type');
}

function checkName(action: string, name: string): void {
  if (!isUciName(name))
    throw new UciEditError(action, 'a name has letters, digits and underscores');
}

function checkOption({ encoding }: UciPackage, option: string, value: string): void {
  const action = `set option '${option}'`;
  checkName(action, option);
  // libuci's uci_validate_text
  if (/[^\P{Cc}\t\n\r\x7f-\x9f]/u.test(value))
    throw new UciEditError(action, 'the value has a control character');
  if (encoding === 'latin1' && /[^\0-\xff]/.test(value)) {
    throw new UciEditError(action, 'the file is not in UTF-8, the value needs it');
  }
}
