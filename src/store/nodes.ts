import type { Drained } from '../model/grid.ts';
import type { NodeFacts } from '../model/observed.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** A host node that has joined a grid. Written by the master when it joins and whenever it is heard of. */
export interface StoredNode extends HeardNode {
  readonly joinedAt: number;
  /** A person's word that nothing is to run on it; `null`: nobody said so. */
  readonly drained: Drained | null;
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
  /** By grid and name. */
  list(grid?: string): Promise<readonly StoredNode[]>;
  get(grid: string, name: string): Promise<StoredNode | null>;
  /** Whose key it is, in whatever grid; `null`: no node's. */
  byKey(publicKey: string): Promise<StoredNode | null>;
  /** An unknown node joins now; a known one keeps the time at which it joined. */
  put(node: HeardNode): Promise<StoredNode>;
  /** Signs of life. Never goes back in time; an unknown node stays unknown. */
  touch(signs: readonly SignOfLife[]): Promise<void>;
  /** False when there is no such node. */
  drain(grid: string, name: string, drained: Drained | null): Promise<boolean>;
  /** False when there was no such node. */
  remove(grid: string, name: string): Promise<boolean>;
  /** From now on this key is no node's, whatever credential it shows. */
  revoke(publicKey: string, at: number): Promise<void>;
  isRevoked(publicKey: string): Promise<boolean>;
}

export function createNodes(db: Db): Nodes {
  return {
    list: async (grid) => {
      const all = db.selectFrom('nodes').selectAll().orderBy('grid').orderBy('name');
      const rows = await (grid === undefined ? all : all.where('grid', '=', grid)).execute();
      return rows.map(toNode);
    },
    get: async (grid, name) => await find(db, grid, name),
    byKey: async (publicKey) => {
      const row = await db
        .selectFrom('nodes')
        .selectAll()
        .where('publicKey', '=', publicKey)
        .orderBy('joinedAt')
        .executeTakeFirst();
      return row === undefined ? null : toNode(row);
    },
    put: async (node) =>
      (await update(db, node)) ??
      (await db
        .transaction()
        .execute(async (trx) => (await update(trx, node)) ?? (await join(trx, node)))),
    touch: async (signs) =>
      await db.transaction().execute(async (trx) => {
        for (const sign of signs) await touch(trx, sign);
      }),
    drain: async (grid, name, drained) => {
      const result = await db
        .updateTable('nodes')
        .set({ drainedBy: drained?.by ?? null, drainedAt: drained?.at ?? null })
        .where('grid', '=', grid)
        .where('name', '=', name)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
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
  const { grid, name, publicKey, lastSeenAt } = node;
  const joined = { grid, name, publicKey, lastSeenAt, joinedAt: lastSeenAt };
  const row = { ...joined, facts: factsColumn(node), drainedBy: null, drainedAt: null };
  await trx.insertInto('nodes').values(row).execute();
  return toNode(row);
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

function toNode({ drainedBy, drainedAt, ...row }: Row<'nodes'>): StoredNode {
  return {
    ...row,
    facts: row.facts === null ? null : fromJson<NodeFacts>(row.facts),
    drained: drainedBy === null || drainedAt === null ? null : { by: drainedBy, at: drainedAt },
  };
}
