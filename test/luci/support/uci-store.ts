/** What rpcd's object `uci` knows of one package: sections as LuCI gets and sets them. */
import { parseUci, type UciPackage, type UciValue } from '#uci-parser';

export type RpcSection = Record<string, unknown>;

interface Stored {
  readonly type: string;
  readonly options: Map<string, UciValue>;
}

export class UciStore {
  #sections: Map<string, Stored>;

  /** The text of the file. */
  constructor(text: string) {
    const { sections } = parseUci(text);
    this.#sections = new Map(
      sections.map(({ name, type, options }) => [name, { type, options: new Map(options) }]),
    );
  }

  get names(): string[] {
    return [...this.#sections.keys()];
  }

  /** One option; undefined where it is not set. */
  option(section: string, name: string): UciValue | undefined {
    return this.#sections.get(section)?.options.get(name);
  }

  /** As `uci get` answers for a whole package. */
  values(): Record<string, RpcSection> {
    const sections = [...this.#sections].map(([name, { type, options }], index) => [
      name,
      { '.type': type, '.name': name, '.index': index, ...Object.fromEntries(options) },
    ]);
    return Object.fromEntries(sections) as Record<string, RpcSection>;
  }

  add(name: string, type: string, values: Readonly<Record<string, UciValue>>): void {
    this.#sections.set(name, { type, options: new Map(Object.entries(values)) });
  }

  set(name: string, values: Readonly<Record<string, UciValue>>): void {
    const section = this.#sections.get(name);
    for (const [option, value] of Object.entries(values)) section?.options.set(option, value);
  }

  /** `options`: undefined for the whole section. */
  delete(name: string, options: readonly string[] | undefined): void {
    if (options === undefined) this.#sections.delete(name);
    else options.forEach((option) => this.#sections.get(name)?.options.delete(option));
  }

  order(names: readonly string[]): void {
    const known = names.flatMap((name) => {
      const section = this.#sections.get(name);
      return section === undefined ? [] : [[name, section] as const];
    });
    this.#sections = new Map(known);
  }

  /** For src/config. */
  toPackage(): UciPackage {
    const sections = Array.from(this.#sections, ([name, { type, options }]) => ({
      name,
      type,
      anonymous: false,
      options,
      line: 0,
    }));
    return { sections, count: sections.length, encoding: 'utf8' };
  }
}
