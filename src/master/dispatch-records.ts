import type { Assignment } from '../model/assignment.ts';
import type { NodeFacts } from '../model/observed.ts';
import type { DoneHook } from '../store/done-hooks.ts';
import type { AdmissionRecords } from './admission.ts';
import type { KnownRun } from './job-book.ts';

/** What the dispatcher keeps in the store. */
export interface DispatchRecords extends AdmissionRecords {
  putNode(node: {
    readonly grid: string;
    readonly name: string;
    readonly publicKey: string;
    readonly facts: NodeFacts;
    readonly at: number;
  }): Promise<void>;
  /** Must be durable before it resolves. */
  putDoneHooks(hooks: readonly DoneHook[], at: number): Promise<void>;
  putJobRuns(runs: readonly KnownRun[]): Promise<void>;
  /** Must be durable before it resolves; false when a generation as high is already there. */
  putAssignment(assignment: Assignment, at: number): Promise<boolean>;
}
