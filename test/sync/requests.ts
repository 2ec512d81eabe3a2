import { afterEach, beforeEach } from 'vitest';
import type { MergeResult, Repository, RepositoryOptions } from '../../src/sync/repository.ts';
import { writeRef } from '../support/repository-files.ts';
import { createWorld, never, type Transport, type World } from './world.ts';

/** An engine and where its commits come from. */
export interface Contract {
  readonly engine: 'isomorphic' | 'native';
  readonly transport: Transport;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly options?: Partial<RepositoryOptions>;
}

export type Files = Readonly<Record<string, string | Uint8Array | null>>;

export interface Given {
  readonly world: () => World;
  /** Opened, with the branch mirrored. */
  readonly open: () => Promise<Repository>;
}

export function given({ engine, transport, objectFormat, options }: Contract): Given {
  let world: World;
  beforeEach(async () => {
    world = await createWorld({ engine, transport, ...(objectFormat ? { objectFormat } : {}) });
  });
  afterEach(() => world.dispose());
  return {
    world: () => world,
    open: async () => {
      const repository = await world.open(options);
      await repository.sync(never);
      return repository;
    },
  };
}

/** Commits files, of which null are removed, on top of the branch, without pushing. */
export async function change({ work }: World, of: Files): Promise<string> {
  for (const [path, content] of Object.entries(of)) if (content === null) await work.remove(path);
  for (const [path, content] of Object.entries(of)) {
    if (content !== null) await work.write(path, content);
  }
  return await work.commit();
}

/** A commit on top of the branch that only the ref of a pull request names. */
export async function pullRequest(
  world: World,
  number: number,
  of: Files,
  ref = `refs/pull/${number}/head`,
): Promise<string> {
  const before = await world.work.head();
  const sha = await change(world, of);
  await writeRef(world.bare, ref, sha);
  await world.work.reset(before);
  return sha;
}

export function commitOf(result: MergeResult): string {
  if (result.kind === 'merged') return result.commit;
  throw new Error(`not merged: ${JSON.stringify(result)}`);
}
