import type { Affinity, Service } from '../model/grid.ts';
import { containerName, type InstanceId, servicePath } from '../model/identity.ts';
import type { HostNode } from './host-nodes.ts';
import { expressionIn, type TextMatch, textMatch } from './pattern.ts';
import { oneLine } from './printable.ts';

/** What is shown of a rule. */
const LONGEST_RULE = 200;

/** An affinity that was made ready to be asked, for one instance number. */
export interface Rule {
  /** As it is written: `label==az=eu-1a`. */
  readonly text: string;
  readonly key: Affinity['key'];
  readonly negated: boolean;
  readonly soft: boolean;
  readonly value: string;
  /** `null`: the expression in it was refused. No node satisfies such a rule, and none violates it. */
  readonly matches: TextMatch | null;
}

/** The instances that stay on a node, without the one that asks whether it may be there too. */
export interface Company {
  has(stack: string, service: string): boolean;
  some(test: (id: InstanceId) => boolean): boolean;
}

/** A node in the eyes of an instance. */
export interface Viewpoint {
  readonly asking: InstanceId;
  readonly host: HostNode;
  readonly company: Company;
}

const nobody: Company = { has: () => false, some: () => false };

/** Makes a list of rules ready once, however many instances and plans ask for it, unless it has instance numbers in it. */
export class Rulebook {
  readonly #rules = new WeakMap<readonly Affinity[], readonly Rule[]>();

  /** A service's own rules, or where it has none the grid's; `%s` is the instance's number, `%%` a per cent sign. */
  rulesFor(service: Service, number: number, defaults: readonly Affinity[]): readonly Rule[] {
    const rules = this.#written(service, number, defaults);
    const { beside = [] } = service;
    if (beside.length === 0) return rules;
    return [...rules, ...beside.map((one) => ruleOf(one, number))];
  }

  #written(service: Service, number: number, defaults: readonly Affinity[]): readonly Rule[] {
    const affinity = service.affinity.length > 0 ? service.affinity : defaults;
    const known = this.#rules.get(affinity);
    if (known !== undefined) return known;
    const rules = affinity.map((one) => ruleOf(one, number));
    if (!affinity.some(({ value }) => value.includes('%'))) this.#rules.set(affinity, rules);
    return rules;
  }
}

/** Whether the answer depends on which instances are on the node, not on the node alone. */
export function isRelational(rule: Rule): boolean {
  return rule.key === 'service' || rule.key === 'container';
}

/** Whether a node satisfies a rule. */
export function satisfies(rule: Rule, at: Viewpoint): boolean {
  const { matches } = rule;
  if (matches === null) return false;
  return isMatched(rule, matches, at) !== rule.negated;
}

/**
 * Whether a running instance has to leave a node because of a rule. Only rules on nodes and labels drive one away: rules on
 * services and containers depend on where others happen to be, and two services could chase each other for ever.
 */
export function drivesAway(rule: Rule, asking: InstanceId, host: HostNode): boolean {
  if (rule.soft || rule.matches === null || isRelational(rule) || host.facts === null) return false;
  return !satisfies(rule, { asking, host, company: nobody });
}

function ruleOf(affinity: Affinity, number: number): Rule {
  const value = affinity.value.replaceAll(/%[s%]/g, (found) =>
    found === '%s' ? String(number) : '%',
  );
  const operator = `${affinity.negated ? '!=' : '=='}${affinity.soft ? '~' : ''}`;
  return {
    text: oneLine(`${affinity.key}${operator}${value}`, LONGEST_RULE),
    key: affinity.key,
    negated: affinity.negated,
    soft: affinity.soft,
    value,
    matches: textMatch(value),
  };
}

function isMatched(rule: Rule, matches: TextMatch, { asking, host, company }: Viewpoint): boolean {
  switch (rule.key) {
    case 'node':
      return matches(host.name);
    case 'label':
      return matchesLabel(rule, matches, host.labels);
    case 'service':
      return matchesService(rule, matches, asking, company);
    case 'container':
      return company.some((other) => matches(containerName(other)));
  }
}

function matchesLabel({ value }: Rule, matches: TextMatch, labels: ReadonlySet<string>): boolean {
  if (expressionIn(value) === null) return labels.has(value);
  for (const label of labels) if (matches(label)) return true;
  return false;
}

/** A value with a slash means `stack/service`; else services of the asker's own stack are meant, by their name. */
function matchesService(
  { value }: Rule,
  matches: TextMatch,
  asking: InstanceId,
  company: Company,
): boolean {
  const source = expressionIn(value);
  if (source === null) {
    const [service = '', stack = asking.stack] = value.split('/', 2).toReversed();
    return company.has(stack, service);
  }
  return company.some((other) => {
    if (source.includes('/')) return matches(servicePath(other));
    return other.stack === asking.stack && matches(other.service);
  });
}
