/**
 * The decision of the kernel programs once more, with its reasons: bpf/README.md, "Decision". The other side
 * is bpf/decide.h, step by step.
 */
import {
  ACTION_CLIENTS,
  ACTION_PRIVATE,
  PROTECTED_NEVER,
  PROTECTED_PRIVATE,
  type KnownFact,
  type RuleCell,
  type RuleSource,
} from './source.ts';

/** DR_STEPS_MAX and DR_CHAIN_MAX of bpf/domainroute.h. */
const STEPS_MAX = 256;
const CHAIN_MAX = 11;
const WORD = 8;

/** `::`: any client, and the router itself. */
export const ANY_CLIENT: Uint8Array = new Uint8Array(16);

/** Who asks for what. */
export interface Subject {
  /** The class of the address in `protected`; 0 also where no address is known. */
  readonly protectedClass: number;
  /** What the client is known by; empty for the router itself, whom no rule with clients takes. */
  readonly clients: readonly Uint8Array[];
}

/** How a rule names a name. */
export interface Match {
  /** The name of the chain that was matched, in wire form. */
  readonly name: Uint8Array;
  /** How many of its labels, from the right. */
  readonly labels: number;
  /** By a rule for this name alone. */
  readonly exact: boolean;
}

/** A rule that names a name, but is for other clients or not for private addresses. */
export interface Refusal {
  readonly cell: RuleCell;
  readonly match: Match | undefined;
  readonly why: 'clients' | 'private';
}

export interface Search {
  readonly cell: RuleCell | undefined;
  /** Undefined for a default rule, and if there is no cell. */
  readonly match: Match | undefined;
  readonly refusals: readonly Refusal[];
  /** The kernel programs give up here. */
  readonly outOfSteps: boolean;
}

export interface Decision extends Search {
  readonly outcome: 'protected' | 'no-fact' | 'no-rule' | 'rule' | 'steps';
  readonly fact: KnownFact | undefined;
}

/** The verdict for a client, by what its facts are under, and an address; `::` is the router itself. */
export function decide(source: RuleSource, client: Uint8Array, address: Uint8Array): Decision {
  const protectedClass = source.protectedClass(address);
  const fact = findFact(source, client, address);
  if (protectedClass === PROTECTED_NEVER) {
    return { outcome: 'protected', fact, ...NOTHING };
  }
  const search = findRule(source, fact?.name, {
    protectedClass,
    clients: isAny(client) ? [] : source.identify(client),
  });
  if (search.outOfSteps) return { outcome: 'steps', fact, ...search };
  if (search.cell !== undefined) return { outcome: 'rule', fact, ...search };
  return { outcome: fact === undefined ? 'no-fact' : 'no-rule', fact, ...search };
}

const NOTHING: Search = { cell: undefined, match: undefined, refusals: [], outOfSteps: false };

export function isAny(client: Uint8Array): boolean {
  return client.every((byte) => byte === 0);
}

/** Valid until the later of `expires` and the last use + hold. */
export function stands({ now, hold }: RuleSource, fact: KnownFact): boolean {
  return now < fact.expires || now < fact.lastSeen + hold;
}

/** The fact that counts. A client's stray is younger than its fact. */
function findFact(
  source: RuleSource,
  client: Uint8Array,
  address: Uint8Array,
): KnownFact | undefined {
  const find = (matched: boolean, who: Uint8Array): KnownFact | undefined => {
    const fact = source.fact(matched, who, address);
    return fact !== undefined && stands(source, fact) ? fact : undefined;
  };
  const own = isAny(client) ? undefined : (find(false, client) ?? find(true, client));
  return own ?? find(true, ANY_CLIENT) ?? find(false, ANY_CLIENT);
}

/** The names of a CNAME chain, from the one asked for; at most 11 links. */
export function* chainOf(source: RuleSource, name: Uint8Array): Generator<Uint8Array, void> {
  let current: Uint8Array | undefined = name;
  for (let links = 0; current !== undefined; links++) {
    yield current;
    if (links === CHAIN_MAX || source.hasher.read(current) === -1) return;
    source.hasher.whole();
    current = source.alias(source.hasher.low >>> 0, source.hasher.high >>> 0);
  }
}

class OutOfSteps extends Error {}

/** The rule for a name, by its chain; for no name, or if none is matched, the default rule. */
export function findRule(
  source: RuleSource,
  name: Uint8Array | undefined,
  subject: Subject,
): Search {
  const matcher = new Matcher(source, subject);
  try {
    return { ...matcher.search(name), refusals: matcher.refusals, outOfSteps: false };
  } catch (error) {
    if (!(error instanceof OutOfSteps)) throw error;
    return { ...NOTHING, refusals: matcher.refusals, outOfSteps: true };
  }
}

type Found = Pick<Search, 'cell' | 'match'>;

class Matcher {
  readonly refusals: Refusal[] = [];
  private readonly source: RuleSource;
  private readonly subject: Subject;
  private steps = 0;

  constructor(source: RuleSource, subject: Subject) {
    this.source = source;
    this.subject = subject;
  }

  search(name: Uint8Array | undefined): Found {
    if (name !== undefined) {
      for (const each of chainOf(this.source, name)) {
        const found = this.matchName(each);
        this.step(); // to the next name, or to the end
        if (found !== undefined) return found;
      }
    }
    this.step();
    const cell = this.eligible(this.source.rule(0, 0), undefined);
    this.step();
    return { cell, match: undefined };
  }

  /** Every suffix from the shortest to the longest, then the name itself: the last one with a rule counts. */
  private matchName(name: Uint8Array): Found | undefined {
    const { hasher, maxLabels } = this.source;
    const labels = hasher.read(name);
    for (let i = 0; i < labels; i++) this.step(wordsOfLabel(name, i));
    this.step(); // the root
    let found: Found | undefined;
    const look = (k: number, exact: boolean): void => {
      this.step();
      const first = this.source.rule(hasher.low >>> 0, hasher.high >>> 0);
      if (first === 0) return;
      const match = { name, labels: k, exact };
      const cell = this.eligible(first, match);
      if (cell !== undefined) found = { cell, match };
    };
    hasher.reset();
    for (let k = 1; k <= Math.min(labels, maxLabels); k++) {
      hasher.lengthen(k);
      look(k, false);
    }
    hasher.exact();
    look(labels, true);
    return found;
  }

  /** The first cell of a list that may take the subject. */
  private eligible(first: number, match: Match | undefined): RuleCell | undefined {
    for (let index = first; index !== 0;) {
      this.step();
      const cell = this.source.cell(index);
      if (cell === undefined) return undefined;
      const why = this.refusal(index, cell);
      if (why === undefined) return cell;
      this.refusals.push({ cell, match, why });
      index = cell.next;
    }
    return undefined;
  }

  private refusal(index: number, { flags }: RuleCell): Refusal['why'] | undefined {
    const { protectedClass, clients } = this.subject;
    if (protectedClass === PROTECTED_PRIVATE && (flags & ACTION_PRIVATE) === 0) return 'private';
    if ((flags & ACTION_CLIENTS) === 0) return undefined;
    return clients.length > 0 && this.source.clientMatches(index, clients) ? undefined : 'clients';
  }

  private step(count = 1): void {
    this.steps += count;
    if (this.steps > STEPS_MAX) throw new OutOfSteps();
  }
}

/** The 8-byte words of the label at `index`, with its length byte. */
function wordsOfLabel(name: Uint8Array, index: number): number {
  let offset = 0;
  for (let i = 0; i < index; i++) offset += (name[offset] ?? 0) + 1;
  return Math.ceil(((name[offset] ?? 0) + 1) / WORD);
}
