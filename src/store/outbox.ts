import type { Db, Row } from './tables.ts';

/**
 * Commit statuses on their way to the forge. One row per commit and context, which holds the newest wanted state only:
 * a state that was overtaken before it was sent is never sent. Versions count the wants of a row and only go up.
 */
export interface OutboxKey {
  /** `owner/name`. */
  readonly repository: string;
  readonly sha: string;
  readonly context: string;
}

export interface OutboxWant extends OutboxKey {
  readonly state: Row<'outbox'>['state'];
  readonly description: string;
  readonly targetUrl: string | null;
}

/** Times in milliseconds since the epoch. */
export interface OutboxStatus extends OutboxWant {
  readonly wantedAt: number;
  readonly version: number;
  readonly sentVersion: number;
  readonly sentAt: number | null;
  readonly gaveUpVersion: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
}

export interface OutboxTime {
  readonly at: number;
  readonly progressInterval?: number;
}

export interface Outbox {
  /**
   * False when exactly this is wanted already. A row that waits after a failure goes on waiting: the forge is what is ill.
   * A pending state that follows a pending one waits until `progressInterval` milliseconds after the last that was sent, so
   * that progress does not use up the forge's limits; any other state overtakes it at once.
   */
  want(status: OutboxWant, when: OutboxTime): Promise<boolean>;
  /** Neither sent nor given up, and not waiting; longest waiting first. `of`: only where the repository begins so. */
  due(now: number, limit: number, of?: string): Promise<readonly OutboxStatus[]>;
  /** When the first of the rows that are not due at `now` will be; `null` when there are none. */
  nextDueAt(now: number, of?: string): Promise<number | null>;
  /** Everything neither sent nor given up, oldest first. */
  unsent(): Promise<readonly OutboxStatus[]>;
  sent(key: OutboxKey, version: number, at: number): Promise<void>;
  failed(
    key: OutboxKey,
    version: number,
    outcome: { readonly error: string; readonly nextAttemptAt: number },
  ): Promise<void>;
  /** This version is not tried again; a later want is. */
  gaveUp(key: OutboxKey, version: number, error: string): Promise<void>;
  /** Gives what was given up and wanted at or after `since` another chance: a person may have mended the credentials. */
  revive(since: number, of?: string): Promise<void>;
  /** Removes what was wanted before `before`, sent or not: nobody waits for it any more. */
  prune(before: number): Promise<void>;
}

/**
 * Milliseconds; attempts are five minutes apart at most. A row that were to wait for longer was written under a clock that
 * has been set back since, and waits for nothing.
 */
const LONGEST_WAIT = 10 * 60_000;

export function createOutbox(db: Db): Outbox {
  return {
    want: async (status, when) =>
      await db.transaction().execute(async (trx) => await want(trx, status, when)),
    due: async (now, limit, of) =>
      await unsettled(db, of)
        .where((eb) =>
          eb.or([eb('nextAttemptAt', '<=', now), eb('nextAttemptAt', '>', now + LONGEST_WAIT)]),
        )
        .orderBy('nextAttemptAt')
        .orderBy('wantedAt')
        .orderBy('context')
        .limit(limit)
        .execute(),
    nextDueAt: async (now, of) => {
      const later = unsettled(db, of).where('nextAttemptAt', '>', now);
      const row = await later.orderBy('nextAttemptAt').limit(1).executeTakeFirst();
      return row?.nextAttemptAt ?? null;
    },
    unsent: async () => await unsettled(db).orderBy('wantedAt').orderBy('context').execute(),
    sent: async (key, version, at) => {
      await change(db, key)
        .set({ sentVersion: version, sentAt: at, attempts: 0, lastError: null })
        .where('sentVersion', '<', version)
        .execute();
    },
    failed: async (key, version, { error, nextAttemptAt }) => {
      await change(db, key)
        .set((eb) => ({ attempts: eb('attempts', '+', 1), lastError: error, nextAttemptAt }))
        .where('sentVersion', '<', version)
        .execute();
    },
    gaveUp: async (key, version, error) => {
      await change(db, key)
        .set({ gaveUpVersion: version, attempts: 0, lastError: error })
        .where('gaveUpVersion', '<', version)
        .execute();
    },
    revive: async (since, of = '') => {
      await db
        .updateTable('outbox')
        .set({ gaveUpVersion: 0, attempts: 0, nextAttemptAt: since })
        .whereRef('gaveUpVersion', '=', 'version')
        .where('wantedAt', '>=', since)
        .where('repository', '>=', of)
        .where('repository', '<', `${of}${AFTER}`)
        .execute();
    },
    prune: async (before) => {
      await db.deleteFrom('outbox').where('wantedAt', '<', before).execute();
    },
  };
}

async function want(trx: Db, status: OutboxWant, when: OutboxTime): Promise<boolean> {
  const { repository, sha, context, state, description, targetUrl } = status;
  const known = await trx
    .selectFrom('outbox')
    .selectAll()
    .where('repository', '=', repository)
    .where('sha', '=', sha)
    .where('context', '=', context)
    .executeTakeFirst();
  if (known !== undefined && isSame(known, status)) return false;

  const version = (known?.version ?? 0) + 1;
  const columns = { state, description, targetUrl, wantedAt: when.at, version };
  if (known === undefined) {
    const fresh = {
      sentVersion: 0,
      sentAt: null,
      gaveUpVersion: 0,
      attempts: 0,
      nextAttemptAt: when.at,
    };
    await trx
      .insertInto('outbox')
      .values({ repository, sha, context, ...columns, ...fresh, lastError: null })
      .execute();
  } else {
    const nextAttemptAt = nextAttempt(known, state, when);
    await change(trx, status)
      .set({ ...columns, nextAttemptAt })
      .execute();
  }
  return true;
}

function nextAttempt(known: OutboxStatus, state: OutboxWant['state'], when: OutboxTime): number {
  const { at, progressInterval = 0 } = when;
  if (isUnsettled(known) && known.attempts > 0) return known.nextAttemptAt;
  const isProgress = known.state === 'pending' && state === 'pending';
  if (!isProgress || known.sentAt === null) return at;
  return Math.max(at, known.sentAt + progressInterval);
}

function isSame(known: OutboxWant, wanted: OutboxWant): boolean {
  return (
    known.state === wanted.state &&
    known.description === wanted.description &&
    known.targetUrl === wanted.targetUrl
  );
}

function isUnsettled(row: OutboxStatus): boolean {
  return row.version > row.sentVersion && row.version > row.gaveUpVersion;
}

/** Above every character that a repository is named with. */
const AFTER = '\u{10ffff}';

function unsettled(db: Db, of = '') {
  return db
    .selectFrom('outbox')
    .selectAll()
    .where('repository', '>=', of)
    .where('repository', '<', `${of}${AFTER}`)
    .whereRef('version', '>', 'sentVersion')
    .whereRef('version', '>', 'gaveUpVersion');
}

function change(db: Db, { repository, sha, context }: OutboxKey) {
  return db
    .updateTable('outbox')
    .where('repository', '=', repository)
    .where('sha', '=', sha)
    .where('context', '=', context);
}
