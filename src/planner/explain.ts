import { instancePath, servicePath } from '../model/identity.ts';
import type { Failure } from '../model/observed.ts';
import {
  type Blocked,
  explainMode,
  type Halted,
  isConverged,
  type Plan,
  type RolledBack,
  type Step,
} from '../model/plan.ts';
import { oneLine, printable } from './printable.ts';

/** A plan for ten thousand instances is not read line by line. */
const MOST_LINES = 200;
const LONGEST_LINE = 300;
const MOST_NAMES = 5;

/** A plan as text of several lines, for terminals and pages: first what needs a person, then what is destroyed, then the rest. */
export function explainPlan(plan: Plan): string {
  const title = `Plan ${plan.hash.slice(0, 12)} for ${plan.grid} at ${plan.revision.slice(0, 7)}`;
  const sections = [
    confirmation(plan),
    section('Removes', removes(plan)),
    ...waves(plan),
    section('Rolled back', (plan.rolledBack ?? []).flatMap(rolledBackLines)),
    section('Stopped', plan.halted.flatMap(haltedLines)),
    section('Blocked', blockedLines(plan.blocked)),
    section(
      'Waiting',
      plan.waiting.map((waiting) => `  ${instancePath(waiting)}: ${waiting.reason}`),
    ),
    section(
      'Warnings',
      plan.warnings.map((warning) => `  ${warning}`),
    ),
  ];
  const lines = [`${title}: ${summarise(plan)}`, ...sections.flat()];
  return lines.map(printable).join('\n');
}

/** A plan on one line: "2 to create, 1 to replace, 1 to remove; 1 blocked". */
export function summarise(plan: Plan): string {
  if (isConverged(plan)) return 'nothing to do';
  const steps = plan.waves.flatMap((wave) => wave.steps);
  const count = (kind: Step['kind']) => steps.filter((step) => step.kind === kind).length;
  const todo = [
    counted(count('create'), 'to create'),
    counted(count('replace'), 'to replace'),
    counted(count('remove'), 'to remove'),
  ].filter((part) => part !== null);
  const { length: services } = plan.halted;
  const rest = [
    todo.length === 0 ? null : todo.join(', '),
    counted(services, services === 1 ? 'rollout stopped' : 'rollouts stopped'),
    counted(plan.rolledBack?.length ?? 0, 'rolled back'),
    counted(plan.blocked.length, 'blocked'),
    counted(plan.waiting.length, 'waiting'),
    plan.confirmation === null ? null : 'needs confirmation',
  ];
  return rest.filter((part) => part !== null).join('; ');
}

function counted(count: number, what: string): string | null {
  return count === 0 ? null : `${count} ${what}`;
}

/** A headline with its lines below, after an empty one; nothing when there are no lines. */
function section(headline: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, MOST_LINES);
  const more = lines.length - shown.length;
  return ['', headline, ...shown, ...(more > 0 ? [`  … ${more} more lines`] : [])];
}

function confirmation({ confirmation: asked }: Plan): readonly string[] {
  if (asked === null) return [];
  const headline = `Needs confirmation: ${asked.reason}`;
  return section(
    headline,
    asked.removes.map((path) => `  - ${path}`),
  );
}

function removes(plan: Plan): readonly string[] {
  return plan.waves.flatMap(({ steps }, at) =>
    steps.flatMap((step) => {
      if (step.kind !== 'remove') return [];
      const stateful = step.stateful ? ' (stateful; its volumes stay)' : '';
      const when = plan.waves.length > 1 ? `, wave ${at + 1}` : '';
      return [`  - ${instancePath(step)} on ${step.node}${when}: ${step.reason}${stateful}`];
    }),
  );
}

/** Of very many waves, the first lines. */
function waves(plan: Plan): readonly (readonly string[])[] {
  let room = MOST_LINES;
  let left = 0;
  const sections = plan.waves.map(({ steps }, at) => {
    const lines = steps.flatMap(startLine);
    const shown = lines.slice(0, room);
    room -= shown.length;
    left += lines.length - shown.length;
    return section(`Wave ${at + 1}`, shown);
  });
  return left === 0 ? sections : [...sections, [`  … ${left} more lines`]];
}

function startLine(step: Step): readonly string[] {
  if (step.kind === 'remove') return [];
  const sign = step.kind === 'create' ? '+' : '~';
  const mode = step.kind === 'replace' ? ` (${explainMode(step)})` : '';
  return [`  ${sign} ${instancePath(step)} on ${step.node}: ${step.reason}${mode}`];
}

/** Instances that are blocked by the same are told of together. */
function blockedLines(all: readonly Blocked[]): readonly string[] {
  const groups = new Map<string, Blocked[]>();
  for (const blocked of all) {
    const key = JSON.stringify([blocked.reason, blocked.excluded]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [blocked]);
    else group.push(blocked);
  }
  return [...groups.values()].flatMap((group) => [
    `  ${shortList(group.map(instancePath))}: ${group[0]?.reason ?? ''}`,
    ...(group[0]?.excluded ?? []).map(
      ({ filter, nodes, reason }) => `      ${filter}: ${reason} (${shortList(nodes)})`,
    ),
  ]);
}

function haltedLines(halted: Halted): readonly string[] {
  const { failure, node, remaining, notRolledBack } = halted;
  const untouched =
    remaining === 0 ? '' : `; ${remaining} more step${remaining === 1 ? '' : 's'} not taken`;
  return [
    `  ${instancePath(halted)} on ${node}: ${failureText(failure)}${untouched}`,
    ...(notRolledBack === undefined ? [] : [`      not rolled back: ${notRolledBack}`]),
    ...failure.log.map((line) => `      | ${oneLine(line, LONGEST_LINE)}`),
  ];
}

function rolledBackLines(one: RolledBack): readonly string[] {
  const { failure, node, specHash, revision } = one;
  const path = servicePath(one);
  return [
    `  ${path} runs the spec of ${revision.slice(0, 7)} again and diverges from git until a commit changes it`,
    `      ${instancePath(one)} on ${node} with ${specHash.slice(0, 7)}: ${failureText(failure)}`,
    ...failure.log.map((line) => `      | ${oneLine(line, LONGEST_LINE)}`),
  ];
}

function failureText({ code, message, exitCode, count }: Failure): string {
  const details = [
    code,
    exitCode === null ? null : `exit code ${exitCode}`,
    count > 1 ? `${count} times` : null,
  ].filter((detail) => detail !== null);
  return `${oneLine(message, LONGEST_LINE)} (${details.join(', ')})`;
}

function shortList(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
