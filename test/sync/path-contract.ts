import { chown, lchown, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/sync/engine.ts';
import { git } from '../support/temp-repo.ts';
import { createWorld, faultOf, files, never, type World } from './world.ts';

const isRoot = process.getuid?.() === 0;

/** What every engine does with a repository on this machine, whatever its owner does to it. */
export function pathContract(engine: EngineName): void {
  describe(`${engine} and a local repository`, () => {
    let world: World;

    beforeEach(async () => {
      world = await createWorld({ engine, transport: 'path' });
    });
    afterEach(() => world.dispose());

    it('is read from a work tree, whose uncommitted files do not count', async () => {
      const sha = await world.work.commitFiles(files);
      await world.work.write('grids/prod/grid.yml', 'uncommitted: 1\n');
      const repository = await world.open({ url: world.work.directory });

      expect((await repository.sync(never)).head).toBe(sha);
      const { files: read } = await repository.source(sha, 'prod');
      expect(read.get('grids/prod/grid.yml')).toMatchObject({ text: files['grids/prod/grid.yml'] });
    });

    it('is read from a linked work tree, through a symbolic link, and by its file:// URL', async () => {
      const sha = await world.work.commitFiles(files);
      const linked = join(world.directory, 'linked');
      await world.work.git('worktree', 'add', '-q', '-b', 'other', linked);
      const link = join(world.directory, 'link');
      await symlink(world.work.directory, link);

      for (const url of [linked, link, `file://${world.work.directory}`]) {
        const repository = await world.open({ url });
        expect((await repository.sync(never)).head).toBe(sha);
        expect(repository.localPath).toBe(url.replace('file://', ''));
      }
    });

    it('may be packed, collected and pruned between and during reads', async () => {
      const first = await world.push(files);
      const repository = await world.open();
      await repository.sync(never);
      await git(world.bare, 'gc', '-q', '--prune=now');
      const second = await world.push({ 'grids/prod/grid.yml': 'second: 1\n' });
      expect((await repository.sync(never)).head).toBe(second);
      await world.work.reset(first);
      await world.work.forcePush();
      await git(world.bare, 'reflog', 'expire', '--expire=now', '--all');
      await git(world.bare, 'gc', '-q', '--prune=now');

      expect(await repository.sync(never)).toEqual({ head: first, moved: true });

      const { files: read } = await repository.source(second, 'prod');
      expect(read.get('grids/prod/grid.yml')).toMatchObject({ text: 'second: 1\n' });
    });

    it('may borrow its objects from another', async () => {
      const sha = await world.push(files);
      const borrower = join(world.directory, 'borrower');
      await git(world.directory, 'clone', '-q', '--shared', '--bare', world.bare, borrower);
      const repository = await world.open({ url: borrower });

      expect((await repository.sync(never)).head).toBe(sha);
      expect((await repository.source(sha, 'prod')).files.size).toBe(3);
    });

    it('may be shallow', async () => {
      const older = await world.push(files);
      const sha = await world.push({ a: 'b' });
      const shallow = join(world.directory, 'shallow');
      await git(world.directory, 'clone', '-q', '--depth=1', `file://${world.bare}`, shallow);
      const repository = await world.open({ url: shallow });

      expect((await repository.sync(never)).head).toBe(sha);
      expect(await repository.isAncestor(older, sha)).toBe(false);
      expect((await repository.source(sha, 'prod')).files.size).toBe(3);
    });

    it('is unreachable while it is away, or no repository', async () => {
      const sha = await world.push(files);
      const repository = await world.open();
      await repository.sync(never);
      await rename(world.bare, `${world.bare}.away`);

      const fault = await faultOf(repository.sync(never));

      expect([fault.code, fault.retry]).toEqual(['repository-unreachable', 'later']);
      expect(fault.message).toContain(world.bare);
      expect((await repository.source(sha, 'prod')).files.size).toBe(3);
      await rename(`${world.bare}.away`, world.bare);
      expect((await repository.sync(never)).head).toBe(sha);
      const nothing = await world.open({ url: world.directory });
      expect((await faultOf(nothing.sync(never))).code).toBe('repository-unreachable');
    });

    it.skipIf(!isRoot)('may belong to another user (needs root)', async () => {
      const sha = await world.push(files);
      for (const name of await readdir(world.bare, { recursive: true })) {
        await lchown(join(world.bare, name), 65_534, 65_534);
      }
      await chown(world.bare, 65_534, 65_534);
      const repository = await world.open();

      expect((await repository.sync(never)).head).toBe(sha);
    });

    it('is never written to', async () => {
      await world.push(files);
      await git(world.bare, 'pack-refs', '--all');
      const before = (await readdir(world.bare, { recursive: true })).toSorted();
      const repository = await world.open();

      await repository.sync(never);

      expect((await readdir(world.bare, { recursive: true })).toSorted()).toEqual(before);
    });

    it('runs no hook and no command of its configuration', async () => {
      const sha = await world.push(files);
      const trap = join(world.directory, 'trapped');
      for (const key of ['core.fsmonitor', 'uploadpack.packObjectsHook', 'core.sshCommand']) {
        await git(world.bare, 'config', key, `touch ${trap}; false`);
      }
      const repository = await world.open();

      expect((await repository.sync(never)).head).toBe(sha);

      await expect(rm(trap)).rejects.toThrow('ENOENT');
    });
  });
}
