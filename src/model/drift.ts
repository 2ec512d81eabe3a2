/** What becomes of what somebody else has done to an instance's container. */
export type DriftPolicy = 'repair' | 'report';

/** One thing that somebody else has made of a container of ours, as people read it. */
export interface Difference {
  /** `container`, `name`, `network`, or the key of the stack file: `mem_limit`. */
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
}

/**
 * A property of a container that is not what it was made with. `cure`: with what least is disturbed: it is set back
 * (`update`, `connect`, `disconnect`), or the engine cannot do that to a running container (`replace`).
 */
export interface Deviation extends Difference {
  readonly cure: 'update' | 'connect' | 'disconnect' | 'replace';
}

/** That an instance is not as it is assigned because of somebody else, and stays so for now. Written by agents only. */
export interface Drift {
  /** `reported`: it is left as it is, because grid.yml or the stack file says so. `stalled`: it was put right in vain. */
  readonly state: 'reported' | 'stalled';
  /** What was found at last. */
  readonly differences: readonly Difference[];
  /** How often in a row it was found. */
  readonly count: number;
  /** Milliseconds since the epoch of the first time. */
  readonly since: number;
}

/** "container removed instead of running, mem_limit 1073741824 instead of 268435456". */
export function differenceText(differences: readonly Difference[]): string {
  return differences
    .map(({ what, wanted, found }) => `${what} ${found} instead of ${wanted}`)
    .join(', ');
}

/** For status and page, which add since when. */
export function driftText({ state, differences, count }: Drift): string {
  const what = differenceText(differences);
  return state === 'reported'
    ? `changed by somebody else, and left so: ${what}`
    : `stalled, somebody else has undone it ${count} times in a row: ${what}`;
}
