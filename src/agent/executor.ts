import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerStep, ContainerStepKind, ContainerStepOf } from '../model/container.ts';
import { GridError } from '../model/error.ts';
import { hooksInside } from '../model/hook.ts';
import { containerName } from '../model/identity.ts';
import type { ContainerFacts, PlacedInstance } from './containers.ts';
import { exitMessage } from './exit-message.ts';
import { clearHook, endHook, execHook, runHook } from './hook-run.ts';
import { endRun, missRun, startRun, stopRun } from './job-run.ts';
import type { Lanes } from './lanes.ts';
import { lastLines } from './last-lines.ts';
import { placedInstance } from './placed-instance.ts';
import type { Work } from './work.ts';

type Executor = {
  readonly [K in ContainerStepKind]: (step: ContainerStepOf<K>, work: Work) => Promise<void>;
};

/** Step → effect. Every effect is idempotent: a step that was done but not noticed may be done again. */
const executor: Executor = {
  'pull-image': pullImage,
  'create-container': createContainer,
  'start-container': startContainer,
  'drain-container': (step, work) => work.drain(step.container),
  'stop-container': (step, work) => work.containers.stop(step.container, step.grace, work.signal),
  'remove-container': (step, work) => work.containers.remove(step.container),
  'rename-container': renameContainer,
  'run-hook': runHook,
  'end-hook': endHook,
  'clear-hook': clearHook,
  'exec-hook': execHook,
  'give-up-container': giveUpContainer,
  'unpause-container': (step, work) => work.containers.unpause(step.container),
  'mend-container': mendContainer,
  'start-run': startRun,
  'stop-run': stopRun,
  'end-run': endRun,
  'miss-run': missRun,
};

/** Which lane a step waits in. */
export const laneOf: Readonly<Record<ContainerStepKind, keyof Lanes>> = {
  'pull-image': 'pull',
  'create-container': 'change',
  'start-container': 'change',
  'drain-container': 'hook',
  'stop-container': 'stop',
  'remove-container': 'change',
  'rename-container': 'change',
  'run-hook': 'change',
  'end-hook': 'change',
  'clear-hook': 'change',
  'exec-hook': 'hook',
  'give-up-container': 'look',
  'unpause-container': 'change',
  'mend-container': 'change',
  'start-run': 'change',
  'stop-run': 'stop',
  'end-run': 'change',
  'miss-run': 'look',
};

/** Throws `GridError` as the engine's ports do. */
export async function execute(step: ContainerStep, work: Work): Promise<void> {
  const effect = executor[step.kind] as (step: ContainerStep, work: Work) => Promise<void>;
  await effect(step, work);
}

async function pullImage(step: ContainerStepOf<'pull-image'>, work: Work): Promise<void> {
  const onProgress = (percent: number): void =>
    work.onProgress(`pulling ${step.image}: ${percent} %`);
  const platform = work.instance?.spec.extras?.platform;
  await work.engine.pull(step.image, { platform, onProgress, signal: work.signal });
}

/**
 * The wanted name may be held by a container that is not ours to touch (another node on this engine, somebody's own): then
 * the next name is taken, and the right one later, when it is free.
 */
async function createContainer(
  step: ContainerStepOf<'create-container'>,
  work: Work,
): Promise<void> {
  const { scope, instance } = work;
  if (instance === null) return;
  const placed = await placedInstance(instance, work);
  if (placed === null) return;
  const second = `${containerName(instance)}.${instance.specHash}`;
  const names = new Set([step.name, second, `${second}.${scope.node}`]);
  for (const [index, candidate] of [...names].entries()) {
    try {
      const id = await work.containers.create(scope, ofRun(placed, step), candidate);
      work.onCreated(createdContainer(id, candidate, ofRun(instance, step)));
      return;
    } catch (error) {
      if (!isCoded(error, 'name-taken') || index === names.size - 1) throw error;
    }
  }
}

function ofRun<T extends AssignedInstance>(
  instance: T,
  { run }: ContainerStepOf<'create-container'>,
): T & PlacedInstance {
  return run === undefined ? instance : { ...instance, run };
}

function createdContainer(id: string, name: string, instance: PlacedInstance): ContainerFacts {
  const { stack, service, number, specHash, revision, spec } = instance;
  const { stopGracePeriod, waitForPort, healthCheck } = spec;
  return {
    stack,
    service,
    number,
    specHash,
    revision,
    stopGracePeriod,
    waitForPort,
    healthCheck,
    hooks: hooksInside(spec.hooks, number),
    hookRun: null,
    run: instance.run ?? null,
    id,
    name,
    phase: 'created',
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    outOfMemory: false,
    address: null,
    engineHealth: null,
    engineMessage: '',
    presence: null,
  };
}

async function startContainer(step: ContainerStepOf<'start-container'>, work: Work): Promise<void> {
  const container = work.snapshots.find((one) => one.id === step.container);
  const { instance } = work;
  // They may have been lost since it was created.
  if (instance !== null && container?.specHash === instance.specHash)
    await work.files.place(instance.spec);
  if (container?.phase === 'exited') work.memory.restarting(container, work.clock.now());
  await work.containers.start(step.container);
}

async function renameContainer(
  step: ContainerStepOf<'rename-container'>,
  work: Work,
): Promise<void> {
  try {
    await work.containers.rename(step.container, step.name);
  } catch (error) {
    if (!isCoded(error, 'name-taken')) throw error;
    work.memory.renameRefused(work.clock.now());
  }
}

/** What cannot be changed back while it runs is replaced. */
async function mendContainer(step: ContainerStepOf<'mend-container'>, work: Work): Promise<void> {
  const { scope, instance, containers } = work;
  if (instance === null) return;
  try {
    await containers.mend(scope, step.container, { instance, deviations: step.deviations });
  } catch (error) {
    if (!isCoded(error, 'engine-refused') && !isCoded(error, 'not-found')) throw error;
    work.onMendRefused(step.container);
  }
}

async function giveUpContainer(
  step: ContainerStepOf<'give-up-container'>,
  work: Work,
): Promise<void> {
  const facts = work.facts.find((one) => one.id === step.container);
  const log = await lastLines(work.containers, step.container);
  const message = facts === undefined ? step.reason : failureMessage(step, facts, work);
  const exitCode = facts?.exitCode ?? null;
  work.memory.failed({ code: step.code, message, exitCode, log }, step.container, work.clock.now());
}

function failureMessage(
  step: ContainerStepOf<'give-up-container'>,
  facts: ContainerFacts,
  work: Work,
): string {
  if (step.code === 'container-exited') return `${exitMessage(facts)} before it was ready`;
  const seconds = Math.round((work.clock.now() - (facts.startedAt ?? work.clock.now())) / 1_000);
  const why = work.explain(step.container);
  return `the container was not ready after ${seconds} s${why === '' ? '' : `: ${why}`}`;
}

function isCoded(error: unknown, code: GridError['code']): boolean {
  return error instanceof GridError && error.code === code;
}
