import { describe, expect, it } from 'vitest';
import { git } from '../support/temp-repo.ts';
import { type Contract, commitOf, given, pullRequest } from './requests.ts';
import { faultOf, files, never } from './world.ts';

/** Refs beside the branch: the same with every engine, wherever they come from. */
export function refsContract(name: string, contract: Contract): void {
  describe(`${name}: refs beside the branch`, () => {
    const { world, open } = given(contract);

    it('are brought in and read as any commit', async () => {
      await world().push(files);
      const sha = await pullRequest(world(), 7, { 'grids/prod/grid.yml': 'subnet: 10.9.0.0/16\n' });
      const repository = await open();

      expect(await repository.fetchRef('refs/pull/7/head', never)).toBe(sha);

      const source = await repository.source(sha, 'prod');
      expect(source.files.get('grids/prod/grid.yml')).toMatchObject({
        text: 'subnet: 10.9.0.0/16\n',
      });
      expect(await repository.grids(sha)).toEqual(['prod', 'test']);
      expect(await repository.inputs(sha, 'prod')).toBe(source.inputs);
      expect(await repository.fetchedRefs()).toEqual(['refs/pull/7/head']);
    });

    it('are merged with the branch', async () => {
      await world().push(files);
      const head = await pullRequest(world(), 7, { theirs: '1' });
      const base = await world().push({ ours: '1' });
      const repository = await open();
      await repository.fetchRef('refs/pull/7/head', never);

      const sha = commitOf(await repository.merge(base, head));

      expect((await repository.commit(sha)).parents).toEqual([base, head]);
    });

    it('are followed wherever they go, and are null where there are none', async () => {
      await world().push(files);
      const first = await pullRequest(world(), 7, { a: '1' });
      const repository = await open();
      expect(await repository.fetchRef('refs/pull/7/head', never)).toBe(first);
      const second = await pullRequest(world(), 7, { a: '2' });

      expect(await repository.fetchRef('refs/pull/7/head', never)).toBe(second);
      expect(await repository.fetchRef('refs/pull/7/head', never)).toBe(second);
      expect(await repository.fetchRef('refs/pull/8/head', never)).toBeNull();
      await git(world().bare, 'update-ref', '-d', 'refs/pull/7/head');
      expect(await repository.fetchRef('refs/pull/7/head', never)).toBeNull();
      expect(await repository.fetchedRefs()).toEqual([]);
    });

    it('may be branches of names that contain each other, one after the other', async () => {
      const sha = await world().push(files);
      const repository = await open();
      for (const branch of ['refs/heads/a', 'refs/heads/a/b', 'refs/merge-requests/1/head']) {
        await git(world().bare, 'update-ref', branch, sha);
        expect(await repository.fetchRef(branch, never)).toBe(sha);
        await git(world().bare, 'update-ref', '-d', branch);
      }
      const made = await pullRequest(world(), 1, { a: '1' }, 'refs/heads/a');
      expect(await repository.fetchRef('refs/heads/a', never)).toBe(made);
      await git(world().bare, 'update-ref', '-d', 'refs/heads/a');
      const next = await pullRequest(world(), 1, { a: '2' }, 'refs/heads/a/b');
      expect(await repository.fetchRef('refs/heads/a/b', never)).toBe(next);
    });

    it('may be tags, which lead to their commit', async () => {
      await world().push(files);
      const sha = await pullRequest(world(), 1, { a: '1' });
      await git(world().bare, 'tag', '-a', '-m', 'release', 'v1', sha);
      await git(world().bare, 'tag', '-a', '-m', 'again', 'v2', 'v1');
      await git(world().bare, 'update-ref', '-d', 'refs/pull/1/head');
      const repository = await open();

      expect(await repository.fetchRef('refs/tags/v2', never)).toBe(sha);
      expect(await repository.fetchRef('refs/tags/v2', never)).toBe(sha);
      expect((await repository.commit(sha)).sha).toBe(sha);
    });

    it('are known by their full names only', async () => {
      await world().push(files);
      const repository = await open();
      for (const wrong of [
        'main',
        '',
        'HEAD',
        '--upload-pack=x',
        'refs/a b',
        'refs/../x',
        '\uD800',
      ]) {
        expect((await faultOf(repository.fetchRef(wrong, never))).code).toBe('invalid-request');
      }
    });

    it('are forgotten when they are let go, and the branch is followed as before', async () => {
      await world().push(files);
      await pullRequest(world(), 7, { a: '1' });
      const repository = await open();
      await repository.fetchRef('refs/pull/7/head', never);
      await repository.forgetRef('refs/pull/7/head');

      expect(await repository.fetchedRefs()).toEqual([]);
      const sha = await world().push({ b: '2' });
      expect((await repository.sync(never)).head).toBe(sha);
    });

    it('are kept over a restart', async () => {
      await world().push(files);
      const sha = await pullRequest(world(), 7, { a: '1' });
      const earlier = await open();
      await earlier.fetchRef('refs/pull/7/head', never);
      await earlier.close();

      const repository = await open();

      expect(await repository.fetchedRefs()).toEqual(['refs/pull/7/head']);
      expect((await repository.commit(sha)).sha).toBe(sha);
    });
  });
}
