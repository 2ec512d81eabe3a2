import Type from 'typebox';
import { jobBounds } from '../model/job.ts';
import { choice, closed, text } from './schema-parts.ts';

const { Optional } = Type;

/** What makes a service a job. */
export const JobEntry = closed(
  {
    schedule: Optional(
      text({
        minLength: 1,
        maxLength: 255,
        description:
          'When it runs, as cron has it: minute, hour, day of the month, month, day of the week.',
        examples: ['0 3 * * *'],
      }),
    ),
    timezone: Optional(
      text({
        minLength: 1,
        maxLength: 64,
        default: 'UTC',
        description: 'Time zone of the schedule, by its name in the IANA database.',
        examples: ['Europe/Berlin'],
      }),
    ),
    start_within: Optional(
      text({
        default: '1h',
        description:
          'A scheduled run that could not be started at its time, because its node was off or the run before it was not over, is made up for within this time, and then once.',
        examples: ['10m'],
      }),
    ),
    run: Optional(
      choice(['on-deploy'], {
        description:
          'Instead of a schedule: once with each new definition of the job, and before the services that depend on it get theirs. When it fails, they keep what they have.',
      }),
    ),
    concurrency: Optional(
      choice(['forbid'], {
        default: 'forbid',
        description: 'One run at a time: a run waits for the one before it. There is nothing else.',
      }),
    ),
    timeout: Optional(
      text({
        description:
          'A run that takes longer is stopped and has failed. Without it, it may take as long as it likes.',
        examples: ['30m'],
      }),
    ),
    retries: Optional(
      Type.Integer({
        minimum: 0,
        maximum: jobBounds.retries,
        default: 0,
        description: 'How often a run that failed is repeated, with growing pauses.',
        examples: [2],
      }),
    ),
    history: Optional(
      Type.Integer({
        minimum: 1,
        maximum: jobBounds.history,
        default: 10,
        description: 'How many runs are remembered, with exit code, duration and last lines.',
        examples: [30],
      }),
    ),
  },
  {
    description:
      'Makes the service a job: its container runs to its end, and is not started again. Either with `schedule` or with `run`.',
    examples: [{ schedule: '0 3 * * *', timezone: 'Europe/Berlin' }],
  },
);

export type JobEntry = Type.Static<typeof JobEntry>;
