import Type from 'typebox';
import type { Decoded } from './api.ts';
import { instanceId, list, Sha, Time, text } from './api-parts.ts';
import { Drift } from './observed-shape.ts';
import { Failure } from './plan-api.ts';
import { nullable } from './schema-parts.ts';

export const Health = Type.Enum(['healthy', 'starting', 'unhealthy', 'unknown']);

export const InstanceStatus = Type.Object({
  grid: text,
  ...instanceId,
  /**
   * `running`: ready on the wanted spec · `updating`: another spec is wanted or on its way · `failing`: the newest attempt
   * failed · `stopped`: has a container that does not run · `paused`: somebody has paused it · `missing`: wanted, no container · `blocked`: no node can take it
   * · `unwanted`: no revision wants it any more · `unknown`: its node does not report · `idle`: a job between its runs.
   */
  state: Type.Enum([
    'running',
    'updating',
    'failing',
    'stopped',
    'paused',
    'missing',
    'blocked',
    'unwanted',
    'unknown',
    'idle',
  ]),
  health: Health,
  node: nullable(text),
  containerId: nullable(text),
  specHash: nullable(text),
  wantedSpecHash: nullable(text),
  revision: nullable(Sha),
  startedAt: nullable(Time),
  attempt: nullable(
    Type.Object({
      specHash: text,
      phase: Type.Enum(['pulling', 'creating', 'starting', 'stopping', 'failed']),
      message: text,
      failure: nullable(Failure),
    }),
  ),
  /** Absent: none, or it is being put right. What somebody else has made of it. */
  drift: Type.Optional(Drift),
});

export const InstanceList = Type.Object({ instances: list(InstanceStatus) });

export type InstanceStatus = Decoded<typeof InstanceStatus>;
export type InstanceList = Decoded<typeof InstanceList>;
