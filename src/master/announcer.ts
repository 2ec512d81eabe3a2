import { commitStatus, type DeployView } from '../forge/commit-status.ts';
import { deployCheck, gridFilesCheck } from '../forge/file-check.ts';
import type { CommitState, DeploymentState } from '../forge/forge.ts';
import type { Reporter } from '../forge/reporter.ts';
import type { DeployPhase } from '../model/deploy.ts';
import type { DeployOutline, DeploySource } from '../store/deploys.ts';
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
  /** Where people find what runs in a grid; `null`: nobody has said. */
  readonly environmentUrl: (grid: string) => Promise<string | null>;
}

/** Says what becomes of commits: to the forge as commit statuses and deployments, to whoever watches as updates. */
export interface Announcer {
  /** `commits`: those of its commits that are told. */
  deploy(deploy: DeployOutline, commits: readonly string[]): Promise<void>;
  /**
   * A commit without a deploy of its own; yet whoever waits for its status must not wait for ever. Whether it was on the
   * branch at all, and no deploy speaks for it, is the caller's to know.
   */
  overtaken(commit: Commit & { readonly by: string }): Promise<void>;
  /** The same of a deploy that is of another repository's commit, for commits that stacks of it are from. */
  sources(deploy: DeployOutline, sources: readonly DeploySource[]): Promise<void>;
  /** A commit has a grid that is another repository's. */
  taken(commit: Commit & { readonly owner: string }): Promise<void>;
  /** A fault of ours keeps a commit from being deployed. */
  fault(commit: Commit & { readonly message: string }): Promise<void>;
}

interface Commit {
  readonly grid: string;
  readonly sha: string;
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { reporter, hub } = options;
  return {
    deploy: async (deploy, commits) => {
      hub.publish({ kind: 'deploy', deploy: deploySummary(deploy) });
      if (reporter === null) return;
      await announceDeploy(options, reporter, { deploy, commits });
      await announceFiles(options, reporter, { deploy, commits });
      if (commits.includes(deploy.sha)) await announceDeployment(options, reporter, deploy);
    },
    overtaken: async ({ grid, sha, by }) => {
      if (reporter === null) return;
      const view = { ...undone, phase: 'superseded', supersededBy: by } as const;
      await want(options, reporter, { grid, sha, view, page: `grids/${grid}` });
    },
    sources: async (deploy, sources) => {
      if (reporter === null) return;
      for (const { sha, told } of sources)
        await announceDeploy(options, reporter, {
          deploy: { ...deploy, sha: told === 'changed' ? sha : '' },
          commits: [sha],
        });
    },
    taken: async ({ grid, sha, owner }) => {
      if (reporter === null) return;
      const message = `the grid ${grid} is the repository ${owner}'s, which had it first; nothing of this one is deployed`;
      const view = { ...undone, phase: 'failed', message } as const;
      await want(options, reporter, { grid, sha, view, page: `grids/${grid}` });
    },
    fault: async ({ grid, sha, message }) => {
      if (reporter === null) return;
      const view = { ...undone, phase: 'failed', fault: 'ours', message } as const;
      await want(options, reporter, { grid, sha, view, page: `grids/${grid}` });
    },
  };
}

const undone = { done: 0, total: 0, message: null, problems: [] } as const;

async function announceDeploy(
  options: AnnouncerOptions,
  reporter: Reporter,
  { deploy, commits }: { readonly deploy: DeployOutline; readonly commits: readonly string[] },
): Promise<void> {
  const { grid, id } = deploy;
  for (const sha of commits) {
    const view = await viewOf(options, deploy, sha);
    await want(options, reporter, { grid, sha, view, page: `deploys/${id}` });
  }
}

async function viewOf(
  { commitOf }: AnnouncerOptions,
  deploy: DeployOutline,
  sha: string,
): Promise<DeployView> {
  const { phase, done, total, message, problems } = deploy;
  const by = deploy.supersededBy === null ? null : await commitOf(deploy.supersededBy);
  const view = { phase, done, total, message, problems, unchanged: sha !== deploy.sha };
  return by === null ? view : { ...view, supersededBy: by };
}

/** Where there is nothing to say of the files, only a commit of which something was said is told so. */
async function announceFiles(
  { repository, publicUrl }: AnnouncerOptions,
  reporter: Reporter,
  { deploy, commits }: { readonly deploy: DeployOutline; readonly commits: readonly string[] },
): Promise<void> {
  const onlyAfter = deploy.problems.length === 0;
  const result = deployCheck(deploy, `${publicUrl()}/deploys/${deploy.id}`);
  const name = gridFilesCheck(deploy.grid);
  for (const sha of commits)
    await reporter.wantCheck({ ...result, repository, sha, name }, { onlyAfter });
}

/** One environment for each grid. */
async function announceDeployment(
  options: AnnouncerOptions,
  reporter: Reporter,
  deploy: DeployOutline,
): Promise<void> {
  const { repository, publicUrl, environmentUrl } = options;
  const { grid, id, sha, phase } = deploy;
  const logUrl = `${publicUrl()}/deploys/${id}`;
  const view = await viewOf(options, deploy, sha);
  const { state, description } = commitStatus({ grid, deploy: view, targetUrl: logUrl });
  await reporter.wantDeployment({
    repository,
    id,
    environment: grid,
    sha,
    state: deploymentState(phase, state),
    description,
    logUrl,
    environmentUrl: await environmentUrl(grid),
  });
}

function deploymentState(phase: DeployPhase, state: CommitState): DeploymentState {
  if (phase === 'superseded') return 'inactive';
  if (state !== 'pending') return state;
  return phase === 'running' ? 'in_progress' : 'queued';
}

async function want(
  { repository, publicUrl }: AnnouncerOptions,
  reporter: Reporter,
  of: Commit & { readonly view: DeployView; readonly page: string },
): Promise<void> {
  const targetUrl = `${publicUrl()}/${of.page}`;
  const status = commitStatus({ grid: of.grid, deploy: of.view, targetUrl });
  await reporter.want({ ...status, repository, sha: of.sha });
}
