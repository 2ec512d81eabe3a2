import type { AssignedInstance } from '../../src/model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../../src/model/container.ts';
import { type AttemptHistory, freshHistory } from '../../src/planner/attempt-history.ts';
import type { ContainerDecision } from '../../src/planner/container-decision.ts';
import type { HookHistory } from '../../src/planner/hook-steps.ts';
import { aSpec, NOW } from '../support/builders.ts';

export const noHooks: HookHistory = { done: [], containers: [] };
export const NAME = 'shop.web-1';
export const OLD = '1111111111111111';
export const NEW = '2222222222222222';

export function wanting(overrides: Partial<AssignedInstance> = {}): AssignedInstance {
  return {
    stack: 'shop',
    service: 'web',
    number: 1,
    stateful: false,
    spec: aSpec({ image: 'web:2' }),
    specHash: NEW,
    revision: 'c0ffee',
    mode: 'start-first',
    ...overrides,
  };
}

/** Runs and serves, on the wanted spec. */
export function aContainer(overrides: Partial<ContainerSnapshot> = {}): ContainerSnapshot {
  return {
    stack: 'shop',
    service: 'web',
    number: 1,
    id: 'new',
    name: NAME,
    specHash: NEW,
    revision: 'c0ffee',
    phase: 'running',
    startedAt: NOW - 60_000,
    finishedAt: null,
    exitCode: null,
    stopGracePeriod: 10,
    readiness: 'ready',
    served: true,
    watched: true,
    health: 'unknown',
    failedChecks: 0,
    hooks: [],
    attempted: [],
    run: null,
    ...overrides,
  };
}

export const oldOne = (overrides: Partial<ContainerSnapshot> = {}): ContainerSnapshot =>
  aContainer({ id: 'old', specHash: OLD, ...overrides });
export const starting = { readiness: 'pending', served: false, name: `${NAME}.${NEW}` } as const;
export const exited = {
  phase: 'exited',
  readiness: 'pending',
  exitCode: 1,
  finishedAt: NOW,
} as const;
export const created = {
  phase: 'created',
  readiness: 'pending',
  served: false,
  startedAt: null,
} as const;

export const paused = { phase: 'paused', readiness: 'pending' } as const;
export const another = (overrides: Partial<ContainerSnapshot> = {}): ContainerSnapshot =>
  aContainer({ id: 'another', name: `${NAME}.${NEW}`, ...overrides });

export interface Case {
  readonly wanted?: AssignedInstance | 'kept' | null;
  readonly containers?: readonly ContainerSnapshot[];
  readonly history?: Partial<AttemptHistory>;
  readonly hooks?: Partial<HookHistory>;
  readonly lacking?: string;
  readonly now?: number;
}

export function situationOf({ wanted = wanting(), containers = [], history = {}, ...rest }: Case) {
  const hooks = { ...noHooks, ...rest.hooks };
  const { lacking = null, now = NOW } = rest;
  return { wanted, containers, history: { ...freshHistory, ...history }, hooks, lacking, now };
}

/** Steps as `kind target`, waits as seconds from now. */
export function told(decision: ContainerDecision): string | string[] {
  if (decision.kind === 'steps') return decision.steps.map(toldStep);
  const seconds = decision.until === null ? '' : ` ${(decision.until - NOW) / 1_000} s`;
  return `${decision.kind}${seconds}`;
}

export function toldStep(step: ContainerStep): string {
  const verb = step.kind.replace(/-(container|image)$/, '');
  if (step.kind === 'pull-image') return `${verb} ${step.image}`;
  if (step.kind === 'create-container') return `${verb} ${step.name}`;
  if ('hook' in step) return `${step.kind} ${step.hook.name}`;
  if (step.kind === 'stop-container') return `${verb} ${step.container} in ${step.grace} s`;
  return `${verb} ${step.container}`;
}
