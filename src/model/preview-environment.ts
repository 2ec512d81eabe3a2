import type { Stack } from './grid.ts';

/** What runs in a grid for one pull request, until that is closed. */
export interface PreviewEnvironment {
  readonly grid: string;
  /** As the settings call it. */
  readonly repository: string;
  readonly request: number;
  /** The request's commit that the stacks are of. */
  readonly head: string;
  /** Empty: it is closed, or runs nothing any more. */
  readonly stacks: readonly Stack[];
  /** Of all stacks that it has or had and of which something may be left. */
  readonly names: readonly string[];
  /** Where people find it; `null`: nobody has said. */
  readonly url: string | null;
  /** What was told of this head; `null`: nothing final. */
  readonly outcome: 'succeeded' | 'failed' | null;
}

export function isOpen({ stacks }: PreviewEnvironment): boolean {
  return stacks.length > 0;
}
