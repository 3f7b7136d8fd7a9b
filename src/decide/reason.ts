/** Decisions in words: one sentence, which rule and why, or what is missing. */
import { formatDomainName } from '../model/domain-name.ts';
import type { DomainPattern } from '../model/rule.ts';
import { chainOf, isAny, type Decision, type Match, type Refusal, type Search } from './decide.ts';
import { ACTION_BLOCK, type DecisionSource, type RuleCell } from './source.ts';

export interface Circumstances {
  readonly client: Uint8Array;
  /** The name in question, if it was one. */
  readonly asked: Uint8Array | undefined;
  /** How many other names the address has. */
  readonly competing: number;
}

/** Why this client and address have this verdict. */
export function reasonOfDecision(
  source: DecisionSource,
  decision: Decision,
  circumstances: Circumstances,
): string {
  const { fact, outcome } = decision;
  if (outcome === 'protected') return 'the address is protected: no rule takes it';
  return sentence([
    ...aboutFact(fact, circumstances),
    outcome === 'steps'
      ? 'its names and rules take more than 256 steps, so no rule takes it'
      : aboutRule(source, decision, fact?.name, 'takes', isAny(circumstances.client)),
  ]);
}

/**
 * Why a name without an address would have this verdict. `client`: undefined if none was said;
 * `toldToOthers`: other clients have addresses.
 */
export function reasonOfName(
  source: DecisionSource,
  search: Search,
  name: Uint8Array,
  client: Uint8Array | undefined,
  toldToOthers: boolean,
): string {
  const quoted = quote(name);
  return sentence([
    toldToOthers
      ? `this client was told no address of ${quoted}, only others were`
      : `no client asked for ${quoted} since the start, or the answer is too old`,
    search.outOfSteps
      ? 'its names and rules take more than 256 steps, so no rule would take it'
      : aboutRule(source, search, name, 'would take', client === undefined),
  ]);
}

function aboutFact(
  fact: Decision['fact'],
  { client, asked, competing }: Circumstances,
): (string | undefined)[] {
  if (fact === undefined) {
    const any = isAny(client);
    if (competing === 0) return ['no name is known for this address'];
    return [`names of this address were told to ${any ? 'clients only' : 'other clients only'}`];
  }
  return [
    asked !== undefined && Buffer.compare(asked, fact.name) !== 0
      ? `the address was later told as ${quote(fact.name)}`
      : undefined,
    isAny(fact.client) && !isAny(client)
      ? 'the router itself was told, which holds for every client'
      : undefined,
  ];
}

function aboutRule(
  source: DecisionSource,
  search: Search,
  name: Uint8Array | undefined,
  takes: 'takes' | 'would take',
  isRouter: boolean,
): string {
  const { cell, match } = search;
  const refused = aboutRefusal(search, name, isRouter);
  if (cell !== undefined && match !== undefined && name !== undefined) {
    const but = refused === undefined ? '' : ` (${refused})`;
    return `rule '${cell.section}' ${verb(cell, takes)} ${aboutMatch(match, name)}${but}`;
  }
  if (cell !== undefined) {
    const unnamed = name === undefined ? '' : `no rule names ${quote(name)}, `;
    const before = refused === undefined ? unnamed : `${refused}: `;
    return `${before}the default rule '${cell.section}' ${verb(cell, takes)} it`;
  }
  if (refused !== undefined) return refused;
  if (name === undefined) return 'there is no default rule';
  const idle = idleRule(source, name);
  if (idle !== undefined) return `rule '${idle}' names ${quote(name)}, but is not enabled`;
  return `no rule names ${quote(name)}`;
}

function verb({ flags }: RuleCell, takes: 'takes' | 'would take'): string {
  if ((flags & ACTION_BLOCK) === 0) return takes;
  return takes === 'takes' ? 'blocks' : 'would block';
}

function aboutMatch(match: Match, name: Uint8Array): string {
  const by = `by the domain '${patternText(match)}'`;
  if (Buffer.compare(match.name, name) === 0) return `${quote(name)} ${by}`;
  return `${quote(name)}, an alias of ${quote(match.name)}, ${by}`;
}

function patternText({ name, labels, exact }: Match): string {
  if (exact) return `=${formatDomainName(name)}`;
  return formatDomainName(lastLabels(name, labels));
}

function lastLabels(name: Uint8Array, labels: number): Uint8Array {
  const starts: number[] = [];
  for (let offset = 0; offset < name.length; offset += (name[offset] ?? 0) + 1) starts.push(offset);
  return name.subarray(starts[starts.length - labels] ?? name.length);
}

/** The rule that would have been taken instead, had it been for this client and address. */
function aboutRefusal(
  { match, refusals, cell }: Search,
  name: Uint8Array | undefined,
  isRouter: boolean,
): string | undefined {
  const named = refusals.filter((refusal) => refusal.match !== undefined);
  const refusal =
    match === undefined
      ? (named.at(-1) ?? (cell === undefined ? refusals[0] : undefined))
      : named.findLast((each) => isCloser(each, match));
  if (refusal === undefined) return undefined;
  const { section } = refusal.cell;
  const who =
    refusal.match === undefined || name === undefined
      ? `the default rule '${section}' `
      : `rule '${section}' names ${quote(name)}, but `;
  if (refusal.why === 'clients') {
    return `${who}is limited to ${isRouter ? 'certain' : 'other'} clients`;
  }
  return refusal.match === undefined
    ? `the address is private and the default rule '${section}' has no option 'private'`
    : `${who}the address is private and the rule has no option 'private'`;
}

/** Of a name before it in the chain, or of a domain as narrow: it would have come first. */
function isCloser({ match }: Refusal, found: Match): boolean {
  if (match === undefined) return false;
  return match.name !== found.name || match.exact || match.labels >= found.labels;
}

/** A rule that is not enabled, with a domain for this name or what it is an alias of. */
function idleRule(source: DecisionSource, name: Uint8Array): string | undefined {
  const chain = [...chainOf(source, name)];
  return source.idleRules.find(({ domains }) =>
    domains.some((domain) => chain.some((each) => isNamed(each, domain))),
  )?.section;
}

function isNamed(name: Uint8Array, { name: domain, exact }: DomainPattern): boolean {
  if (exact) return Buffer.compare(name, domain) === 0;
  let offset = 0;
  while (name.length - offset > domain.length) offset += (name[offset] ?? 0) + 1;
  return domain.length > 0 && Buffer.compare(name.subarray(offset), domain) === 0;
}

function quote(name: Uint8Array): string {
  return `'${formatDomainName(name)}'`;
}

function sentence(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('; ');
}
