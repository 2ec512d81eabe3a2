import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../model/container.ts';
import type { AttemptHistory } from './attempt-history.ts';
import { type HookHistory, preStopSteps } from './hook-steps.ts';
import type { JobHistory } from './job-due.ts';

export interface ContainerSituation {
  /** `null`: not assigned to this node (any more). `kept`: what runs shall run on, although nobody knows its spec. */
  readonly wanted: AssignedInstance | 'kept' | null;
  /** Every container of this instance on this node, but for those of hooks. */
  readonly containers: readonly ContainerSnapshot[];
  readonly hooks: HookHistory;
  readonly history: AttemptHistory;
  /** Name of an instance whose volumes it takes and that has no container to take them from; `null`: nothing is missing. */
  readonly lacking: string | null;
  /** What is known of its runs when it is a job. */
  readonly past?: JobHistory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What to do next: steps in order, or nothing until a moment (`null`: until something is observed). `settled`: the instance
 * is as it should be; a moment then only means that something unimportant is tried again.
 */
export type ContainerDecision =
  | { readonly kind: 'steps'; readonly steps: readonly ContainerStep[] }
  | { readonly kind: 'wait'; readonly until: number | null; readonly reason: string }
  | { readonly kind: 'settled'; readonly until: number | null };

/** Somebody else has brought it to a halt, or changed it, and it is left so. */
export const left: ContainerDecision = { kind: 'settled', until: null };

export function wait(until: number | null, reason: string) {
  return { kind: 'wait', until, reason } as const;
}

export function steps(list: readonly ContainerStep[]): ContainerDecision {
  return { kind: 'steps', steps: list };
}

/** It leaves discovery first, then its pre-stop hooks run. What never served nobody has come to rely on. */
export function stop(
  container: ContainerSnapshot,
  grace: number,
  reason: string,
  hooks: HookHistory,
): readonly ContainerStep[] {
  const step = { kind: 'stop-container', container: container.id, grace, reason } as const;
  const drain = { kind: 'drain-container', container: container.id, reason } as const;
  // A paused one cannot end what it is at, nor run a hook.
  const wake = container.phase === 'paused' ? [resume(container, reason)] : [];
  return [...(container.served ? [drain] : []), ...wake, ...preStopSteps(container, hooks), step];
}

export function resume({ id }: ContainerSnapshot, reason: string): ContainerStep {
  return { kind: 'unpause-container', container: id, reason };
}

export function isAlive({ phase }: ContainerSnapshot): boolean {
  return phase === 'running' || phase === 'paused';
}

/** A clock that was ahead and has been put right must not make anything wait until it gets there again. */
export function past(moment: number, now: number): number {
  return Math.min(moment, now);
}
