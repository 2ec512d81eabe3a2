import type { Db } from './tables.ts';

/** A join token; the secret itself is never stored. Times in milliseconds since the epoch. */
export interface StoredToken extends NewToken {
  /** Name and public key of the node that joined with it. */
  readonly usedBy: string | null;
  readonly usedKey: string | null;
  readonly usedAt: number | null;
}

export interface NewToken {
  /** SHA-256 of the token's secret, hex. */
  readonly hash: string;
  readonly grid: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface TakeToken {
  readonly hash: string;
  readonly now: number;
  readonly node: string;
  readonly publicKey: string;
}

/** `grid` is the one that the token was made for: what the bearer says about it does not count. */
export type Taken =
  | { readonly kind: 'taken'; readonly grid: string }
  | { readonly kind: 'refused'; readonly reason: 'unknown' | 'expired' | 'used' };

export interface Tokens {
  create(token: NewToken): Promise<void>;
  /**
   * Uses the token up, atomically: of any number of nodes one gets it. The same node with the same key may take it again
   * until it expires, for the case that the answer was lost on the way.
   */
  take(request: TakeToken): Promise<Taken>;
  /** Newest first. */
  list(grid?: string): Promise<readonly StoredToken[]>;
  /** False when there was none. */
  revoke(hash: string): Promise<boolean>;
  /** Removes what expired before `before`. */
  prune(before: number): Promise<void>;
}

export function createTokens(db: Db): Tokens {
  return {
    create: async ({ hash, grid, createdAt, expiresAt }) => {
      await db
        .insertInto('joinTokens')
        .values({ hash, grid, createdAt, expiresAt, usedBy: null, usedKey: null, usedAt: null })
        .execute();
    },
    take: async (request) =>
      await db.transaction().execute(async (trx) => await take(trx, request)),
    list: async (grid) => {
      const all = db
        .selectFrom('joinTokens')
        .selectAll()
        .orderBy('createdAt', 'desc')
        .orderBy('hash');
      return await (grid === undefined ? all : all.where('grid', '=', grid)).execute();
    },
    revoke: async (hash) => {
      const result = await db.deleteFrom('joinTokens').where('hash', '=', hash).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    prune: async (before) => {
      await db.deleteFrom('joinTokens').where('expiresAt', '<', before).execute();
    },
  };
}

async function take(trx: Db, { hash, now, node, publicKey }: TakeToken): Promise<Taken> {
  const token = await trx
    .selectFrom('joinTokens')
    .selectAll()
    .where('hash', '=', hash)
    .executeTakeFirst();
  if (token === undefined) return { kind: 'refused', reason: 'unknown' };
  if (token.expiresAt <= now) return { kind: 'refused', reason: 'expired' };
  if (token.usedAt !== null && (token.usedBy !== node || token.usedKey !== publicKey))
    return { kind: 'refused', reason: 'used' };

  await trx
    .updateTable('joinTokens')
    .set({ usedBy: node, usedKey: publicKey, usedAt: token.usedAt ?? now })
    .where('hash', '=', hash)
    .execute();
  return { kind: 'taken', grid: token.grid };
}
