/** Why a name or an address goes where it goes: `domainroute explain`. */
import { DomainrouteError } from '../base/errors.ts';
import { formatAddress, parseAddress } from '../model/address.ts';
import { formatClient, parseClient } from '../model/client.ts';
import { formatDomainName, parseDomainName } from '../model/domain-name.ts';
import { formatMark } from '../model/mark.ts';
import { printable } from '../model/value.ts';
import { ANY_CLIENT, chainOf, decide, findRule, isAny, stands, type Search } from './decide.ts';
import { reasonOfDecision, reasonOfName } from './reason.ts';
import { ACTION_BLOCK, type DecisionSource, type KnownFact } from './source.ts';

const SECOND = 1e9;

/** Another name that is known on an address. */
export interface Competitor {
  readonly name: string;
  /** Who was told so; null: any. */
  readonly client: string | null;
  /** The UCI section of the rule that it would take, or null. */
  readonly rule: string | null;
}

/** The JSON shape of the command line and of ubus. */
export interface Explanation {
  /** As it was asked. */
  readonly query: string;
  /** A MAC address or an address; null: any, and the router itself. */
  readonly client: string | null;
  readonly name: string | null;
  /** `name` and where its CNAMEs lead, as far as it is known. */
  readonly chain: readonly string[];
  readonly address: string | null;
  /** UCI section. */
  readonly rule: string | null;
  readonly action: 'route' | 'block' | null;
  /** Such as "0x1000000". */
  readonly mark: string | null;
  readonly interface: string | null;
  /** Whole seconds until the fact stops to stand. */
  readonly expires_in: number | null;
  readonly competing: readonly Competitor[];
  /** One sentence for people. */
  readonly reason: string;
}

/**
 * One explanation for each client and address that is known. `query` is a name or an address, `client` a MAC
 * address or an address. Throws DomainrouteError 'usage' for what is neither.
 */
export function explain(
  source: DecisionSource,
  query: string,
  client?: string,
): readonly Explanation[] {
  const who = client === undefined ? undefined : clientKey(source, client);
  const address = parseAddress(query);
  if (address !== undefined) return explainAddress(source, query, address, who);
  return explainName(source, query, parseDomainName(query), who);
}

/** What the client's facts are under. */
function clientKey(source: DecisionSource, text: string): Uint8Array {
  const client = parseClient(text);
  if (client === undefined) {
    throw new DomainrouteError(
      'usage',
      `Cannot read client '${printable(text)}': is neither a MAC address nor an address`,
    );
  }
  return isAny(client) ? client : (source.identify(client)[0] ?? client);
}

function explainAddress(
  source: DecisionSource,
  query: string,
  address: Uint8Array,
  client: Uint8Array | undefined,
): Explanation[] {
  const clients =
    client === undefined
      ? distinct(standing(source, source.factsOfAddress(address)).map((fact) => fact.client))
      : [client];
  return (clients.length > 0 ? clients : [ANY_CLIENT]).map((who) =>
    explainPair(source, query, who, address, undefined),
  );
}

function explainName(
  source: DecisionSource,
  query: string,
  name: Uint8Array,
  client: Uint8Array | undefined,
): Explanation[] {
  const facts = standing(source, source.factsOfName(name));
  const theirs =
    client === undefined
      ? facts
      : facts.filter((fact) => isSame(fact.client, client) || isAny(fact.client));
  const pairs = new Map(
    theirs.map((fact) => {
      const who = client ?? fact.client;
      return [keyOf(who) + keyOf(fact.address), { who, address: fact.address }];
    }),
  );
  if (pairs.size === 0) return [explainUnknown(source, query, name, client, facts.length > 0)];
  return Array.from(pairs.values(), ({ who, address }) =>
    explainPair(source, query, who, address, name),
  );
}

/** `asked`: the name in question, which need not be the one that decides. */
function explainPair(
  source: DecisionSource,
  query: string,
  client: Uint8Array,
  address: Uint8Array,
  asked: Uint8Array | undefined,
): Explanation {
  const decision = decide(source, client, address);
  const { fact } = decision;
  const competing = competitors(source, address, fact);
  return {
    query,
    client: formatClient(client),
    name: fact === undefined ? null : formatDomainName(fact.name),
    chain: fact === undefined ? [] : chainText(source, fact.name),
    address: formatAddress(address),
    ...ruleFields(decision),
    expires_in: fact === undefined ? null : secondsLeft(source, fact),
    competing,
    reason: reasonOfDecision(source, decision, { client, asked, competing: competing.length }),
  };
}

/** Nobody, or not this client, has an address for the name: which rule would take it? */
function explainUnknown(
  source: DecisionSource,
  query: string,
  name: Uint8Array,
  client: Uint8Array | undefined,
  toldToOthers: boolean,
): Explanation {
  const clients = client === undefined || isAny(client) ? [] : source.identify(client);
  const search = findRule(source, name, { protectedClass: 0, clients });
  return {
    query,
    client: client === undefined ? null : formatClient(client),
    name: formatDomainName(name),
    chain: chainText(source, name),
    address: null,
    ...ruleFields(search),
    expires_in: null,
    competing: [],
    reason: reasonOfName(source, search, name, client, toldToOthers),
  };
}

function ruleFields({ cell }: Search): Pick<Explanation, 'rule' | 'action' | 'mark' | 'interface'> {
  if (cell === undefined) return { rule: null, action: null, mark: null, interface: null };
  return {
    rule: cell.section,
    action: (cell.flags & ACTION_BLOCK) === 0 ? 'route' : 'block',
    mark: cell.mask === 0 ? null : formatMark(cell.mark),
    interface: cell.interface === '' ? null : cell.interface,
  };
}

/** The other names of an address, whoever was told them, each once a client. */
function competitors(
  source: DecisionSource,
  address: Uint8Array,
  chosen: KnownFact | undefined,
): Competitor[] {
  const others = standing(source, source.factsOfAddress(address)).filter(
    (fact) => chosen === undefined || !isSame(fact.name, chosen.name),
  );
  const protectedClass = source.protectedClass(address);
  const known = new Map(others.map((fact) => [keyOf(fact.client) + keyOf(fact.name), fact]));
  return Array.from(known.values(), ({ client, name }) => {
    const clients = isAny(client) ? [] : source.identify(client);
    const { cell } = findRule(source, name, { protectedClass, clients });
    return {
      name: formatDomainName(name),
      client: formatClient(client),
      rule: cell?.section ?? null,
    };
  });
}

function chainText(source: DecisionSource, name: Uint8Array): string[] {
  return Array.from(chainOf(source, name), formatDomainName);
}

function secondsLeft({ now, hold }: DecisionSource, { expires, lastSeen }: KnownFact): number {
  return Math.floor((Math.max(expires, lastSeen + hold) - now) / SECOND);
}

function standing(source: DecisionSource, facts: readonly KnownFact[]): KnownFact[] {
  return facts.filter((fact) => stands(source, fact));
}

function distinct(clients: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(clients.map((client) => [keyOf(client), client])).values()];
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
