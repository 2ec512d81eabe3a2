import type { Service } from '../model/grid.ts';
import { compareText, instancePath, servicePath } from '../model/identity.ts';
import type { Plan, Step, StepKind } from '../model/plan.ts';
import { losesData, PLAIN_REMOVAL, type PreviewedStep } from '../model/preview.ts';
import { showMarks } from '../model/secret.ts';
import { type Home, type Homes, ownVolumes } from './lost-data.ts';
import { nameList, oneLine } from './printable.ts';

const LONGEST_REASON = 300;

interface Scene {
  readonly plan: Plan;
  /** What the merge result wants, by service path. */
  readonly services: ReadonlyMap<string, Service>;
  readonly homes: Homes;
  /** Whether the request changes a service. */
  readonly isChanged: (path: string) => boolean;
}

/** Everything that would be done, also what a person has to confirm first: what is lost comes before the rest. */
export function previewSteps(scene: Scene): readonly PreviewedStep[] {
  const steps = scene.plan.waves.flatMap(({ steps: all }, at) =>
    all.map((step) => ({ step, wave: at + 1 })),
  );
  const going = new Map<string, string>();
  for (const { step } of steps)
    if (step.kind !== 'remove') going.set(instancePath(step), step.node);
  const taken = steps.map(({ step, wave }) => previewStep(step, { wave, going, scene }));
  return [...taken, ...heldRemovals(scene)].toSorted(compareSteps);
}

/** Total order: loss of data, removals, the rest; then by kind, path, node and wave. */
export function compareSteps(a: PreviewedStep, b: PreviewedStep): number {
  return (
    rankOf(a) - rankOf(b) ||
    kinds[a.kind] - kinds[b.kind] ||
    comparePaths(a.path, b.path) ||
    compareText(a.node ?? '', b.node ?? '') ||
    (a.wave ?? 0) - (b.wave ?? 0)
  );
}

const kinds: Readonly<Record<StepKind, number>> = { remove: 0, replace: 1, create: 2 };

function rankOf(step: PreviewedStep): number {
  if (step.danger === null) return 2;
  return losesData(step) ? 0 : 1;
}

/** Instance numbers as numbers. */
function comparePaths(a: string, b: string): number {
  const [stem, number] = split(a);
  const [otherStem, otherNumber] = split(b);
  return compareText(stem, otherStem) || number - otherNumber;
}

function split(path: string): readonly [string, number] {
  const at = path.lastIndexOf('-');
  return [path.slice(0, at), Number(path.slice(at + 1))];
}

interface Around {
  readonly wave: number;
  /** Where instances are created or replaced. */
  readonly going: ReadonlyMap<string, string>;
  readonly scene: Scene;
}

function previewStep(step: Step, { wave, going, scene }: Around): PreviewedStep {
  const path = instancePath(step);
  const homes = scene.homes.get(path) ?? [];
  return {
    kind: step.kind,
    path,
    node: step.node,
    wave,
    reason: oneLine(showMarks(step.reason), LONGEST_REASON),
    danger: dangerOf(step, { homes, going: going.get(path), service: serviceOf(step, scene) }),
    downtime: downtimeOf(step),
    isDueAnyway: !scene.isChanged(servicePath(step)),
  };
}

function serviceOf(step: Step, { services }: Scene): Service | undefined {
  return services.get(servicePath(step));
}

function downtimeOf(step: Step): string | null {
  if (step.kind !== 'replace' || step.mode !== 'stop-first') return null;
  return step.because === undefined
    ? 'it stops before the new one starts'
    : `it stops before the new one starts: both need ${oneLine(step.because, LONGEST_REASON)}`;
}

interface Situation {
  readonly homes: readonly Home[];
  /** Where the instance is created or replaced. */
  readonly going: string | undefined;
  readonly service: Service | undefined;
}

function dangerOf(step: Step, situation: Situation): string | null {
  if (step.kind === 'create') return creationDanger(step, situation);
  if (step.kind === 'replace') return replacementDanger(step, situation);
  const home = situation.homes.find(({ node }) => node === step.node);
  const isMove =
    situation.going !== undefined || situation.homes.some(({ node }) => node !== step.node);
  const volumes = home?.volumes ?? [];
  if (volumes.length > 0)
    return `${isMove ? 'moves away' : 'removed'}; ${stays(volumes, step.node)}`;
  if (step.stateful)
    return `${isMove ? 'moves away' : 'removed'}, and it is stateful: its data stays on ${step.node}`;
  return isMove ? null : PLAIN_REMOVAL;
}

/** It starts without what it had elsewhere. The removal there, if there is one, says so too: it may come much later. */
function creationDanger(step: Step, { homes }: Situation): string | null {
  const left = homes.find(
    ({ node, stateful, volumes }) => node !== step.node && (stateful || volumes.length > 0),
  );
  if (left === undefined || homes.some(({ node }) => node === step.node)) return null;
  const what =
    left.volumes.length > 0 ? stays(left.volumes, left.node) : `its data stays on ${left.node}`;
  return `starts on ${step.node} without its data; ${what}`;
}

function replacementDanger(step: Step, { homes, service }: Situation): string | null {
  const home = homes.find(({ node }) => node === step.node);
  if (home === undefined || service === undefined) return null;
  const used = ownVolumes(step, service.spec, service.stateful);
  const lost = home.volumes.filter((name) => !used.includes(name));
  return lost.length === 0 ? null : `does not use its data any more; ${stays(lost, step.node)}`;
}

function stays(volumes: readonly string[], node: string): string {
  const what = volumes.length === 1 ? 'volume' : 'volumes';
  return `${what} ${nameList(volumes)} ${volumes.length === 1 ? 'stays' : 'stay'} on ${node}, used by nothing`;
}

/** They are in no wave until somebody confirms them. */
function heldRemovals({ plan, homes, isChanged }: Scene): readonly PreviewedStep[] {
  return (plan.confirmation?.removes ?? []).flatMap((path) => {
    const known = homes.get(path) ?? [];
    const spots: readonly (Home | null)[] = known.length === 0 ? [null] : known;
    return spots.map((home) => ({
      kind: 'remove' as const,
      path,
      node: home?.node ?? null,
      wave: null,
      reason: 'waits for confirmation',
      danger: heldDanger(home),
      downtime: null,
      isDueAnyway: !isChanged(path.slice(0, path.lastIndexOf('-'))),
    }));
  });
}

function heldDanger(home: Home | null): string {
  if (home === null) return PLAIN_REMOVAL;
  if (home.volumes.length > 0) return `removed; ${stays(home.volumes, home.node)}`;
  return home.stateful
    ? `removed, and it is stateful: its data stays on ${home.node}`
    : PLAIN_REMOVAL;
}
