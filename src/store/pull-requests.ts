import { fromJson } from './json.ts';
import type { Db } from './tables.ts';

/** A pull request as it was previewed last. Lost, it is previewed once more, and nobody may merge what was reviewed before. */
export interface StoredPullRequest<T> {
  /** As the settings call it. */
  readonly repository: string;
  readonly number: number;
  /** What its preview was made of and came to; the shape is the writer's. */
  readonly known: T;
  /** Milliseconds since the epoch; `null`: it is open. */
  readonly closedAt: number | null;
}

export interface PullRequestRecords {
  /** Open ones, and those that were closed at or after `since`, by number. */
  list<T>(repository: string, since: number): Promise<readonly StoredPullRequest<T>[]>;
  put<T>(of: Pick<StoredPullRequest<T>, 'repository' | 'number' | 'known'>): Promise<void>;
  close(repository: string, number: number, at: number): Promise<void>;
  /** Up to when comments have been looked through; `null`: never. */
  commentsRead(repository: string): Promise<number | null>;
  setCommentsRead(repository: string, at: number): Promise<void>;
  /** Removes what was closed before `before`. */
  prune(before: number): Promise<void>;
}

export function createPullRequests(db: Db): PullRequestRecords {
  return {
    list: async <T>(repository: string, since: number) => {
      const rows = await db
        .selectFrom('pullRequests')
        .selectAll()
        .where('repository', '=', repository)
        .where((eb) => eb.or([eb('closedAt', 'is', null), eb('closedAt', '>=', since)]))
        .orderBy('number')
        .execute();
      return rows.map(({ known, ...row }) => ({ ...row, known: fromJson<T>(known) }));
    },
    put: async ({ repository, number, known }) => {
      const columns = { known: JSON.stringify(known), closedAt: null };
      await db
        .insertInto('pullRequests')
        .values({ repository, number, ...columns })
        .onConflict((conflict) => conflict.columns(['repository', 'number']).doUpdateSet(columns))
        .execute();
    },
    close: async (repository, number, at) => {
      await db
        .updateTable('pullRequests')
        .set({ closedAt: at })
        .where('repository', '=', repository)
        .where('number', '=', number)
        .execute();
    },
    commentsRead: async (repository) => {
      const row = await db
        .selectFrom('commentMarks')
        .select('at')
        .where('repository', '=', repository)
        .executeTakeFirst();
      return row?.at ?? null;
    },
    setCommentsRead: async (repository, at) => {
      await db
        .insertInto('commentMarks')
        .values({ repository, at })
        .onConflict((conflict) => conflict.column('repository').doUpdateSet({ at }))
        .execute();
    },
    prune: async (before) => {
      await db.deleteFrom('pullRequests').where('closedAt', '<', before).execute();
    },
  };
}
