import type { AssignedInstance } from '../model/assignment.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { type AssignedJob, isSameJob, isSameSchedule, type Job } from '../model/job.ts';

/** What a job's node has to know besides what the revision says. */
export interface JobWishes {
  /** What a person has asked for; by service path. */
  readonly asked: (service: string) => string | undefined;
  /** Up to when due times have been dealt with, on whatever node: for a job that its node has not had. */
  readonly from: (service: string) => number;
  readonly now: number;
}

/**
 * An instance with what it has to know when it is a job. Rules change without a container; those of an older spec stay with it.
 * `before`: what the node had of it.
 */
export function withJob(
  instance: AssignedInstance,
  service: Service | undefined,
  { wishes, before }: { readonly wishes: JobWishes; readonly before: AssignedJob | undefined },
): AssignedInstance {
  const isCurrent = service?.specHash === instance.specHash;
  const rules = (isCurrent ? service.job : undefined) ?? instance.job?.rules;
  if (rules === undefined) return instance;
  const request = wishes.asked(servicePath(instance)) ?? before?.request;
  const job: AssignedJob = {
    rules,
    from: fromOf(rules, before, wishes, servicePath(instance)),
    ...(request === undefined ? {} : { request }),
    ...(before?.retry === undefined ? {} : { retry: before.retry }),
  };
  return isSameJob(instance.job, job) ? instance : { ...instance, job };
}

/** Everything that failed is tried again: a job of a deploy, too. */
export function withRetry(instance: AssignedInstance, retry: string): AssignedInstance {
  const { job } = instance;
  return job?.rules.kind === 'on-deploy' ? { ...instance, job: { ...job, retry } } : instance;
}

/** Times of another calendar that have passed are no times of this one. */
function fromOf(
  rules: Job,
  before: AssignedJob | undefined,
  wishes: JobWishes,
  service: string,
): number {
  if (before === undefined) return wishes.from(service);
  if (rules.kind === 'on-deploy') return before.from;
  const isKnown = before.rules.kind === 'schedule' && isSameSchedule(rules, before.rules);
  return isKnown ? before.from : wishes.now;
}
