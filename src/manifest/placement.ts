import type { Affinity, Service } from '../model/grid.ts';
import { parseAffinity } from './affinity.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseAt, parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

/** Where instances may be: Kontena's `affinity` and `strategy`, or what Compose has for them. */
export function readPlacement(
  section: Section<ServiceEntry>,
): Pick<Service, 'affinity' | 'strategy'> {
  const written = parseEach(section, 'affinity', section.value.affinity, parseAffinity);
  const affinity = [...written.map((one) => one.value), ...readConstraints(section)];
  return { affinity, strategy: readStrategy(section) };
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
