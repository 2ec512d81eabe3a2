import type { Clock } from '../../src/runtime/clock.ts';
import type { Accounts, Actor, App, User } from './accounts.ts';
import type { BareRepository } from './bare-repository.ts';
import type { Deliveries } from './deliveries.ts';
import type { Journal } from './journal.ts';
import type { ApiDocument, Operation } from './openapi.ts';

/** Everything that the fake knows, apart from what is in the Git repositories. */
export interface World {
  /** `http://127.0.0.1:PORT`, where repositories are cloned from; github.com in reality. */
  readonly origin: string;
  /** The base of the REST API; api.github.com in reality. */
  readonly api: string;
  readonly clock: Clock;
  readonly document: ApiDocument;
  readonly accounts: Accounts;
  readonly deliveries: Deliveries;
  readonly repositories: Map<number, Repository>;
  /** The one webhook of each app that has one. */
  readonly appHooks: Map<number, Hook>;
  /** Every status that was ever accepted, oldest first. */
  readonly statuses: Journal<CommitStatus>;
  /** What a correct client and a correct fake never do. Tests end with: none. */
  readonly violations: string[];
  nextId(): number;
}

export interface Repository {
  readonly id: number;
  readonly owner: User;
  name: string;
  /** Names that it had before; requests for them are redirected. */
  readonly formerNames: string[];
  isPrivate: boolean;
  readonly defaultBranch: string;
  readonly git: BareRepository;
  readonly createdAt: number;
  updatedAt: number;
  pushedAt: number;
  readonly hooks: Hook[];
  readonly labels: Label[];
  /** Pull requests are issues, too, and share their numbers. */
  readonly issues: Issue[];
  readonly pulls: PullRequest[];
  readonly deployments: Deployment[];
  readonly checkRuns: CheckRun[];
  /** What this one is a fork of. */
  readonly parent: Repository | null;
}

export interface CommitStatus {
  readonly id: number;
  readonly repository: Repository;
  readonly sha: string;
  readonly context: string;
  readonly state: 'error' | 'failure' | 'pending' | 'success';
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: User;
  readonly createdAt: number;
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
}

export interface Issue {
  readonly id: number;
  readonly number: number;
  title: string;
  body: string | null;
  readonly author: User;
  readonly createdAt: number;
  readonly comments: IssueComment[];
  /** Of a pull request. */
  pull: PullRequest | null;
}

export interface PullRequest {
  readonly issue: Issue;
  readonly id: number;
  readonly number: number;
  readonly head: { readonly repository: Repository; readonly branch: string };
  headSha: string;
  base: string;
  baseSha: string;
  isDraft: boolean;
  /** Milliseconds since the epoch; null while it is open. */
  closedAt: number | null;
  merge: { readonly sha: string; readonly at: number; readonly by: User } | null;
  updatedAt: number;
  /** The commit that a merge would make now; null: there are conflicts. */
  mergeResult: string | null;
  /** GitHub works `mergeable` out when it is first asked for, and answers null until then. */
  isMergeabilityKnown: boolean;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly payload: unknown;
  readonly environment: string;
  readonly description: string | null;
  readonly creator: User;
  readonly isTransient: boolean;
  readonly isProduction: boolean;
  readonly createdAt: number;
  readonly statuses: DeploymentStatus[];
}

export interface DeploymentStatus {
  readonly id: number;
  readonly state:
    | 'error'
    | 'failure'
    | 'inactive'
    | 'in_progress'
    | 'queued'
    | 'pending'
    | 'success';
  readonly description: string;
  readonly logUrl: string;
  readonly environmentUrl: string;
  readonly creator: User;
  readonly createdAt: number;
}

export interface CheckRun {
  readonly id: number;
  readonly app: App;
  readonly suiteId: number;
  readonly sha: string;
  readonly name: string;
  /** The integrator's own reference. */
  externalId: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  detailsUrl: string | null;
  output: { readonly title: string; readonly summary: string; readonly text: string | null } | null;
  /** As they were sent, all requests together. */
  readonly annotations: Readonly<Record<string, unknown>>[];
  readonly startedAt: number;
  completedAt: number | null;
}

export interface IssueComment {
  readonly id: number;
  readonly issue: Issue;
  readonly author: User;
  body: string;
  readonly createdAt: number;
  updatedAt: number;
}

export interface Hook {
  readonly id: number;
  readonly target:
    | { readonly kind: 'repository'; readonly repository: Repository }
    | { readonly kind: 'integration'; readonly appId: number };
  url: string;
  secret: string | null;
  contentType: 'json' | 'form';
  insecureSsl: '0' | '1';
  events: readonly string[];
  active: boolean;
  readonly createdAt: number;
  updatedAt: number;
  /** What the receiver answered last; null: never used. */
  lastResponse: { readonly code: number; readonly message: string } | null;
}

/** One request of the REST API on its way through the fake, checked and authenticated. */
export interface Call {
  readonly world: World;
  readonly operation: Operation;
  /** Under the base of the API. */
  readonly pathname: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** `{}` when the request had none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly accept: string;
  readonly actor: Actor;
}

export interface Reply {
  readonly status: number;
  /** Absent: none, as with 204. A string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By operationId. */
export type Routes = Readonly<Record<string, (call: Call) => Reply | Promise<Reply>>>;
