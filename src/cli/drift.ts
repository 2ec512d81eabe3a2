import { driftText } from '../model/drift.ts';
import { instancePath } from '../model/identity.ts';
import type { InstanceStatus } from '../protocol/instance-api.ts';
import type { Io } from './io.ts';
import { age } from './output.ts';

/** What somebody else has made of instances, a line each; empty where there is nothing. */
export function printDrift(io: Io, instances: readonly InstanceStatus[]): string {
  return instances
    .flatMap((one) => {
      if (one.drift === undefined) return [];
      const since = age(io.clock.now() - one.drift.since);
      return [`${instancePath(one)} on ${one.node ?? '?'}: ${driftText(one.drift)}, for ${since}`];
    })
    .join('\n');
}
