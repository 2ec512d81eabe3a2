import type { Affinity, Service } from '../model/grid.ts';
import { parseAffinity } from './affinity.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate } from './tree.ts';

/** Where instances may be: Kontena's `affinity` and `strategy`, or what Compose has for them. */
export function readPlacement(
  section: Section<ServiceEntry>,
  own: OwnServices,
): Pick<Service, 'affinity' | 'strategy'> {
  const written = parseEach(section, 'affinity', section.value.affinity, parseAffinity);
  const rules = written.map(({ value, path }) =>
    settleCompany(value, own, (fault) => section.report.warn(locate(section.node, path), fault)),
  );
  return { affinity: [...rules, ...readConstraints(section)], strategy: readStrategy(section) };
}

/** A stack, and all services that it has. */
interface OwnServices {
  readonly stack: string;
  readonly names: readonly string[];
}

/** A rule on a service without a stack means one of the own stack: as planners know it, or with a warning that there is none. */
function settleCompany(
  rule: Affinity,
  { stack, names }: OwnServices,
  warn: (fault: Fault) => void,
): Affinity {
  const { key, value, negated } = rule;
  if (key !== 'service' || /[/%]/.test(value) || names.includes(value)) return rule;
  // In Kontena's apps a service was called `<project>-<service>` outside of its file.
  const plain = value.startsWith(`${stack}-`) ? value.slice(stack.length + 1) : '';
  if (names.includes(plain)) return { ...rule, value: plain };
  const effect = negated ? 'nothing is kept away' : 'no node satisfies that';
  const { hint } = didYouMean(value, names);
  warn({
    code: 'unknown-service',
    message: `no service of this stack is called ${quote(value)}: ${effect}`,
    hint: hint ?? 'Write "service==STACK/SERVICE" for a service of another stack.',
  });
  return rule;
}

const modes = { replicated: 'ha', global: 'daemon' } as const;

function readStrategy({ value, node, report }: Section<ServiceEntry>): Service['strategy'] {
  const { mode, strategy } = value.deploy ?? {};
  if (mode === undefined) return strategy ?? 'ha';
  if (strategy === undefined) return modes[mode];
  if ((mode === 'global') !== (strategy === 'daemon')) {
    const message = `the mode ${quote(mode)} and the strategy ${quote(strategy)} say different things`;
    const hint = 'Keep "strategy" only; "daemon" is on every matching node.';
    const at = locate(node, ['deploy', 'mode']);
    report.error(at, { code: 'conflicting-keys', message, hint });
  }
  return strategy;
}

function readConstraints(section: Section<ServiceEntry>): readonly Affinity[] {
  const constraints = section.value.deploy?.placement?.constraints ?? [];
  return constraints.flatMap((text, index) => {
    const path = ['deploy', 'placement', 'constraints', index];
    return parseAt(section, path, text, parseConstraint) ?? [];
  });
}

/** Swarm's `node.hostname==x` and `node.labels.x==y`, blanks allowed, as an affinity. */
export function parseConstraint(text: string): Parsed<Affinity> {
  const match = /^node\.(?:(hostname)|labels\.(\S+?))\s*(==|!=)\s*(\S.*)$/.exec(text.trim());
  const [, hostname, label, operator = '', value = ''] = match ?? [];
  if (hostname !== undefined) return parseAffinity(`node${operator}${value}`);
  if (label !== undefined) return parseAffinity(`label${operator}${label}=${value}`);
  const message = `the constraint ${quote(text)} asks for what only Swarm knows of its nodes`;
  const hint =
    'Write "node.labels.NAME==VALUE" or "node.hostname==NAME", and give nodes labels in grid.yml.';
  return { fault: { code: 'bad-affinity', message, hint } };
}
