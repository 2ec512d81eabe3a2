import { sql } from 'kysely';
import type { Preview, PreviewOutcome } from '../model/preview.ts';
import { withinSize } from '../model/preview-size.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** Without what it says, which can be large. */
export type PreviewOutline = Omit<Preview, 'outcome'> & {
  readonly outcome: PreviewOutcome['kind'];
};

/** How a preview stands to what came after it. */
export interface PreviewStanding {
  /** Why it does not hold any more, although there is no newer one yet. */
  readonly outdated: string | null;
  /** The newest of the same request, where it is another one. */
  readonly newer: string | null;
}

/** What pull requests were shown. Nothing depends on them but comparing; without them everything is planned anew. */
export interface Previews {
  /** Gives it its id. What is too large is kept without the ends of its lists. */
  create(preview: Omit<Preview, 'id'>): Promise<Preview>;
  get(id: string): Promise<Preview | null>;
  /** The newest one of a request, or of one of its heads. */
  newest(of: {
    readonly repository: string;
    readonly number: number;
    readonly head?: string;
  }): Promise<Preview | null>;
  /** It does not hold any more, and why; another one is on its way. */
  outdate(id: string, why: string): Promise<void>;
  standing(id: string): Promise<PreviewStanding>;
  /** Of each open request whose newest preview is about that grid, that one; newest first. */
  ofGrid(grid: string, limit: number): Promise<readonly Preview[]>;
  /** Of which grids it is, all of them, with the hashes of their plans. */
  plans(id: string): Promise<readonly { readonly grid: string; readonly hash: string | null }[]>;
  /** Its request was merged or closed. A newer preview opens it again. */
  close(of: { readonly repository: string; readonly number: number }, at: number): Promise<void>;
  /** The newest ones, newest first: what was going on before a restart. */
  recent(limit: number): Promise<readonly PreviewOutline[]>;
  /** Forgets those of before that time, and of each request all but the newest `keep`. */
  prune(bounds: { readonly before: number; readonly keep: number }): Promise<void>;
}

/** Characters of JSON. Ten thousand of them are some gigabytes at worst, and some megabytes as things are. */
const LARGEST_OUTCOME = 500_000;

const outline = [
  'id',
  'repository',
  'number',
  'title',
  'url',
  'author',
  'isDraft',
  'head',
  'base',
  'branch',
  'at',
  'kind',
] as const;

export function createPreviews(
  db: Db,
  newId: (last: string | null, at: number) => string,
): Previews {
  return {
    create: async (preview) =>
      await db.transaction().execute(async (trx) => await create(trx, newId, preview)),
    get: async (id) => {
      const row = await db
        .selectFrom('previews')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : toPreview(row);
    },
    newest: async ({ repository, number, head }) => {
      const all = db
        .selectFrom('previews')
        .selectAll()
        .where('repository', '=', repository)
        .where('number', '=', number);
      const those = head === undefined ? all : all.where('head', '=', head);
      const row = await those.orderBy('id', 'desc').limit(1).executeTakeFirst();
      return row === undefined ? null : toPreview(row);
    },
    outdate: async (id, outdated) => {
      await db.updateTable('previews').set({ outdated }).where('id', '=', id).execute();
    },
    standing: async (id) => await standing(db, id),
    ofGrid: async (grid, limit) => {
      const newest = db
        .selectFrom('previews')
        .select((all) => all.fn.max('id').as('id'))
        .groupBy(['repository', 'number']);
      const rows = await db
        .selectFrom('previews')
        .innerJoin('previewGrids', 'previewGrids.previewId', 'previews.id')
        .selectAll('previews')
        .where('previewGrids.grid', '=', grid)
        .where('previews.id', 'in', newest)
        .where('previews.closedAt', 'is', null)
        .orderBy('previews.id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toPreview);
    },
    plans: async (id) =>
      await db
        .selectFrom('previewGrids')
        .select(['grid', 'planHash as hash'])
        .where('previewId', '=', id)
        .orderBy('grid')
        .execute(),
    close: async ({ repository, number }, at) => {
      await db
        .updateTable('previews')
        .set({ closedAt: at })
        .where('repository', '=', repository)
        .where('number', '=', number)
        .where('closedAt', 'is', null)
        .execute();
    },
    recent: async (limit) => {
      const rows = await db
        .selectFrom('previews')
        .select(outline)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toOutline);
    },
    prune: async ({ before, keep }) =>
      await db.transaction().execute(async (trx) => await prune(trx, before, keep)),
  };
}

async function create(
  trx: Db,
  newId: (last: string | null, at: number) => string,
  { request, outcome, ...rest }: Omit<Preview, 'id'>,
): Promise<Preview> {
  const last = trx.selectFrom('previews').select('id').orderBy('id', 'desc').limit(1);
  const id = newId((await last.executeTakeFirst())?.id ?? null, rest.at);
  const kept = withinSize(outcome, LARGEST_OUTCOME);
  const { isDraft, ...named } = request;
  const columns = {
    ...named,
    isDraft: isDraft ? 1 : 0,
    kind: kept.kind,
    closedAt: null,
    outdated: null,
  };
  const row = { ...rest, ...columns, id, outcome: JSON.stringify(kept) };
  await trx.insertInto('previews').values(row).execute();
  for (const { grid, plan } of outcome.kind === 'planned' ? outcome.grids : [])
    await trx
      .insertInto('previewGrids')
      .values({ previewId: id, grid, planHash: plan?.hash ?? null })
      .execute();
  return { ...rest, id, request, outcome: kept };
}

async function standing(db: Db, id: string): Promise<PreviewStanding> {
  const row = await db
    .selectFrom('previews')
    .select(['repository', 'number', 'outdated'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return { outdated: null, newer: null };
  const newer = await db
    .selectFrom('previews')
    .select('id')
    .where('repository', '=', row.repository)
    .where('number', '=', row.number)
    .where('id', '>', id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { outdated: row.outdated, newer: newer?.id ?? null };
}

async function prune(trx: Db, before: number, keep: number): Promise<void> {
  await trx.deleteFrom('previews').where('at', '<', before).execute();
  await sql`
    delete from previews where id in (
      select id from (
        select id, row_number() over (partition by repository, number order by id desc) as place from previews
      ) as ranked
      where place > ${keep}
    )`.execute(trx);
  await sql`delete from preview_grids where preview_id not in (select id from previews)`.execute(
    trx,
  );
}

function toPreview(row: Row<'previews'>): Preview {
  return { ...toOutline(row), outcome: fromJson<PreviewOutcome>(row.outcome) };
}

function toOutline(
  row: Omit<Row<'previews'>, 'outcome' | 'closedAt' | 'outdated'>,
): PreviewOutline {
  const { id, repository, head, base, branch, at, number, title, url, author, isDraft } = row;
  const request = { number, title, url, author, isDraft: isDraft === 1 };
  return { id, repository, request, head, base, branch, at, outcome: row.kind };
}
