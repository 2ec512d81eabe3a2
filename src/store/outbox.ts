import { sql } from 'kysely';
import type { Db, Row } from './tables.ts';

/**
 * Messages on their way to the forge. One row for each thing that is spoken of, which holds the newest wanted message only:
 * one that was overtaken before it was sent is never sent. Versions count the wants of a row and only go up.
 */
export interface OutboxKey {
  readonly kind: Row<'messages'>['kind'];
  /** `owner/name`. */
  readonly repository: string;
  readonly subject: string;
  readonly topic: string;
}

export interface OutboxWant extends OutboxKey {
  /** Anything that JSON can hold. */
  readonly content: unknown;
  readonly isProgress: boolean;
}

/** Times in milliseconds since the epoch. */
export interface OutboxMessage extends OutboxWant {
  readonly remote: string | null;
  readonly wantedAt: number;
  readonly version: number;
  readonly sentVersion: number;
  readonly sentAt: number | null;
  readonly sentCount: number;
  readonly gaveUpVersion: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
}

export interface OutboxTime {
  readonly at: number;
  readonly progressInterval?: number;
  /** Once so many messages of a row were sent, progress is dropped: forges take only so many. */
  readonly maxProgress?: number;
}

export interface Outbox {
  /**
   * False when exactly this is wanted already. A row that waits after a failure goes on waiting: the forge is what is ill.
   * Progress that follows progress waits until `progressInterval` milliseconds after the last that was sent, so that it does
   * not use up the forge's limits; anything else overtakes it at once.
   */
  want(message: OutboxWant, when: OutboxTime): Promise<boolean>;
  /** Neither sent nor given up, and not waiting; longest waiting first. `of`: only where the repository begins so. */
  due(now: number, limit: number, of?: string): Promise<readonly OutboxMessage[]>;
  /** When the first of the rows that are not due at `now` will be; `null` when there are none. */
  nextDueAt(now: number, of?: string): Promise<number | null>;
  /** Everything neither sent nor given up, oldest first. */
  unsent(): Promise<readonly OutboxMessage[]>;
  /** What is wanted of a thing, sent or not. */
  find(key: OutboxKey): Promise<OutboxMessage | null>;
  /** Everything of one topic, oldest first. */
  ofTopic(key: Omit<OutboxKey, 'subject'>): Promise<readonly OutboxMessage[]>;
  sent(
    key: OutboxKey,
    version: number,
    of: { readonly at: number; readonly remote: string | null },
  ): Promise<void>;
  failed(
    key: OutboxKey,
    version: number,
    outcome: { readonly error: string; readonly nextAttemptAt: number },
  ): Promise<void>;
  /** This version is not tried again; a later want is. */
  gaveUp(key: OutboxKey, version: number, error: string): Promise<void>;
  /** Gives what was given up and wanted at or after `since` another chance: a person may have mended the credentials. */
  revive(since: number, of?: string): Promise<void>;
  /**
   * Removes what was wanted before `before`, sent or not: nobody waits for it any more. A deployment that was successful stays
   * until the next one takes its place, which has to say so.
   */
  prune(before: number): Promise<void>;
}

/**
 * Milliseconds; attempts are five minutes apart at most. A row that were to wait for longer was written under a clock that
 * has been set back since, and waits for nothing.
 */
const LONGEST_WAIT = 10 * 60_000;

export function createOutbox(db: Db): Outbox {
  return {
    want: async (message, when) =>
      await db.transaction().execute(async (trx) => await want(trx, message, when)),
    due: async (now, limit, of) => {
      const rows = await unsettled(db, of)
        .where((eb) =>
          eb.or([eb('nextAttemptAt', '<=', now), eb('nextAttemptAt', '>', now + LONGEST_WAIT)]),
        )
        .orderBy('nextAttemptAt')
        .orderBy('wantedAt')
        .orderBy('topic')
        .limit(limit)
        .execute();
      return rows.map(messageOf);
    },
    nextDueAt: async (now, of) => {
      const later = unsettled(db, of).where('nextAttemptAt', '>', now);
      const row = await later.orderBy('nextAttemptAt').limit(1).executeTakeFirst();
      return row?.nextAttemptAt ?? null;
    },
    unsent: async () =>
      (await unsettled(db).orderBy('wantedAt').orderBy('topic').execute()).map(messageOf),
    find: async (key) => {
      const row = await rowOf(db, key);
      return row === undefined ? null : messageOf(row);
    },
    ofTopic: async ({ kind, repository, topic }) => {
      const rows = await db
        .selectFrom('messages')
        .selectAll()
        .where('kind', '=', kind)
        .where('repository', '=', repository)
        .where('topic', '=', topic)
        .orderBy('wantedAt')
        .orderBy('subject')
        .execute();
      return rows.map(messageOf);
    },
    sent: async (key, version, { at, remote }) => {
      await change(db, key)
        .set((eb) => ({
          sentVersion: version,
          sentAt: at,
          sentCount: eb('sentCount', '+', 1),
          remote,
          attempts: 0,
          lastError: null,
        }))
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
        .updateTable('messages')
        .set({ gaveUpVersion: 0, attempts: 0, nextAttemptAt: since })
        .whereRef('gaveUpVersion', '=', 'version')
        .where('wantedAt', '>=', since)
        .where('repository', '>=', of)
        .where('repository', '<', `${of}${AFTER}`)
        .execute();
    },
    prune: async (before) => {
      await db
        .deleteFrom('messages')
        .where('wantedAt', '<', before)
        .where((eb) => eb.or([eb('kind', '!=', 'deployment'), eb(state, '!=', 'success')]))
        .execute();
    },
  };
}

async function want(trx: Db, message: OutboxWant, when: OutboxTime): Promise<boolean> {
  const { kind, repository, subject, topic } = message;
  const content = JSON.stringify(message.content);
  const known = await rowOf(trx, message);
  if (known?.content === content) return false;
  if (known !== undefined && isTooMuch(known, message, when)) return false;

  const version = (known?.version ?? 0) + 1;
  const isProgress = message.isProgress ? 1 : 0;
  const columns = { content, isProgress, wantedAt: when.at, version };
  if (known === undefined) {
    const key = { kind, repository, subject, topic };
    await trx
      .insertInto('messages')
      .values({ ...key, ...columns, ...unsaid, nextAttemptAt: when.at })
      .execute();
  } else {
    const nextAttemptAt = nextAttempt(known, message, when);
    await change(trx, message)
      .set({ ...columns, nextAttemptAt })
      .execute();
  }
  return true;
}

async function rowOf(
  db: Db,
  { kind, repository, subject, topic }: OutboxKey,
): Promise<Row<'messages'> | undefined> {
  return await db
    .selectFrom('messages')
    .selectAll()
    .where('kind', '=', kind)
    .where('repository', '=', repository)
    .where('subject', '=', subject)
    .where('topic', '=', topic)
    .executeTakeFirst();
}

const unsaid = {
  remote: null,
  sentVersion: 0,
  sentAt: null,
  sentCount: 0,
  gaveUpVersion: 0,
  attempts: 0,
  lastError: null,
} as const;

function isTooMuch(
  known: Row<'messages'>,
  { isProgress }: OutboxWant,
  { maxProgress = Number.MAX_SAFE_INTEGER }: OutboxTime,
): boolean {
  return isProgress && known.sentCount >= maxProgress;
}

function nextAttempt(
  known: Row<'messages'>,
  { isProgress }: OutboxWant,
  { at, progressInterval = 0 }: OutboxTime,
): number {
  if (isUnsettled(known) && known.attempts > 0) return known.nextAttemptAt;
  const isFurther = known.isProgress === 1 && isProgress;
  if (!isFurther || known.sentAt === null) return at;
  return Math.max(at, known.sentAt + progressInterval);
}

function messageOf(row: Row<'messages'>): OutboxMessage {
  return { ...row, content: JSON.parse(row.content) as unknown, isProgress: row.isProgress === 1 };
}

function isUnsettled(row: Row<'messages'>): boolean {
  return row.version > row.sentVersion && row.version > row.gaveUpVersion;
}

const state = sql<string>`json_extract(content, '$.state')`;

/** Above every character that a repository is named with. */
const AFTER = '\u{10ffff}';

function unsettled(db: Db, of = '') {
  return db
    .selectFrom('messages')
    .selectAll()
    .where('repository', '>=', of)
    .where('repository', '<', `${of}${AFTER}`)
    .whereRef('version', '>', 'sentVersion')
    .whereRef('version', '>', 'gaveUpVersion');
}

function change(db: Db, { kind, repository, subject, topic }: OutboxKey) {
  return db
    .updateTable('messages')
    .where('kind', '=', kind)
    .where('repository', '=', repository)
    .where('subject', '=', subject)
    .where('topic', '=', topic);
}
