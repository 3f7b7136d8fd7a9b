/** The product on the lab's router: its configuration as text, its commands with their success or JSON asserted. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';

import type { Lab } from '../../lab/lab.ts';
import { addressing } from '../../lab/topology.ts';

/** UCI options: a text is an `option`, several are a `list`. */
export type Options = Readonly<Record<string, string | readonly string[]>>;

/** Rules by section name. */
export type Rules = Readonly<Record<string, Options>>;

const MAIN: Options = { enabled: '1', lan: ['br-lan'], wan: ['wan1', 'wan2'] };

/** /etc/config/domainroute with these rules; `main` adds to what the lab needs or replaces it. */
export function uci(rules: Rules, main: Options = {}): string {
  const sections = Object.entries(rules).map(([name, options]) => section('rule', name, options));
  return [section('domainroute', 'main', { ...MAIN, ...main }), ...sections].join('\n');
}

/** A section of it. */
export function section(type: string, name: string, options: Options): string {
  const lines = Object.entries(options).flatMap(([option, value]) =>
    typeof value === 'string'
      ? [`\toption ${option} '${value}'\n`]
      : value.map((item) => `\tlist ${option} '${item}'\n`),
  );
  return `config ${type} '${name}'\n${lines.join('')}`;
}

/** Runs a command that must succeed; what it said on stderr. */
export async function command(lab: Lab, ...args: readonly string[]): Promise<string> {
  const { status, stderr } = await lab.cli(...args);
  assert.equal(status, 0, `domainroute ${args.join(' ')}: ${stderr}`);
  return stderr.trimEnd();
}

/** What a query prints with `--json`. */
export async function query<T>(lab: Lab, ...args: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await lab.cli('--json', ...args);
  assert.equal(status, 0, `domainroute ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Writes a configuration and puts it in force by `start`, which renews what runs. */
export async function startWith(lab: Lab, rules: Rules, main: Options = {}): Promise<void> {
  lab.configure(uci(rules, main));
  await command(lab, 'start');
}

/** The next `start` gives every link new programs, as one of another version does. */
export function forgetPrograms(lab: Lab): void {
  const version = `${lab.directories.pin}/v1`;
  const notes = readdirSync(version).filter((name) => name.startsWith('programs_'));
  assert.equal(notes.length, 1);
  for (const name of notes) rmSync(`${version}/${name}`, { recursive: true });
}

export interface Fact {
  readonly address: string;
  readonly name: string;
  readonly client: string | null;
  readonly expires_in: number;
  readonly last_seen: number;
  readonly source: string;
}

export interface Decision {
  readonly client: string | null;
  readonly address: string;
  readonly name: string | null;
  readonly rule: string | null;
  readonly action: string | null;
  readonly mark: string | null;
  readonly interface: string | null;
  readonly packets: number;
  readonly bytes: number;
  readonly age: number;
}

export interface Status {
  readonly running: boolean;
  readonly generation: number;
  readonly devices: readonly {
    readonly name: string | null;
    readonly role: string;
    readonly programs: readonly string[];
  }[];
  readonly local: readonly string[];
  readonly rules: {
    readonly count: number;
    readonly sections: readonly { readonly section: string; readonly packets: number }[];
  };
  readonly facts: { readonly used: number; readonly limit: number; readonly matched: number };
  readonly verdicts: { readonly used: number; readonly limit: number };
  readonly reasons: Readonly<Record<string, number>>;
}

/** Who was told what, one line each, sorted: what must outlive a change of rules. */
export async function knowledge(lab: Lab): Promise<readonly string[]> {
  const facts = await query<readonly Fact[]>(lab, 'rdns');
  return facts.map((fact) => `${fact.client ?? '*'} ${fact.name} ${fact.address}`).sort();
}

/** A device of the router comes back as it was: the kernel forgot its routes and IPv6 addresses with the link. */
export async function linkUp(lab: Lab, device: string): Promise<void> {
  const lines = addressing('router').filter((line) => line.includes(` dev ${device}`));
  const batch = [
    `link set ${device} up`,
    ...lines.map((line) => line.replace(' add ', ' replace ')),
  ];
  await lab.router.output(['ip', '-batch', '-'], batch.join('\n'));
}
