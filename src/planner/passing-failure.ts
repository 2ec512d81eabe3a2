import type { Failure } from '../model/observed.ts';
import type { Sighting } from './index-observed.ts';

/**
 * With the pauses of an agent that is a minute, for a registry that is started anew or a line that was down; and, where
 * attempts are a minute apart, well within the time of a deploy, so that it still says what was in the way.
 */
const PULLS_IN_VAIN = 7;

/** Of the spec that is wanted; what failed before says nothing of it. */
export function failureOf({ observed }: Sighting, specHash: string): Failure | null {
  const attempt = observed?.attempt ?? null;
  return attempt?.specHash === specHash ? attempt.failure : null;
}

/**
 * Whether a failure is likely over by one of the next attempts, and so no reason to stop a rollout yet: the registry, or the
 * way there, did not do its part. Of an image that is not there, or not for everybody, it would have said so.
 */
export function mayPass({ code, count }: Failure): boolean {
  return code === 'image-pull-failed' && count < PULLS_IN_VAIN;
}
