import type { PreviewEnvironment } from '../model/preview-environment.ts';
import { stacksFromJson, stacksToJson } from './definition-json.ts';
import { fromJson } from './json.ts';
import type { Db } from './tables.ts';

/**
 * What runs for pull requests. Lost, it is made again of those that are open; what a closed one has left is then removed as
 * any other stack that nobody wants.
 */
export interface PreviewEnvironmentRecords {
  /** By grid and request. */
  list(): Promise<readonly PreviewEnvironment[]>;
  put(environment: PreviewEnvironment): Promise<void>;
  remove(of: Pick<PreviewEnvironment, 'grid' | 'repository' | 'request'>): Promise<void>;
}

export function createPreviewEnvironments(db: Db): PreviewEnvironmentRecords {
  return {
    list: async () => {
      const rows = await db
        .selectFrom('previewEnvironments')
        .selectAll()
        .orderBy('grid')
        .orderBy('repository')
        .orderBy('request')
        .execute();
      return rows.map((row) => ({
        ...row,
        stacks: stacksFromJson(row.stacks),
        names: fromJson<string[]>(row.names),
        outcome: row.outcome as PreviewEnvironment['outcome'],
      }));
    },
    put: async ({ grid, repository, request, head, stacks, names, url, outcome }) => {
      const columns = {
        head,
        stacks: stacksToJson(stacks),
        names: JSON.stringify(names),
        url,
        outcome,
      };
      await db
        .insertInto('previewEnvironments')
        .values({ grid, repository, request, ...columns })
        .onConflict((conflict) =>
          conflict.columns(['grid', 'repository', 'request']).doUpdateSet(columns),
        )
        .execute();
    },
    remove: async ({ grid, repository, request }) => {
      await db
        .deleteFrom('previewEnvironments')
        .where('grid', '=', grid)
        .where('repository', '=', repository)
        .where('request', '=', request)
        .execute();
    },
  };
}
