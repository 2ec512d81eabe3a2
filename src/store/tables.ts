import type { Kysely, Selectable } from 'kysely';
import type { DeployPhase } from '../model/deploy.ts';
import type { RunOutcome } from '../model/job.ts';
import type { PreviewOutcome } from '../model/preview.ts';

/**
 * The columns of every table, in the model's spelling (snake case in SQL). Only portable types: text, numbers, JSON as text.
 * Times are milliseconds since the epoch, ids are text. `migrations.ts` is what really makes them.
 */
export interface Tables {
  readonly nodes: NodeRow;
  readonly assignments: AssignmentRow;
  readonly networkMaps: NetworkMapRow;
  readonly observations: ObservationRow;
  readonly revisions: RevisionRow;
  readonly heads: HeadRow;
  readonly revokedKeys: RevokedKeyRow;
  readonly deploys: DeployRow;
  readonly deployEntries: DeployEntryRow;
  readonly events: EventRow;
  readonly messages: MessageRow;
  readonly inbox: InboxRow;
  readonly joinTokens: JoinTokenRow;
  readonly doneHooks: DoneHookRow;
  readonly proven: ProvenRow;
  readonly freezes: FreezeRow;
  readonly jobRuns: JobRunRow;
  readonly pullRequests: PullRequestRow;
  readonly commentMarks: CommentMarkRow;
  readonly gridOwners: GridOwnerRow;
  readonly previews: PreviewRow;
  readonly previewGrids: PreviewGridRow;
  readonly previewEnvironments: PreviewEnvironmentRow;
}

export type Db = Kysely<Tables>;
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;

interface NodeRow {
  grid: string;
  name: string;
  publicKey: string;
  /** JSON of model NodeFacts. */
  facts: string | null;
  joinedAt: number;
  lastSeenAt: number;
  drainedBy: string | null;
  drainedAt: number | null;
}

interface RevokedKeyRow {
  publicKey: string;
  at: number;
}

interface AssignmentRow {
  grid: string;
  node: string;
  generation: number;
  /** JSON of model Assignment. */
  payload: string;
  at: number;
}

interface NetworkMapRow {
  grid: string;
  version: number;
  /** JSON of model NetworkMap. */
  payload: string;
  at: number;
}

interface ObservationRow {
  grid: string;
  node: string;
  generation: number;
  /** JSON of model ObservedInstance[]. */
  instances: string;
  at: number;
}

interface RevisionRow {
  grid: string;
  sha: string;
  inputs: string;
  /** JSON of model Grid. */
  gridDefinition: string;
  /** JSON of model Stack[]. */
  stacks: string;
  /** JSON of stack names. */
  held: string;
  at: number;
}

interface HeadRow {
  repository: string;
  sha: string;
  at: number;
}

interface DeployRow {
  id: string;
  grid: string;
  sha: string;
  inputs: string;
  trigger: string;
  actor: string | null;
  phase: DeployPhase;
  planHash: string | null;
  planText: string | null;
  planJson: string | null;
  remainingJson: string | null;
  summary: string | null;
  total: number;
  done: number;
  /** JSON of model Problem[]. */
  problems: string;
  message: string | null;
  approvedHash: string | null;
  supersededBy: string | null;
  /** JSON of commit ids. */
  carried: string;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  repository: string;
  /** JSON of model DeploySource[]. */
  sources: string;
}

interface DeployEntryRow {
  deployId: string;
  number: number;
  at: number;
  kind: string;
  path: string;
  message: string;
}

interface EventRow {
  id: string;
  at: number;
  grid: string | null;
  node: string | null;
  path: string;
  severity: 'info' | 'warning' | 'error';
  kind: string;
  message: string;
}

interface MessageRow {
  kind: 'status' | 'comment' | 'deployment' | 'check';
  repository: string;
  subject: string;
  topic: string;
  /** JSON of the forge's content of that kind. */
  content: string;
  /** 0 or 1. */
  isProgress: number;
  remote: string | null;
  wantedAt: number;
  version: number;
  sentVersion: number;
  sentAt: number | null;
  sentCount: number;
  gaveUpVersion: number;
  attempts: number;
  nextAttemptAt: number;
  lastError: string | null;
}

interface InboxRow {
  provider: string;
  deliveryId: string;
  event: string;
  repository: string;
  sha: string;
  receivedAt: number;
  state: 'queued' | 'done';
}

interface DoneHookRow {
  grid: string;
  service: string;
  number: number;
  hook: string;
  at: number;
}

interface ProvenRow {
  grid: string;
  path: string;
  /** JSON of model Service, bytes in base64. */
  definition: string;
  revision: string;
  /** JSON of RejectedSpec. */
  rejected: string | null;
  at: number;
}

interface FreezeRow {
  grid: string;
  until: number | null;
  reason: string;
  actor: string;
  at: number;
}

interface JoinTokenRow {
  hash: string;
  grid: string;
  createdAt: number;
  expiresAt: number;
  usedBy: string | null;
  usedKey: string | null;
  usedAt: number | null;
}

interface PullRequestRow {
  repository: string;
  number: number;
  /** JSON of what master/pull-requests keeps of one. */
  known: string;
  closedAt: number | null;
}

interface CommentMarkRow {
  repository: string;
  at: number;
}

interface JobRunRow {
  grid: string;
  service: string;
  id: string;
  attempt: number;
  node: string;
  specHash: string;
  revision: string;
  startedAt: number | null;
  finishedAt: number;
  exitCode: number | null;
  outcome: RunOutcome;
  message: string;
  /** JSON of a list of lines. */
  log: string;
}

interface GridOwnerRow {
  grid: string;
  repository: string;
  at: number;
}

interface PreviewRow {
  id: string;
  repository: string;
  number: number;
  title: string;
  url: string;
  author: string;
  /** 0 or 1. */
  isDraft: number;
  head: string;
  base: string;
  branch: string;
  at: number;
  kind: PreviewOutcome['kind'];
  /** JSON of model PreviewOutcome. */
  outcome: string;
  /** When its request was merged or closed; `null`: it is open, as far as is known. */
  closedAt: number | null;
  outdated: string | null;
}

interface PreviewGridRow {
  previewId: string;
  grid: string;
  planHash: string | null;
}

interface PreviewEnvironmentRow {
  readonly grid: string;
  readonly repository: string;
  readonly request: number;
  readonly head: string;
  readonly stacks: string;
  readonly names: string;
  readonly url: string | null;
  readonly outcome: string | null;
}
