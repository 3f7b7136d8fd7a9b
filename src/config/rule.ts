/** What the options of a rule mean together, and rules to each other. */
import { formatDomainPattern } from '../model/domain-name.ts';
import type { DomainList, DomainPattern, Rule } from '../model/rule.ts';
import type { Reporter } from './diagnostic.ts';
import type { RULE } from './options.ts';
import type { SectionValues } from './section.ts';

/** 12 bytes each, of the 3,900 that a message has for them. */
const COMMUNITIES_MAX = 100;

/** The rule of a section; it must not be used if errors were reported. */
export function makeRule(
  section: string,
  values: SectionValues<typeof RULE>,
  lists: ReadonlyMap<string, DomainList>,
  report: Reporter,
): Rule {
  // an invalid domain or destination is not missing as well
  if (!report.failed()) checkWhole(values, report);
  for (const list of values.list) {
    if (!lists.has(list))
      report.error("there is no such section of type 'list', or it has an error", 'list', list);
  }
  return {
    section,
    enabled: values.enabled,
    domains: withoutDuplicates(values.domain, report),
    lists: [...new Set(values.list)],
    clients: values.client,
    interface: values.interface,
    mark: values.mark,
    action: values.action,
    local: values.local,
    fallback: values.fallback,
    address: values.address,
    announce: values.announce,
    communities: values.community.filter((community) => typeof community === 'number'),
    largeCommunities: values.community.filter((community) => typeof community !== 'number'),
    onChange: values.on_change,
    private: values.private,
  };
}

function checkWhole(values: SectionValues<typeof RULE>, report: Reporter): void {
  if (values.domain.length === 0 && values.list.length === 0) {
    report.error("needs at least one 'domain' or 'list'");
  }
  const destinations = Number(values.interface !== undefined) + Number(values.mark !== undefined);
  if (destinations === 2) {
    report.error("has both option 'interface' and option 'mark': remove one of them");
  } else if (values.action === 'route' && destinations === 0 && !values.announce) {
    report.error(
      "needs option 'interface' or option 'mark' for action 'route', or option 'announce'",
    );
  } else if (values.action === 'block' && destinations === 1) {
    report.error("has action 'block' and a destination: remove option 'interface' or 'mark'");
  } else if (values.local === 'bind' && values.interface === undefined) {
    report.error("there is no option 'interface' to bind to", 'local', values.local);
  }
  if (values.community.length > COMMUNITIES_MAX) {
    report.error(
      `has ${values.community.length} values: ${COMMUNITIES_MAX} are the most`,
      'community',
    );
  } else if (values.community.length > 0 && !values.announce) {
    report.warn("has no effect without option 'announce'", 'community');
  }
  if (values.announce && values.action !== 'route') {
    report.warn(`has no effect with action '${values.action}'`, 'announce');
  }
}

function withoutDuplicates(
  domains: readonly DomainPattern[],
  report: Reporter,
): readonly DomainPattern[] {
  const seen = new Set<string>();
  return domains.filter((domain) => {
    const key = keyOf(domain);
    if (seen.has(key)) report.warn('is given twice', 'domain', formatDomainPattern(domain));
    return seen.size !== seen.add(key).size;
  });
}

/** Finds domains that an earlier rule takes from every client and for every address. */
export class ReachCheck {
  readonly #first = new Map<string, Rule>();

  /** Rules come in the order of the file. */
  add(rule: Rule, report: Reporter): void {
    if (!rule.enabled) return;
    for (const domain of rule.domains) {
      const key = keyOf(domain);
      const first = this.#first.get(key);
      // a rule without `private` leaves private addresses to those behind it
      if (first !== undefined && (first.private || !rule.private)) {
        report.warn(
          `is never reached: rule '${first.section}' names it first`,
          'domain',
          formatDomainPattern(domain),
        );
      } else if (rule.clients.length === 0) {
        this.#first.set(key, rule);
      }
    }
  }
}

/** Equal for equal patterns. */
function keyOf({ name, exact }: DomainPattern): string {
  return (exact ? 'exact ' : 'below ') + Buffer.from(name).toString('latin1');
}
