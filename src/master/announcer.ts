import { commitStatus } from '../forge/commit-status.ts';
import type { Reporter } from '../forge/reporter.ts';
import type { DeployOutline } from '../store/deploys.ts';
import { deploySummary } from './deploy-view.ts';
import type { UpdateHub } from './update-hub.ts';

export interface AnnouncerOptions {
  /** `null` for a repository without a forge. */
  readonly reporter: Reporter | null;
  /** `owner/name` at the forge. */
  readonly repository: string;
  /** Where people reach this master's pages, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly hub: UpdateHub;
  readonly commitOf: (deployId: string) => Promise<string | null>;
}

/**
 * A commit between two looks was never anybody's deploy; yet whoever waits for its status must not wait for ever. Whether it
 * was on the branch at all is the caller's to know.
 */
export function createOvertakenNotice(
  options: Pick<AnnouncerOptions, 'reporter' | 'repository' | 'publicUrl'> & {
    readonly wasDeployed: (grid: string, sha: string) => Promise<boolean>;
  },
): (of: { readonly grid: string; readonly sha: string; readonly by: string }) => Promise<void> {
  const { reporter, repository, publicUrl, wasDeployed } = options;
  return async ({ grid, sha, by }) => {
    if (reporter === null || (await wasDeployed(grid, sha))) return;
    const deploy = { phase: 'superseded', done: 0, total: 0, message: null, problems: [] } as const;
    const targetUrl = `${publicUrl()}/grids/${grid}`;
    const status = commitStatus({ grid, deploy: { ...deploy, supersededBy: by }, targetUrl });
    await reporter.want({ ...status, repository, sha });
  };
}

/** Says what became of a deploy: to the forge as commit statuses, to whoever watches as an update. */
export function createAnnouncer(
  options: AnnouncerOptions,
): (deploy: DeployOutline) => Promise<void> {
  const { reporter, repository, publicUrl, hub, commitOf } = options;
  return async (deploy) => {
    hub.publish({ kind: 'deploy', deploy: deploySummary(deploy) });
    if (reporter === null) return;
    const by = deploy.supersededBy === null ? null : await commitOf(deploy.supersededBy);
    for (const sha of [deploy.sha, ...deploy.carried]) {
      const view = {
        phase: deploy.phase,
        done: deploy.done,
        total: deploy.total,
        message: deploy.message,
        problems: deploy.problems,
        unchanged: sha !== deploy.sha,
        ...(by === null ? {} : { supersededBy: by }),
      };
      const targetUrl = `${publicUrl()}/deploys/${deploy.id}`;
      const status = commitStatus({ grid: deploy.grid, deploy: view, targetUrl });
      await reporter.want({ ...status, repository, sha });
    }
  };
}
