import type { NodeFacts } from '../model/observed.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** A host node that has joined a grid. Written by the master when it joins and whenever it is heard of. */
export interface StoredNode extends NewNode {
  /** Smallest that was free in the grid when the node joined; the node keeps it while it exists. */
  readonly number: number;
}

export interface NewNode {
  readonly grid: string;
  readonly name: string;
  /** Ed25519, SPKI, DER, base64. */
  readonly publicKey: string;
  readonly facts: NodeFacts | null;
  /** Milliseconds since the epoch. */
  readonly joinedAt: number;
  readonly lastSeenAt: number;
}

export interface Nodes {
  /** By grid and number. */
  list(grid?: string): Promise<readonly StoredNode[]>;
  get(grid: string, name: string): Promise<StoredNode | null>;
  /** Creates or overwrites; an existing node keeps its number. */
  put(node: NewNode): Promise<StoredNode>;
  /** A sign of life. Never goes back in time; an unknown node stays unknown. */
  touch(grid: string, name: string, at: number): Promise<void>;
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
    put: async (node) => await db.transaction().execute(async (trx) => await put(trx, node)),
    touch: async (grid, name, at) => {
      await db
        .updateTable('nodes')
        .set({ lastSeenAt: at })
        .where('grid', '=', grid)
        .where('name', '=', name)
        .where('lastSeenAt', '<', at)
        .execute();
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

async function put(trx: Db, node: NewNode): Promise<StoredNode> {
  const known = await find(trx, node.grid, node.name);
  const number = known?.number ?? (await freeNumber(trx, node.grid));
  const { grid, name, ...rest } = node;
  const columns = { ...rest, facts: node.facts === null ? null : JSON.stringify(node.facts) };
  await trx
    .insertInto('nodes')
    .values({ grid, name, number, ...columns })
    .onConflict((conflict) => conflict.columns(['grid', 'name']).doUpdateSet(columns))
    .execute();
  return { ...node, number };
}

async function freeNumber(trx: Db, grid: string): Promise<number> {
  const taken = await trx
    .selectFrom('nodes')
    .select('number')
    .where('grid', '=', grid)
    .orderBy('number')
    .execute();
  const gap = taken.findIndex((row, index) => row.number !== index + 1);
  return gap === -1 ? taken.length + 1 : gap + 1;
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

function toNode(row: Row<'nodes'>): StoredNode {
  return { ...row, facts: row.facts === null ? null : fromJson<NodeFacts>(row.facts) };
}
