import Type from 'typebox';
import type { Decoded } from './api.ts';
import { Time, text } from './api-parts.ts';
import { JobRun, RunInProgress } from './job-shape.ts';
import { nullable } from './schema-parts.ts';

/** A job with what is remembered of its runs. */
const JobStatus = Type.Object({
  grid: text,
  stack: text,
  service: text,
  kind: Type.Enum(['schedule', 'on-deploy']),
  /** `null`: it runs with deploys. */
  schedule: nullable(text),
  timeZone: nullable(text),
  node: nullable(text),
  running: nullable(RunInProgress),
  nextAt: nullable(Time),
  /** Newest first. */
  runs: Type.Array(Type.Object({ ...JobRun.properties, node: text })),
});

export const JobList = Type.Object({ jobs: Type.Array(JobStatus) });
/** `isWaiting`: a run is under way, and this one follows it. */
export const RunRequested = Type.Object({
  id: Type.String({ description: 'Of the run.' }),
  node: text,
  isWaiting: Type.Boolean(),
});

export type JobList = Decoded<typeof JobList>;
export type JobStatus = JobList['jobs'][number];
export type RunRequested = Decoded<typeof RunRequested>;
