/** UCI sections to a typed configuration. A bad section is left out and said so; the rest stands. */
import type { UciPackage, UciSection } from '#uci-parser';
import type { BgpOptions } from '../model/bgp.ts';
import type { Configuration, Diagnostic, DomainList, MainOptions, Rule } from '../model/rule.ts';
import { readBgp, readNeighbors } from './bgp.ts';
import { reporterFor, type Reporter } from './diagnostic.ts';
import { readDnstap } from './dnstap.ts';
import { LIST, MAIN, RULE, SECTIONS } from './options.ts';
import { makeRule, ReachCheck } from './rule.ts';
import { readSection } from './section.ts';
import { SECTION_NAME_MAX } from './value.ts';

/** DR_RULES of bpf/domainroute.h, of which 0 stands for no rule. */
const RULES_MAX = 1023;

/** Never throws: what is wrong is in `diagnostics`. */
export function parseConfiguration(uci: UciPackage): Configuration {
  const diagnostics: Diagnostic[] = [];
  const main = readMain(uci.sections, diagnostics);
  const sections = usableSections(uci.sections, diagnostics);
  const lists = readLists(sections, diagnostics);
  const bgp = readBgp(sections, diagnostics);
  const rules = readRules(sections, lists, bgp, diagnostics);
  const dnstap = readDnstap(sections, diagnostics);
  const neighbors = readNeighbors(sections, bgp, diagnostics);
  return { main, rules, lists, dnstap, bgp, neighbors, diagnostics };
}

function readMain(sections: readonly UciSection[], diagnostics: Diagnostic[]): MainOptions {
  const section = sections.find(({ type, name }) => type === MAIN.type && name === MAIN.name);
  const report = reporterFor(MAIN, diagnostics);
  if (section === undefined) report.warn('is missing: every option has its default');
  const values = readSection(MAIN, section?.options ?? new Map<string, string>(), report);
  return {
    enabled: values.enabled,
    lan: values.lan,
    wan: values.wan,
    local: values.local,
    markMask: values.mark_mask,
    table: values.table,
    facts: values.facts,
    holdSeconds: values.hold,
  };
}

/** Sections but `main` whose types are ours and whose names can serve; the others are reported. */
function usableSections(sections: readonly UciSection[], diagnostics: Diagnostic[]): UciSection[] {
  const names = new Set<string>();
  return sections.filter((section) => {
    const { type, name } = section;
    if (type === MAIN.type && name === MAIN.name) return false;
    const report = reporterFor(section, diagnostics);
    const spec = SECTIONS.find((known) => known.type === type);
    if (spec === undefined) {
      report.warn('is of an unknown type and has no effect');
    } else if (spec.name !== undefined && spec.name !== name) {
      report.warn(`is not read: the section must have the name '${spec.name}'`);
    } else if (name.length > SECTION_NAME_MAX) {
      report.error(`has a name longer than ${SECTION_NAME_MAX} characters`);
    } else if (names.has(name)) {
      report.error('has the name of a section before it');
    } else {
      names.add(name);
      return true;
    }
    return false;
  });
}

function readLists(
  sections: readonly UciSection[],
  diagnostics: Diagnostic[],
): ReadonlyMap<string, DomainList> {
  const lists = new Map<string, DomainList>();
  for (const section of sections) {
    if (section.type !== LIST.type) continue;
    const list = readList(section, reporterFor(section, diagnostics));
    if (list !== undefined) lists.set(list.section, list);
  }
  return lists;
}

function readList(section: UciSection, report: Reporter): DomainList | undefined {
  const values = readSection(LIST, section.options, report);
  if (report.failed()) return undefined;
  if ((values.url === undefined) === (values.file === undefined)) {
    report.error("needs either option 'url' or option 'file'");
    return undefined;
  }
  return {
    section: section.name,
    url: values.url,
    file: values.file,
    format: values.format,
    intervalSeconds: values.interval,
    allowTld: values.allow_tld,
  };
}

function readRules(
  sections: readonly UciSection[],
  lists: ReadonlyMap<string, DomainList>,
  bgp: BgpOptions | undefined,
  diagnostics: Diagnostic[],
): readonly Rule[] {
  const rules: Rule[] = [];
  const reach = new ReachCheck();
  for (const section of sections) {
    if (section.type !== RULE.type) continue;
    const report = reporterFor(section, diagnostics);
    const rule = makeRule(section.name, readSection(RULE, section.options, report), lists, report);
    if (report.failed()) continue;
    if (rules.length === RULES_MAX) {
      report.error(`is one too many: ${RULES_MAX} rules are the most`);
      break;
    }
    if (rule.enabled && rule.announce && bgp === undefined) {
      report.warn("has no effect without a section 'bgp'", 'announce');
    }
    reach.add(rule, report);
    rules.push(rule);
  }
  return rules;
}
