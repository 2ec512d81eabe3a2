import type { AssignedInstance } from '../model/assignment.ts';
import { isSameJob } from '../model/job.ts';

/** What a node's assignment says of one instance. `kept`: it is let be as it is; `null`: it is taken away. */
export type Wish = AssignedInstance | 'kept' | null;

export function isSameWish(a: Wish | undefined, b: Wish): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  return (
    a.specHash === b.specHash && a.mode === b.mode && a.drift === b.drift && isSameJob(a.job, b.job)
  );
}

export function hasSameDrift(a: Wish | undefined, b: Wish): boolean {
  return typeof a === 'object' && typeof b === 'object' && a?.drift === b?.drift;
}

export function specHashOf(wanted: Wish | undefined): string | null {
  return typeof wanted === 'object' && wanted !== null ? wanted.specHash : null;
}
