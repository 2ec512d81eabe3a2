import { errorMessage, GridError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { Log } from '../runtime/log.ts';
import type { DeployOutline, Deploys } from '../store/deploys.ts';
import type { Rollbacks } from './rollback.ts';

export interface RollbackRequestsOptions {
  readonly rollbacks: Rollbacks;
  readonly deploys: Pick<Deploys, 'get'>;
  readonly log: Log;
}

export interface RollbackRequests {
  /** A deploy was announced; the same one may be again. */
  announced(deploy: DeployOutline): void;
}

/**
 * Opens a pull request that goes back when a commit's containers do not become ready: once for each commit, because the
 * branch is named by it. Nothing is pushed to the branch that is deployed; a person decides.
 */
export function createRollbackRequests(options: RollbackRequestsOptions): RollbackRequests {
  const { log } = options;
  // By grid: ids are in the order of time, and a deploy that another came after is nobody's to go back from.
  const newest = new Map<string, string>();
  return {
    announced: (deploy) => {
      const { id, grid, sha, phase } = deploy;
      if (phase !== 'failed' || id <= (newest.get(grid) ?? '')) return;
      newest.set(grid, id);
      request(options, deploy).catch((error: unknown) => {
        const isAgain = error instanceof GridError && error.retry === 'later';
        // What heals by itself is tried again when the deploy is announced again.
        if (isAgain && newest.get(grid) === id) newest.delete(grid);
        log.warn({ grid, sha, error: errorMessage(error) }, 'no rollback requested');
      });
    },
  };
}

async function request(
  { rollbacks, deploys }: RollbackRequestsOptions,
  { id, grid, sha, message }: DeployOutline,
): Promise<void> {
  const stored = await deploys.get(id);
  if (!hasUnreadyInstances(stored?.remainingJson ?? null)) return;
  const reason = `The deploy of ${sha.slice(0, 7)} has failed: ${message ?? ''}`.slice(0, 500);
  const wish = { pullRequest: true, reason, by: 'gridops', head: sha } as const;
  await rollbacks.rollBack(grid, wish, 'gridops');
}

/** Not where a node is away or full, or a file has a problem: going back would cure none of these. */
function hasUnreadyInstances(remaining: string | null): boolean {
  if (remaining === null) return false;
  const plan = JSON.parse(remaining) as Plan;
  return plan.halted.length > 0 || (plan.rolledBack ?? []).length > 0;
}
