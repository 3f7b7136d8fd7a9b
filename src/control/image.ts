/** From a compiled rule set to its image in the kernel: marks, interfaces and clients as numbers. */
import {
  ACTION_ANNOUNCE,
  ACTION_BLOCK,
  ACTION_DROP,
  ACTION_FALLBACK_MAIN,
  ACTION_LOCAL_BIND,
  ACTION_LOCAL_MARK,
  ACTION_PRIVATE,
  type RuleCell,
  type RuleImage,
} from '../datapath/index.ts';
import { clientOfInterface, clientOfMac } from '../model/client.ts';
import { markOfIndex } from '../model/mark.ts';
import type { Prefix } from '../model/prefix.ts';
import type { Diagnostic, MainOptions, Rule } from '../model/rule.ts';
import type { RuleSet } from '../rules/compile.ts';
import type { Interfaces, ResolveInterface } from './interfaces.ts';
import { targetKeyOf, type TargetKey } from './targets.ts';

export interface ImageInput {
  readonly main: MainOptions;
  readonly interfaces: Pick<Interfaces, 'resolve' | 'uplink'>;
  readonly targets: ReadonlyMap<TargetKey, number>;
}

const WHOLE = 128;

function clientsOf(rule: Rule, resolve: ResolveInterface): readonly Prefix[] | undefined {
  if (rule.clients.length === 0) return undefined;
  return rule.clients.flatMap((client): Prefix[] => {
    switch (client.kind) {
      case 'prefix':
        return [client.prefix];
      case 'mac':
        return [{ address: clientOfMac(client.mac), length: WHOLE }];
      case 'interface': {
        const device = resolve(client.name);
        if (device === undefined) return [];
        return [{ address: clientOfInterface(device.ifindex), length: WHOLE }];
      }
    }
  });
}

/**
 * Both mark: where there is nothing to bind to, a socket without the mark would leak. Of a rule that marks nothing,
 * sockets lose the mark that another rule gave them.
 */
function localFlags(rule: Rule, mask: number): number {
  if (rule.local === 'off' || mask === 0) return 0;
  const bind = rule.local === 'bind' && rule.action === 'route';
  return bind ? ACTION_LOCAL_BIND : ACTION_LOCAL_MARK;
}

function cellOf(rule: Rule, next: number, { main, interfaces, targets }: ImageInput): RuleCell {
  const target = targetKeyOf(rule);
  const own =
    target === undefined
      ? (rule.mark ?? { value: 0, mask: 0 })
      : { value: markOfIndex(main.markMask, targets.get(target) ?? 0), mask: main.markMask };
  const name = rule.action === 'route' ? (rule.interface ?? '') : '';
  return {
    section: rule.section,
    next,
    mark: own.value,
    mask: own.mask,
    ifindex: rule.local === 'bind' ? (interfaces.uplink(name)?.ifindex ?? 0) : 0,
    flags:
      (rule.private ? ACTION_PRIVATE : 0) |
      (rule.action === 'block' ? ACTION_BLOCK : 0) |
      (name !== '' && rule.fallback === 'main' ? ACTION_FALLBACK_MAIN : 0) |
      (rule.onChange === 'drop' ? ACTION_DROP : 0) |
      (rule.announce && rule.action === 'route' ? ACTION_ANNOUNCE : 0) |
      localFlags(rule, own.mask),
    interface: name,
    clients: clientsOf(rule, interfaces.resolve),
  };
}

/** The image of a rule set. */
export function imageOf(rules: RuleSet, input: ImageInput): RuleImage {
  const { count, keys, cells, maxLabels, levels } = rules;
  const actions = rules.actions.map(({ rule, next }) => cellOf(rule, next, input));
  return { count, keys, cells, maxLabels, levels, actions };
}

/** What of the enabled rules cannot be done now: interfaces that are missing, actions that nobody carries out. */
export function ruleDiagnostics(rules: readonly Rule[], resolve: ResolveInterface): Diagnostic[] {
  return rules.flatMap((rule) => {
    const { section, enabled, action, interface: name, fallback, clients } = rule;
    if (!enabled) return [];
    const warn = (option: string, value: string, message: string): Diagnostic[] => [
      { severity: 'warning', type: 'rule', section, option, value, message },
    ];
    const missing = (option: string, interfaceName: string, message: string): Diagnostic[] =>
      resolve(interfaceName.replace('@', '')) === undefined
        ? warn(option, interfaceName, message)
        : [];
    const state =
      fallback === 'block'
        ? 'is not there: what the rule takes is unreachable until it is'
        : 'is not there: what the rule takes goes by the main table until it is';
    return [
      ...(name !== undefined && action === 'route' ? missing('interface', name, state) : []),
      ...(action === 'proxy' ? warn('action', action, 'is not supported: nothing is steered') : []),
      ...(rule.address === 'fake'
        ? warn('address', 'fake', "is not supported: taken as 'real'")
        : []),
      ...clients.flatMap((client) =>
        client.kind === 'interface'
          ? missing('client', `@${client.name}`, 'is not there: nobody is behind it')
          : [],
      ),
    ];
  });
}
