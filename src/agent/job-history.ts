import type { AssignedInstance } from '../model/assignment.ts';
import { isTimeZone, latestDue, nextDue, readCalendar } from '../model/calendar.ts';
import { instancePath } from '../model/identity.ts';
import type { Job } from '../model/job.ts';
import type { JobHistory } from '../planner/job-due.ts';
import type { Surroundings } from './surroundings.ts';

const never: JobHistory['times'] = { last: null, next: null };

/** What is known of the runs of an instance; `null`: it is no job. */
export function jobHistory(
  wanted: AssignedInstance | null,
  { jobs, clock }: Pick<Surroundings, 'jobs' | 'clock'>,
): JobHistory | null {
  if (wanted?.job === undefined) return null;
  const times = timesOf(wanted.job.rules, clock.now());
  return { ...jobs.of(instancePath(wanted)), times };
}

/** The master has read the schedule; but this machine may know fewer time zones, or an older kind of schedule. */
function timesOf(rules: Job, now: number): JobHistory['times'] {
  if (rules.kind === 'on-deploy' || !isTimeZone(rules.timeZone)) return never;
  const { schedule: expression, timeZone } = rules;
  const { calendar } = readCalendar({ expression, timeZone });
  if (calendar === undefined) return never;
  return { last: latestDue(calendar, now), next: nextDue(calendar, now) };
}
