import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';

/** Together five seconds, far longer than any transaction of ours. */
const BUSY_RETRIES = 250;
const BUSY_DELAY = 20;

/** As better-sqlite3 has it. */
export interface SharedDatabase extends SqliteDatabase {
  readonly inTransaction: boolean;
}

/**
 * Kysely's SQLite dialect, made to share its file: another writer is waited for without blocking this process, as SQLite's own
 * busy timeout would. `translate` makes the errors that leave.
 */
export class SharedFileDialect extends SqliteDialect {
  readonly #database: SharedDatabase;
  readonly #translate: (error: unknown) => Error;

  constructor(database: SharedDatabase, translate: (error: unknown) => Error) {
    super({ database });
    this.#database = database;
    this.#translate = translate;
  }

  override createDriver(): Driver {
    return new SharedFileDriver(this.#database, this.#translate);
  }
}

class SharedFileDriver extends SqliteDriver {
  readonly #database: SharedDatabase;
  readonly #translate: (error: unknown) => Error;

  constructor(database: SharedDatabase, translate: (error: unknown) => Error) {
    super({ database });
    this.#database = database;
    this.#translate = translate;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new SharedFileConnection(await super.acquireConnection(), this.#translate);
  }

  /**
   * A transaction that starts as a reader may not become a writer after another process wrote: it would fail, and waiting
   * could not help. Ours all write, so they ask for the lock first, and never meet a busy file after that.
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** On a full disk SQLite has rolled back by itself; what would fail then must not hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

class SharedFileConnection implements DatabaseConnection {
  readonly #inner: DatabaseConnection;
  readonly #translate: (error: unknown) => Error;

  constructor(inner: DatabaseConnection, translate: (error: unknown) => Error) {
    this.#inner = inner;
    this.#translate = translate;
  }

  /** A statement that met a busy file has done nothing, so it can be tried again. */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#inner.executeQuery<R>(query);
      } catch (error) {
        if (!isBusy(error) || attempt >= BUSY_RETRIES) throw this.#translate(error);
      }
      await sleep(BUSY_DELAY);
    }
  }

  streamQuery<R>(query: CompiledQuery, size?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#inner.streamQuery<R>(query, size);
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}
