import Type from 'typebox';
import { JobRun, RunInProgress } from './job-shape.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String();
const time = Type.Number({ description: 'Milliseconds since the epoch.' });

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
  nextAt: nullable(time),
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
