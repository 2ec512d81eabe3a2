import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Repository } from '../../src/sync/repository.ts';
import { git } from '../support/temp-repo.ts';
import { createWorld, faultOf, files, never, type Transport, type World } from './world.ts';

/** Commits of our own, and how they get to the remote repository. */
export function pushContract(
  engine: 'isomorphic' | 'native',
  transport: Transport,
  objectFormat: 'sha1' | 'sha256' = 'sha1',
): void {
  describe(`${engine} over ${transport}, ${objectFormat}: going back`, () => {
    let world: World;
    let repository: Repository;

    beforeEach(async () => {
      world = await createWorld({ engine, transport, objectFormat });
    });
    afterEach(() => world.dispose());

    async function history(): Promise<{ readonly first: string; readonly last: string }> {
      const first = await world.push({ ...files, 'grids/prod/old.env': 'A=1\n' });
      await world.work.remove('grids/prod/old.env');
      await world.push({ 'grids/prod/grid.yml': 'subnet: 10.99.0.0/16\n' });
      const last = await world.push({ 'grids/test/grid.yml': 'subnet: 10.98.0.0/16\n' });
      repository = await world.open();
      await repository.sync(never);
      return { first, last };
    }

    const wish = { author: 'ada via gridops', message: 'Roll back\n\nA-Trailer: yes', at: 0 };

    it('says what differs in some folders, and which commits did it', async () => {
      const { first, last } = await history();
      const of = { newer: last, older: first };

      expect(await repository.differences(last, first, ['grids/prod', 'stacks'])).toEqual([
        { path: 'grids/prod/grid.yml', kind: 'changed' },
        { path: 'grids/prod/old.env', kind: 'added' },
      ]);
      expect(await repository.differences(last, last, ['grids'])).toEqual([]);
      const touching = await repository.commitsTouching(of, ['grids/prod']);
      expect(touching.map(({ sha }) => sha)).toEqual([(await repository.commit(last)).parents[0]]);
      expect(await repository.commitsTouching(of, ['grids/test/grid.yml'])).toMatchObject([
        { sha: last },
      ]);
    });

    it('makes a commit that has some files as they were, and pushes it', async () => {
      const { first, last } = await history();
      const restored = ['grids/prod/grid.yml', 'grids/prod/old.env', 'never/was/there'];

      const commit = await repository.restore({
        ...wish,
        onto: last,
        from: first,
        files: restored,
      });
      expect(await repository.push({ branch: 'main', commit, expected: last }, never)).toBe(true);

      const { work, bare } = world;
      await work.git('pull', '-q', bare, 'main');
      expect(await work.head()).toBe(commit);
      expect(await git(bare, 'fsck', '--strict')).toBe('');
      expect(await work.git('log', '-1', '--format=%an|%B')).toBe(
        'ada via gridops|Roll back\n\nA-Trailer: yes',
      );
      expect(await work.git('diff', '--name-only', first)).toBe('grids/test/grid.yml');
      expect((await repository.sync(never)).head).toBe(commit);
    });

    it('never moves a branch that is elsewhere by now', async () => {
      const { first, last } = await history();
      const commit = await repository.restore({ ...wish, onto: last, from: first, files: [] });
      const newer = await world.push({ a: '1' });

      expect(await repository.push({ branch: 'main', commit, expected: last }, never)).toBe(false);
      expect(await git(world.bare, 'rev-parse', 'main')).toBe(newer);
    });

    it('makes a branch, and only where there is none', async () => {
      const { first, last } = await history();
      const made = { ...wish, onto: last, from: first, files: ['grids/prod/old.env'] };
      const commit = await repository.restore(made);
      const push = { branch: 'gridops/rollback-prod-1', commit, expected: null };

      expect(await repository.push(push, never)).toBe(true);
      expect(await repository.push(push, never)).toBe(false);
      expect(await git(world.bare, 'rev-parse', 'gridops/rollback-prod-1')).toBe(commit);
      expect(await git(world.bare, 'rev-parse', 'main')).toBe(last);
    });

    it('says why when the remote repository does not want it', async () => {
      const { first, last } = await history();
      const hook = join(world.bare, 'hooks/pre-receive');
      await writeFile(hook, '#!/bin/sh\necho main is protected >&2\nexit 1\n');
      await chmod(hook, 0o755);
      const commit = await repository.restore({ ...wish, onto: last, from: first, files: [] });

      const fault = await faultOf(
        repository.push({ branch: 'main', commit, expected: last }, never),
      );

      expect(fault.code).toBe('repository-refused');
      expect(fault.message).toMatch(/does not take the commit: .*hook/);
      expect(await git(world.bare, 'rev-parse', 'main')).toBe(last);
    });
  });
}
