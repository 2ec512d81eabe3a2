import type { Recipient } from '../protocol/api.ts';
import type { Deploy, DeployList, DeployStarted, DeploySummary } from '../protocol/deploy-api.ts';
import type { EventList } from '../protocol/event-api.ts';
import type { GridStatus } from '../protocol/grid-api.ts';
import type { InstanceStatus } from '../protocol/instance-api.ts';
import type { JobStatus, RunRequested } from '../protocol/job-api.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';
import type { NodeStatus } from '../protocol/node-api.ts';
import type { CurrentPlan } from '../protocol/plan-api.ts';
import type { Preview, PreviewSummary } from '../protocol/preview-api.ts';
import type { RepositoryStatus } from '../protocol/repository-api.ts';
import type { Rollback, RollbackRequest } from '../protocol/rollback-api.ts';
import type { ServiceStatus } from '../protocol/service-api.ts';
import type { Token } from '../protocol/token-api.ts';
import type { Update } from '../protocol/update-api.ts';
import type { VariableList } from '../protocol/variable-api.ts';
import type { VolumeList } from '../protocol/volume-api.ts';

/** A slice of a listing, newest first: at most `limit`, older than the one whose id is `before`. */
export interface PageQuery {
  readonly limit: number;
  readonly before: string | null;
}

export interface EventQuery extends PageQuery {
  readonly grid: string | null;
}

export interface FreezeWish {
  /** Milliseconds since the epoch; `null`: until it is lifted. */
  readonly until: number | null;
  /** May be empty. */
  readonly reason: string;
}

/** What became of an approval. `changed` and `not-held` change nothing; `deploy` is how it stands now. */
export interface Approval {
  readonly kind: 'approved' | 'changed' | 'not-held';
  readonly deploy: DeploySummary;
}

export interface VolumeRemoval {
  readonly grid: string;
  readonly node: string;
  readonly volume: string;
  readonly confirm: string;
  readonly actor: string;
}

/**
 * All that HTTP asks of the master: data in, API types out. Unknown grids, nodes, deploys and plans throw `GridError`
 * `not-found`; other `GridError`s become answers by their code, anything else is answered as `internal` without its message.
 * `actor` says who asked, for the history.
 */
export interface Operations {
  grids(): Promise<readonly GridStatus[]>;
  grid(grid: string): Promise<GridStatus>;
  nodes(grid: string): Promise<readonly NodeStatus[]>;
  services(grid: string): Promise<readonly ServiceStatus[]>;
  instances(grid: string): Promise<readonly InstanceStatus[]>;
  jobs(grid: string): Promise<readonly JobStatus[]>;
  /** Refuses (`invalid-request`) a job whose node is offline, or that has none. */
  runJob(
    grid: string,
    job: { readonly stack: string; readonly service: string },
  ): Promise<RunRequested>;
  plan(grid: string): Promise<CurrentPlan>;
  /** The newest of each open pull request that is about the grid, newest first. */
  previews(grid: string): Promise<readonly PreviewSummary[]>;
  preview(id: string): Promise<Preview>;
  variables(grid: string): Promise<VariableList>;
  deploys(grid: string, page: PageQuery): Promise<DeployList>;
  deploy(id: string): Promise<Deploy>;
  /** `force`: also a commit that must wait, because its grid is frozen or outside of its deploy windows. */
  redeploy(
    grid: string,
    by: { readonly actor: string; readonly force: boolean },
  ): Promise<DeployStarted>;
  approve(id: string, planHash: string, actor: string): Promise<Approval>;
  freeze(grid: string, wish: FreezeWish, actor: string): Promise<GridStatus>;
  /** Throws `not-found` for a grid that is not frozen. */
  unfreeze(grid: string, actor: string): Promise<void>;
  /** What a person wishes of a node; grid.yml may wish the same. */
  setAvailability(
    of: { readonly grid: string; readonly node: string; readonly actor: string },
    availability: NodeStatus['availability'],
  ): Promise<NodeStatus>;
  /** Says what going back would do, and does it unless it is a dry run; refuses (`invalid-request`) what cannot be. */
  rollback(grid: string, wish: RollbackRequest, actor: string): Promise<Rollback>;
  events(query: EventQuery): Promise<EventList>;
  /** `ttl` in seconds. The token is not kept in a readable form. */
  createToken(grid: string, ttl: number): Promise<Token>;
  /** Forgets a node that is gone for good; refuses (`invalid-request`) one that is online. */
  removeNode(grid: string, node: string): Promise<void>;
  /** The listener must not throw; call the result to end it. */
  subscribe(listener: (update: Update) => void): () => void;
  /** What values are sealed for, so that this master can open them. */
  recipient(): Recipient;
  network(grid: string): Promise<NetworkStatus>;
  /** Asks every node that is online. */
  volumes(grid: string): Promise<VolumeList>;
  /** Refuses (`invalid-request`) unless `confirm` is its name, and what is used or wanted. */
  removeVolume(of: VolumeRemoval): Promise<void>;
  /** In the order of the settings. */
  repositories(): readonly RepositoryStatus[];
  /** A repository with grids was read once and everything needed to deploy is running. */
  ready(): boolean;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly body: object;
}

/** The last part of the address that a delivery is sent to: whose headers and payloads it has. */
export const webhookProviders = ['github', 'gitlab', 'gitea', 'bitbucket', 'generic'] as const;

/** Checks and keeps a delivery and answers at once; the work comes after. Headers in lower case. */
export type Webhook = (
  headers: Readonly<Record<string, string>>,
  rawBody: Buffer,
  provider: (typeof webhookProviders)[number],
) => Promise<WebhookAnswer>;
