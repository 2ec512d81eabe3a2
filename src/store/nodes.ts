import { sql } from 'kysely';
import type { NodeFacts } from '../model/observed.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** A host node that has joined a grid. Written by the master when it joins and whenever it is heard of. */
export interface StoredNode extends HeardNode {
  /** Smallest that was free in the grid when the node joined; the node keeps it while it exists. */
  readonly number: number;
  readonly joinedAt: number;
}

export interface HeardNode {
  readonly grid: string;
  readonly name: string;
  /** Ed25519, SPKI, DER, base64. */
  readonly publicKey: string;
  readonly facts: NodeFacts | null;
  /** Milliseconds since the epoch. */
  readonly lastSeenAt: number;
}

export type SignOfLife = Pick<HeardNode, 'grid' | 'name' | 'lastSeenAt'>;

export interface Nodes {
  /** By grid and number. */
  list(grid?: string): Promise<readonly StoredNode[]>;
  get(grid: string, name: string): Promise<StoredNode | null>;
  /** An unknown node joins now and gets a number; a known one keeps both. */
  put(node: HeardNode): Promise<StoredNode>;
  /** Signs of life. Never goes back in time; an unknown node stays unknown. */
  touch(signs: readonly SignOfLife[]): Promise<void>;
  /** Frees the number. False when there was no such node. */
  remove(grid: string, name: string): Promise<boolean>;
  /** From now on this key is no node's, whatever credential it shows. */
  revoke(publicKey: string, at: number): Promise<void>;
  isRevoked(publicKey: string): Promise<boolean>;
}

export function createNodes(db: Db): Nodes {
  return {
    list: async (grid) => {
      const all = db.selectFrom('nodes').selectAll().orderBy('grid').orderBy('number');
      const rows = await (grid === undefined ? all : all.where('grid', '=', grid)).execute();
      return rows.map(toNode);
    },
    get: async (grid, name) => await find(db, grid, name),
    put: async (node) =>
      (await update(db, node)) ??
      (await db
        .transaction()
        .execute(async (trx) => (await update(trx, node)) ?? (await join(trx, node)))),
    touch: async (signs) =>
      await db.transaction().execute(async (trx) => {
        for (const sign of signs) await touch(trx, sign);
      }),
    remove: async (grid, name) => {
      const result = await db
        .deleteFrom('nodes')
        .where('grid', '=', grid)
        .where('name', '=', name)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    revoke: async (publicKey, at) => {
      await db
        .insertInto('revokedKeys')
        .values({ publicKey, at })
        .onConflict((conflict) => conflict.column('publicKey').doNothing())
        .execute();
    },
    isRevoked: async (publicKey) => {
      const row = await db
        .selectFrom('revokedKeys')
        .select('at')
        .where('publicKey', '=', publicKey)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

/** `null`: there is no such node. */
async function update(db: Db, node: HeardNode): Promise<StoredNode | null> {
  const { grid, name, publicKey, lastSeenAt } = node;
  const row = await db
    .updateTable('nodes')
    .set({ publicKey, lastSeenAt, facts: factsColumn(node) })
    .where('grid', '=', grid)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toNode(row);
}

async function join(trx: Db, node: HeardNode): Promise<StoredNode> {
  const joined = {
    ...node,
    joinedAt: node.lastSeenAt,
    number: await freeNumber(trx, node.grid),
  };
  await trx
    .insertInto('nodes')
    .values({ ...joined, facts: factsColumn(node) })
    .execute();
  return joined;
}

/** Left to the database: with thousands of nodes, reading all their numbers would be most of what a join costs. */
async function freeNumber(trx: Db, grid: string): Promise<number> {
  const taken = await trx
    .selectFrom('nodes')
    .select((of) => [of.fn.countAll().as('count'), of.fn.max('number').as('last')])
    .where('grid', '=', grid)
    .executeTakeFirstOrThrow();
  // PostgreSQL counts in text.
  const count = Number(taken.count);
  return count === (taken.last ?? 0) ? count + 1 : await firstGap(trx, grid);
}

async function firstGap(trx: Db, grid: string): Promise<number> {
  const gap = await sql<{ number: number }>`
    select min(candidate) as number
    from (select 1 as candidate union all select number + 1 from nodes where grid = ${grid}) as candidates
    where not exists (select 1 from nodes where grid = ${grid} and number = candidate)`.execute(
    trx,
  );
  return gap.rows[0]?.number ?? 1;
}

async function touch(trx: Db, { grid, name, lastSeenAt }: SignOfLife): Promise<void> {
  await trx
    .updateTable('nodes')
    .set({ lastSeenAt })
    .where('grid', '=', grid)
    .where('name', '=', name)
    .where('lastSeenAt', '<', lastSeenAt)
    .execute();
}

async function find(db: Db, grid: string, name: string): Promise<StoredNode | null> {
  const row = await db
    .selectFrom('nodes')
    .selectAll()
    .where('grid', '=', grid)
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? null : toNode(row);
}

function factsColumn({ facts }: HeardNode): string | null {
  return facts === null ? null : JSON.stringify(facts);
}

function toNode(row: Row<'nodes'>): StoredNode {
  return { ...row, facts: row.facts === null ? null : fromJson<NodeFacts>(row.facts) };
}
