import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from '../support/temp-repo.ts';
import type { World } from './world.ts';

// Commits that no git command makes, written object by object into the remote repository.

/** A commit whose tree `grids/prod` has the given names, and `honest`, for the same file. */
export async function plantNames(
  world: World,
  blob: string,
  names: readonly string[],
  parent?: string,
): Promise<string> {
  const entries = [...names, 'honest'].map((name) =>
    Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')]),
  );
  const prod = await plantTree(world, Buffer.concat(entries));
  return await plantRoot(world, prod, parent);
}

/** Ten folders, each of which holds the next one ten times: ten thousand million paths. */
export async function plantBomb(world: World, parent?: string): Promise<string> {
  let tree = await plantTree(world, Buffer.alloc(0));
  for (let level = 0; level < 10; level += 1) {
    const names = Array.from({ length: 10 }, (_, index) => `${index}`);
    const entries = names.map((name) =>
      Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(tree, 'hex')]),
    );
    tree = await plantTree(world, Buffer.concat(entries));
  }
  return await plantRoot(world, tree, parent);
}

async function plantRoot(world: World, prod: string, parent?: string): Promise<string> {
  const entry = (name: string, oid: string) =>
    Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(oid, 'hex')]);
  const root = await plantTree(world, entry('grids', await plantTree(world, entry('prod', prod))));
  const onto = parent === undefined ? [] : ['-p', parent];
  const sha = await git(world.bare, 'commit-tree', root, ...onto, '-m', 'planted');
  await git(world.bare, 'update-ref', 'refs/heads/main', sha);
  return sha;
}

async function plantTree(world: World, content: Buffer): Promise<string> {
  const file = join(world.directory, 'planted-tree');
  await writeFile(file, content);
  return await git(world.bare, 'hash-object', '-t', 'tree', '-w', '--literally', file);
}
