import type { Db, Row } from './tables.ts';

/** One line of history: who, what, where. Appended by the master, never changed. */
export interface StoredEvent extends NewEvent {
  /** UUID version 7: later events have greater ids. */
  readonly id: string;
}

export interface NewEvent {
  /** Milliseconds since the epoch, by the clock of whoever saw it. */
  readonly at: number;
  /** `null` for what concerns the master as a whole. */
  readonly grid: string | null;
  readonly node: string | null;
  /** Instance path, or empty. */
  readonly path: string;
  readonly severity: Row<'events'>['severity'];
  /** kebab-case. */
  readonly kind: string;
  readonly message: string;
}

export interface EventFilter {
  readonly grid?: string;
  readonly node?: string;
  readonly limit: number;
  /** Event ids, exclusive. */
  readonly before?: string;
  readonly after?: string;
}

export interface Events {
  append(event: NewEvent): Promise<StoredEvent>;
  /** Newest first; with `after` oldest first, so that whoever follows along misses nothing between two pages. */
  list(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** Keeps the newest `keep`. */
  prune(keep?: number): Promise<void>;
}

const KEPT_EVENTS = 100_000;

export function createEvents(db: Db, newId: () => string): Events {
  return {
    append: async ({ at, grid, node, path, severity, kind, message }) => {
      const event = { id: newId(), at, grid, node, path, severity, kind, message };
      await db.insertInto('events').values(event).execute();
      return event;
    },
    list: async (filter) => await list(db, filter),
    prune: async (keep = KEPT_EVENTS) => {
      const oldest = db
        .selectFrom('events')
        .select('id')
        .orderBy('id', 'desc')
        .limit(1)
        .offset(keep);
      await db.deleteFrom('events').where('id', '<=', oldest).execute();
    },
  };
}

async function list(db: Db, filter: EventFilter): Promise<readonly StoredEvent[]> {
  const { grid, node, before, after, limit } = filter;
  return await db
    .selectFrom('events')
    .selectAll()
    .$if(grid !== undefined, (query) => query.where('grid', '=', grid ?? ''))
    .$if(node !== undefined, (query) => query.where('node', '=', node ?? ''))
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id', after === undefined ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}
