import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from '../support/temp-repo.ts';
import { mergeContract } from './merge-contract.ts';
import { plantBomb, plantNames } from './planted.ts';
import { refsContract } from './refs-contract.ts';
import { createWorld, faultOf, files, never, type World } from './world.ts';

refsContract('isomorphic over http', { engine: 'isomorphic', transport: 'http' });
mergeContract('isomorphic', { engine: 'isomorphic', transport: 'path' });
mergeContract('a git that merges no trees yet', {
  engine: 'native',
  transport: 'path',
  objectFormat: 'sha256',
  options: { gitProgram: await olderGit() },
});

/** This machine's git, which says that it is older than it is. */
async function olderGit(): Promise<string> {
  const program = join(tmpdir(), `gridops-older-git-${process.pid}`);
  const answer = 'case "$*" in --version) echo git version 2.37.1;; *) exec git "$@";; esac';
  await writeFile(program, `#!/bin/sh\n${answer}\n`);
  await chmod(program, 0o755);
  return program;
}

describe('merging without git', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld({ engine: 'isomorphic', transport: 'path' });
  });
  afterEach(() => world.dispose());

  it('stops at folders that hold each other many times over', { timeout: 30_000 }, async () => {
    const from = await world.push(files);
    const base = await world.push({ a: '1' });
    const bomb = await plantBomb(world, from);
    await git(world.bare, 'update-ref', 'refs/pull/7/head', bomb);
    await git(world.bare, 'update-ref', 'refs/heads/main', base);
    const repository = await world.open();
    await repository.sync(never);
    await repository.fetchRef('refs/pull/7/head', never);

    expect((await faultOf(repository.merge(base, bomb))).code).toBe('repository-too-large');
  });

  it('moves no file into a folder by a name with a slash in it', async () => {
    const from = await world.push(files);
    const base = await world.push({ a: '1' });
    const blob = await git(world.bare, 'rev-parse', `${base}:a`);
    const head = await plantNames(world, blob, ['../../evil', 'a/b'], from);
    await git(world.bare, 'update-ref', 'refs/pull/7/head', head);
    await git(world.bare, 'update-ref', 'refs/heads/main', base);
    const repository = await world.open();
    await repository.sync(never);
    await repository.fetchRef('refs/pull/7/head', never);

    const result = await repository.merge(base, head);

    const sha = result.kind === 'merged' ? result.commit : '';
    const source = await repository.source(sha, 'prod');
    const refused = [...source.files.values()].filter(({ kind }) => kind === 'refused');
    expect(refused).toHaveLength(2);
    expect(await repository.grids(sha)).toEqual(['prod']);
  });
});
