import { sql } from 'kysely';
import { GridError } from '../model/error.ts';
import type { Db } from './tables.ts';

/**
 * The schema's history: entry N leads from version N to N+1. Released entries are never edited, only followed.
 * SQL that SQLite and PostgreSQL both take; `bigint` for times, because PostgreSQL's `integer` has 32 bits.
 */
const migrations: readonly (readonly string[])[] = [
  [
    `create table nodes (grid text not null, name text not null, number integer not null, public_key text not null,
      facts text, joined_at bigint not null, last_seen_at bigint not null, primary key (grid, name))`,
    'create unique index nodes_by_number on nodes (grid, number)',
    'create table revoked_keys (public_key text not null primary key, at bigint not null)',
    `create table assignments (grid text not null, node text not null, generation bigint not null, payload text not null,
      at bigint not null, primary key (grid, node))`,
    `create table observations (grid text not null, node text not null, generation bigint not null,
      instances text not null, at bigint not null, primary key (grid, node))`,
    `create table revisions (grid text not null primary key, sha text not null, inputs text not null,
      grid_definition text not null, stacks text not null, held text not null, at bigint not null)`,
    'create table heads (repository text not null primary key, sha text not null, at bigint not null)',
    `create table deploys (id text not null primary key, grid text not null, sha text not null, inputs text not null,
      "trigger" text not null, actor text, phase text not null, plan_hash text, plan_text text, plan_json text, remaining_json text, summary text,
      total integer not null, done integer not null, problems text not null, message text, approved_hash text,
      superseded_by text, carried text not null, created_at bigint not null, started_at bigint, finished_at bigint)`,
    'create index deploys_by_grid on deploys (grid, id)',
    `create table deploy_entries (deploy_id text not null, number integer not null, at bigint not null,
      kind text not null, path text not null, message text not null, primary key (deploy_id, number))`,
    `create table events (id text not null primary key, at bigint not null, grid text, node text, path text not null,
      severity text not null, kind text not null, message text not null)`,
    'create index events_by_grid on events (grid, id)',
    'create index events_by_node on events (grid, node, id)',
    `create table outbox (repository text not null, sha text not null, context text not null, state text not null,
      description text not null, target_url text, wanted_at bigint not null, version integer not null,
      sent_version integer not null, sent_at bigint, gave_up_version integer not null, attempts integer not null,
      next_attempt_at bigint not null, last_error text, primary key (repository, sha, context))`,
    'create index outbox_by_next_attempt on outbox (next_attempt_at)',
    `create table inbox (provider text not null, delivery_id text not null, event text not null,
      repository text not null, sha text not null, received_at bigint not null, state text not null,
      primary key (provider, delivery_id))`,
    'create index inbox_by_age on inbox (received_at)',
    `create table done_hooks (grid text not null, service text not null, number integer not null, hook text not null,
      at bigint not null, primary key (grid, service, number, hook))`,
    `create table join_tokens (hash text not null primary key, grid text not null, created_at bigint not null,
      expires_at bigint not null, used_by text, used_key text, used_at bigint)`,
  ],
  [
    // The number of a node is in the network map.
    'drop index nodes_by_number',
    'alter table nodes drop column number',
    'create index nodes_by_key on nodes (public_key)',
    `create table network_maps (grid text not null primary key, version bigint not null, payload text not null,
      at bigint not null)`,
  ],
  [
    `create table proven (grid text not null, path text not null, definition text not null, revision text not null,
      rejected text, at bigint not null, primary key (grid, path))`,
    `create table freezes (grid text not null primary key, until bigint, reason text not null, actor text not null,
      at bigint not null)`,
    `create table job_runs (grid text not null, service text not null, id text not null, attempt integer not null,
      node text not null, spec_hash text not null, revision text not null, started_at bigint, finished_at bigint not null,
      exit_code integer, outcome text not null, message text not null, log text not null,
      primary key (grid, service, finished_at, id, attempt))`,
    `create table pull_requests (repository text not null, number integer not null, known text not null,
      closed_at bigint, primary key (repository, number))`,
    'create table comment_marks (repository text not null primary key, at bigint not null)',
    'alter table nodes add column drained_by text',
    'alter table nodes add column drained_at bigint',
    // Statuses on their way are now messages among others.
    'drop table outbox',
    `create table messages (kind text not null, repository text not null, subject text not null, topic text not null,
      content text not null, is_progress integer not null, remote text, wanted_at bigint not null, version integer not null,
      sent_version integer not null, sent_at bigint, sent_count integer not null, gave_up_version integer not null,
      attempts integer not null, next_attempt_at bigint not null, last_error text,
      primary key (kind, repository, subject, topic))`,
    'create index messages_by_next_attempt on messages (next_attempt_at)',
    'create table grid_owners (grid text not null primary key, repository text not null, at bigint not null)',
    "alter table deploys add column repository text not null default ''",
    "alter table deploys add column sources text not null default '[]'",
    `create table previews (id text not null primary key, repository text not null, number integer not null,
      title text not null, url text not null, author text not null, is_draft integer not null, head text not null,
      base text not null, branch text not null, at bigint not null, kind text not null, outcome text not null,
      closed_at bigint)`,
    'create index previews_by_request on previews (repository, number, id)',
    `create table preview_grids (preview_id text not null, grid text not null, plan_hash text,
      primary key (preview_id, grid))`,
    'create index preview_grids_by_grid on preview_grids (grid)',
    `create table preview_environments (grid text not null, repository text not null, request integer not null,
      head text not null, stacks text not null, names text not null, url text, outcome text,
      primary key (grid, repository, request))`,
    'alter table previews add column outdated text',
  ],
];

/**
 * Brings the schema to the newest version, all or nothing. Throws `GridError` `invalid-configuration` when a newer
 * gridops wrote the store: going on would damage what it knows.
 */
export async function migrate(db: Db): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`create table if not exists schema_version (version integer not null)`.execute(trx);
    const found = await sql<{ version: number }>`select version from schema_version`.execute(trx);
    const version = found.rows[0]?.version ?? 0;
    if (version > migrations.length) throw newerSchema(version);
    if (version === migrations.length) return;

    for (const statement of migrations.slice(version).flat()) await sql.raw(statement).execute(trx);
    await sql`delete from schema_version`.execute(trx);
    await sql`insert into schema_version (version) values (${migrations.length})`.execute(trx);
  });
}

function newerSchema(version: number): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `the store was written by a newer gridops (schema ${version}, this one knows ${migrations.length})`,
    hint: 'Run that gridops version again, or move the store file away: nothing that is running is disturbed, only history is lost.',
  });
}
