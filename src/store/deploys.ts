import { sql } from 'kysely';
import { type DeployPhase, mayFollow } from '../model/deploy.ts';
import { GridError } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import { createDeployEntries, type DeployEntries } from './deploy-entries.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** The diary of one deploy. Written by the grid's controller only; times in milliseconds since the epoch. */
export interface Deploy extends DeployOutline {
  /** The plan as people read it, and as JSON text of model Plan. */
  readonly planText: string | null;
  readonly planJson: string | null;
  /** What was left when it ended without converging; JSON text of model Plan. */
  readonly remainingJson: string | null;
}

/** A deploy without its plan, which can be large. */
export interface DeployOutline extends NewDeploy {
  /** UUID version 7: later deploys have greater ids. */
  readonly id: string;
  readonly phase: DeployPhase;
  readonly planHash: string | null;
  readonly summary: string | null;
  /** Instances that the deploy is about, and how many of them are converged. */
  readonly total: number;
  readonly done: number;
  /** Why it ended, or waits, as it does. */
  readonly message: string | null;
  /** Hash of the plan that a person confirmed. */
  readonly approvedHash: string | null;
  /** Id of the deploy that took over. */
  readonly supersededBy: string | null;
  /** Later commits with the same inputs, whose status follows this deploy. */
  readonly carried: readonly string[];
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** A commit of another repository that a stack of the deploy is from. */
export interface DeploySource {
  /** As the master's settings call it. */
  readonly repository: string;
  readonly sha: string;
  /** Its status follows this deploy: the deploy is of it (`changed`), or it changes nothing there (`carried`). */
  readonly told: 'no' | 'changed' | 'carried';
}

export interface NewDeploy {
  readonly grid: string;
  readonly sha: string;
  readonly inputs: string;
  readonly trigger: string;
  /** Who asked for it, when a person did. */
  readonly actor: string | null;
  readonly createdAt: number;
  readonly problems: readonly Problem[];
  /** Which one has the commit, as the master's settings call it; empty: not known, there was only one. */
  readonly repository: string;
  readonly sources: readonly DeploySource[];
}

export type DeployPatch = Partial<
  Omit<Deploy, Exclude<keyof NewDeploy, 'problems' | 'sources'> | 'id'>
>;

export interface Deploys extends DeployEntries {
  /** Starts as `queued`. */
  create(deploy: NewDeploy): Promise<Deploy>;
  get(id: string): Promise<Deploy | null>;
  /** Throws `GridError`: `not-found`, or `internal` for a phase that may not follow. */
  update(id: string, patch: DeployPatch): Promise<Deploy>;
  /** The newest that has not ended. */
  active(grid: string): Promise<Deploy | null>;
  /** All that have not ended, oldest first: more than one only after a crash. */
  unfinished(grid: string): Promise<readonly DeployOutline[]>;
  /** Newest first; `before` is the id of the last one of the page before. */
  list(
    grid: string,
    page: { readonly limit: number; readonly before?: string },
  ): Promise<readonly DeployOutline[]>;
  /** Keeps the newest `keep` of each grid, and whatever has not ended. */
  prune(keep?: number): Promise<void>;
}

const KEPT_DEPLOYS = 500;
const unfinishedPhases: readonly DeployPhase[] = ['queued', 'planning', 'running', 'held'];
const outline = [
  'id',
  'grid',
  'sha',
  'inputs',
  'trigger',
  'actor',
  'phase',
  'planHash',
  'summary',
  'total',
  'done',
  'problems',
  'message',
  'approvedHash',
  'supersededBy',
  'carried',
  'createdAt',
  'startedAt',
  'finishedAt',
  'repository',
  'sources',
] as const;

export function createDeploys(db: Db, newId: (last: string | null) => string): Deploys {
  return {
    ...createDeployEntries(db),
    create: async (deploy) =>
      await db.transaction().execute(async (trx) => {
        const row = newRow(newId(await newestId(trx)), deploy);
        await trx.insertInto('deploys').values(row).execute();
        return toDeploy(row);
      }),
    get: async (id) => await find(db, id),
    update: async (id, patch) =>
      await db.transaction().execute(async (trx) => await update(trx, id, patch)),
    active: async (grid) => {
      const row = await db
        .selectFrom('deploys')
        .selectAll()
        .where('grid', '=', grid)
        .where('phase', 'in', unfinishedPhases)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : toDeploy(row);
    },
    unfinished: async (grid) => {
      const rows = await db
        .selectFrom('deploys')
        .select(outline)
        .where('grid', '=', grid)
        .where('phase', 'in', unfinishedPhases)
        .orderBy('id')
        .execute();
      return rows.map(toDeploy);
    },
    list: async (grid, { limit, before }) => {
      const page = db
        .selectFrom('deploys')
        .select(outline)
        .where('grid', '=', grid)
        .orderBy('id', 'desc')
        .limit(limit);
      const rows = await (before === undefined ? page : page.where('id', '<', before)).execute();
      return rows.map(toDeploy);
    },
    prune: async (keep = KEPT_DEPLOYS) =>
      await db.transaction().execute(async (trx) => await prune(trx, keep)),
  };
}

async function newestId(trx: Db): Promise<string | null> {
  const newest = trx.selectFrom('deploys').select('id').orderBy('id', 'desc').limit(1);
  return (await newest.executeTakeFirst())?.id ?? null;
}

async function update(trx: Db, id: string, patch: DeployPatch): Promise<Deploy> {
  const known = await find(trx, id);
  if (known === null) throw notFound(id);
  const phase = patch.phase ?? known.phase;
  if (phase !== known.phase && !mayFollow(known.phase, phase)) throw illegal(known, phase);

  const { problems, carried, sources, ...columns } = patch;
  await trx
    .updateTable('deploys')
    .set({
      ...columns,
      phase,
      ...(problems === undefined ? {} : { problems: JSON.stringify(problems) }),
      ...(carried === undefined ? {} : { carried: JSON.stringify(carried) }),
      ...(sources === undefined ? {} : { sources: JSON.stringify(sources) }),
    })
    .where('id', '=', id)
    .execute();
  return { ...known, ...patch };
}

async function prune(trx: Db, keep: number): Promise<void> {
  await sql`
    delete from deploys where id in (
      select id from (
        select id, phase, row_number() over (partition by grid order by id desc) as place from deploys
      ) as ranked
      where place > ${keep} and phase not in (${sql.join(unfinishedPhases)})
    )`.execute(trx);
  await sql`delete from deploy_entries where deploy_id not in (select id from deploys)`.execute(
    trx,
  );
}

async function find(db: Db, id: string): Promise<Deploy | null> {
  const row = await db.selectFrom('deploys').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toDeploy(row);
}

function newRow(id: string, deploy: NewDeploy): Row<'deploys'> {
  const { grid, sha, inputs, trigger, actor, createdAt } = deploy;
  return {
    id,
    grid,
    sha,
    inputs,
    trigger,
    actor,
    createdAt,
    phase: 'queued',
    planHash: null,
    planText: null,
    planJson: null,
    remainingJson: null,
    summary: null,
    total: 0,
    done: 0,
    problems: JSON.stringify(deploy.problems),
    message: null,
    approvedHash: null,
    supersededBy: null,
    carried: '[]',
    startedAt: null,
    finishedAt: null,
    repository: deploy.repository,
    sources: JSON.stringify(deploy.sources),
  };
}

interface JsonColumns {
  readonly problems: string;
  readonly carried: string;
  readonly sources: string;
}

function toDeploy<T extends JsonColumns>(row: T) {
  return {
    ...row,
    problems: fromJson<readonly Problem[]>(row.problems),
    carried: fromJson<readonly string[]>(row.carried),
    sources: fromJson<readonly DeploySource[]>(row.sources),
  };
}

function notFound(id: string): GridError {
  return new GridError({ code: 'not-found', message: `there is no deploy ${id}` });
}

function illegal(known: Deploy, phase: DeployPhase): GridError {
  return new GridError({
    code: 'internal',
    message: `deploy ${known.id} of grid ${known.grid} is ${known.phase} and cannot become ${phase}`,
  });
}
