import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { CamelCasePlugin, Kysely } from 'kysely';
import { errorMessage, GridError } from '../model/error.ts';
import { type SharedDatabase, SharedFileDialect } from './sqlite-dialect.ts';
import type { Db, Tables } from './tables.ts';

/** While opening, which is short, another process that writes the file is waited for on the spot. */
const OPEN_TIMEOUT = 5_000;

/**
 * Opens (or creates) the database file, or `:memory:`. Throws `GridError`: `internal` for a damaged file,
 * `invalid-configuration` for a place that cannot be written.
 */
export function openSqlite(path: string): Db {
  try {
    if (path !== ':memory:') createPrivately(path);
    const dialect = new SharedFileDialect(openChecked(path), (error) => storeError(error, path));
    return new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] });
  } catch (error) {
    throw storeError(error, path);
  }
}

/** Only the owner may read it: it holds the specs of everything that runs. SQLite gives its side files the same mode. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}

/** A torn or foreign file is refused here, before anything is decided by what it says. */
function openChecked(path: string): SharedDatabase {
  const file = rememberStatements(new Database(path, { timeout: OPEN_TIMEOUT }));
  const pragma = (text: string): readonly unknown[] => {
    const statement = file.prepare(`pragma ${text}`);
    if (statement.reader) return statement.all([]);
    statement.run([]);
    return [];
  };
  try {
    pragma('journal_mode = WAL');
    // With WAL a crash of the process loses nothing; a power cut may lose the last writes, but never the file.
    pragma('synchronous = NORMAL');
    const [row] = pragma('quick_check(1)');
    const verdict = String(Object.values(row ?? {})[0]);
    if (verdict !== 'ok') throw damaged(path, verdict);
    pragma('busy_timeout = 0');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Nothing of better-sqlite3 12, the last one for Node 20, may be collected as garbage: its objects then ask for an
 * environment that Node 24.19 and later no longer give them, and the process is aborted. So what was opened or prepared is
 * kept for as long as the process lives: one database, and a statement for each text, of which there are a few dozen.
 */
const kept = new Set<object>();

/** Kysely prepares each statement anew, every time: a quarter of what a short one costs. */
function rememberStatements(file: Database.Database): SharedDatabase {
  const known = new Map<string, Database.Statement>();
  kept.add(file).add(known);
  return {
    close: () => file.close(),
    get inTransaction() {
      return file.inTransaction;
    },
    prepare: (text) => {
      const found = known.get(text) ?? file.prepare(text);
      known.set(text, found);
      return found;
    },
  };
}

function storeError(error: unknown, path: string): GridError {
  if (error instanceof GridError) return error;
  const code = codeOf(error);
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(path, errorMessage(error), error);
  if (/^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS|EISDIR|ENOTDIR|EEXIST)/.test(code))
    return new GridError({
      code: 'invalid-configuration',
      message: `the store ${path} cannot be written: ${errorMessage(error)}`,
      hint: 'Give the user that runs the master write access to the file and its folder, or choose another place with --data.',
      cause: error,
    });
  const passing = /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM)|ENOSPC)/.test(code);
  return new GridError({
    code: 'internal',
    message: `the store ${path} failed: ${errorMessage(error)}`,
    retry: passing ? 'later' : 'never',
    ...(passing
      ? { hint: 'Look for a full disk, or another process that keeps the file locked.' }
      : {}),
    cause: error,
  });
}

/** Both SQLite and the file system say what happened in `code`. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function damaged(path: string, detail: string, cause?: unknown): GridError {
  return new GridError({
    code: 'internal',
    message: `the store ${path} is damaged: ${detail}`,
    hint: 'Stop the master, move the file away together with its -wal and -shm files, and start again: nothing that is running is disturbed, only history is lost.',
    cause,
  });
}
