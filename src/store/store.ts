import { v7 as uuidv7 } from 'uuid';
import { type Assignments, createAssignments } from './assignments.ts';
import { createDeploys, type Deploys } from './deploys.ts';
import { createDoneHooks, type DoneHooks } from './done-hooks.ts';
import { createEvents, type Events } from './events.ts';
import { createFreezes, type Freezes } from './freezes.ts';
import { createGridOwners, type GridOwnerRecords } from './grid-owners.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createJobRuns, type JobRuns } from './job-runs.ts';
import { migrate } from './migrations.ts';
import { createNetworkMaps, type NetworkMaps } from './network-maps.ts';
import { createNodes, type Nodes } from './nodes.ts';
import { createObservations, type Observations } from './observations.ts';
import { idAfter } from './ordered-id.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import {
  createPreviewEnvironments,
  type PreviewEnvironmentRecords,
} from './preview-environments.ts';
import { createPreviews, type Previews } from './previews.ts';
import { createProven, type Proven } from './proven.ts';
import { createPullRequests, type PullRequestRecords } from './pull-requests.ts';
import { createRevisions, type Revisions } from './revisions.ts';
import { openSqlite } from './sqlite.ts';
import type { Db } from './tables.ts';
import { createTokens, type Tokens } from './tokens.ts';

/**
 * The master's diary. Git is the truth and Docker the fact: with the store deleted everything converges again, and only
 * history, statuses under way and unused join tokens are lost, and what people have said to the master alone: freezes, and
 * nodes that they drained. Of two repositories with a grid of the same name, which had it first is forgotten, too.
 */
export interface Store {
  readonly nodes: Nodes;
  readonly assignments: Assignments;
  readonly networkMaps: NetworkMaps;
  readonly observations: Observations;
  readonly revisions: Revisions;
  readonly deploys: Deploys;
  readonly events: Events;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly tokens: Tokens;
  readonly doneHooks: DoneHooks;
  readonly proven: Proven;
  readonly freezes: Freezes;
  readonly jobRuns: JobRuns;
  readonly pullRequests: PullRequestRecords;
  readonly gridOwners: GridOwnerRecords;
  readonly previews: Previews;
  readonly previewEnvironments: PreviewEnvironmentRecords;
  /** Brings everything that grows back to its bounds. To be called now and then, say hourly. */
  prune(now: number): Promise<void>;
  close(): Promise<void>;
}

const DAY = 24 * 60 * 60 * 1_000;
/** Forges redeliver for days, not weeks. */
const INBOX_BOUNDS = { age: 7 * DAY, keep: 10_000 } as const;
/** After that a message is forgotten, sent or not. */
export const OUTBOX_AGE = 14 * DAY;
const EXPIRED_TOKEN_AGE = 30 * DAY;
/** What was reviewed is merged at the end, and deployed soon after; a deploy that is held may wait. */
export const CLOSED_REQUEST_AGE = 30 * DAY;
/** Comments link to them for longer than requests are open. */
const PREVIEW_BOUNDS = { age: 90 * DAY, keep: 20 } as const;

/**
 * Opens the store file (created when absent, readable by its owner only), or `:memory:`. Throws `GridError`: `internal` for
 * a damaged file, `invalid-configuration` for one that cannot be written or that a newer gridops wrote; both with a hint.
 */
export async function openStore({ path }: { readonly path: string }): Promise<Store> {
  const db = openSqlite(path);
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return createStore(db);
}

function createStore(db: Db): Store {
  const deploys = createDeploys(db, (last) => idAfter(last, Date.now()));
  const events = createEvents(db, () => uuidv7());
  const outbox = createOutbox(db);
  const inbox = createInbox(db);
  const tokens = createTokens(db);
  const freezes = createFreezes(db);
  const pullRequests = createPullRequests(db);
  const previews = createPreviews(db, idAfter);
  return {
    nodes: createNodes(db),
    assignments: createAssignments(db),
    networkMaps: createNetworkMaps(db),
    observations: createObservations(db),
    revisions: createRevisions(db),
    deploys,
    events,
    outbox,
    inbox,
    tokens,
    doneHooks: createDoneHooks(db),
    proven: createProven(db),
    freezes,
    jobRuns: createJobRuns(db),
    pullRequests,
    gridOwners: createGridOwners(db),
    previews,
    previewEnvironments: createPreviewEnvironments(db),
    prune: async (now) => {
      await deploys.prune();
      await events.prune();
      await outbox.prune(now - OUTBOX_AGE);
      await inbox.prune({ before: now - INBOX_BOUNDS.age, keep: INBOX_BOUNDS.keep });
      await tokens.prune(now - EXPIRED_TOKEN_AGE);
      await freezes.prune(now);
      await pullRequests.prune(now - CLOSED_REQUEST_AGE);
      await previews.prune({ before: now - PREVIEW_BOUNDS.age, keep: PREVIEW_BOUNDS.keep });
    },
    close: async () => {
      await db.destroy();
    },
  };
}
