import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/sync/engine.ts';
import { git } from '../support/temp-repo.ts';
import { createWorld, faultOf, files, never, type Transport, type World } from './world.ts';

/** What every engine does over every transport. */
export function engineContract(engine: EngineName, transport: Transport): void {
  describe(`${engine} over ${transport}`, () => {
    let world: World;

    beforeEach(async () => {
      world = await createWorld({ engine, transport });
    });
    afterEach(() => world.dispose());

    describe('following a branch', () => {
      it('clones, and says who made the commit', async () => {
        const sha = await world.push(files);
        const repository = await world.open();

        const result = await repository.sync(never);

        expect(result).toEqual({ head: sha, moved: true });
        expect(repository.engine).toBe(engine);
        expect(await repository.commit(sha)).toEqual({
          sha,
          parents: [],
          author: 'Ada Example',
          message: 'a change\n',
          at: 1000 * Number(await world.work.git('log', '-1', '--format=%ct')),
        });
      });

      it('does nothing when nothing has moved', async () => {
        const sha = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        const before = await readdir(join(world.directory), { recursive: true });

        const result = await repository.sync(never);

        expect(result).toEqual({ head: sha, moved: false });
        expect(await readdir(join(world.directory), { recursive: true })).toEqual(before);
      });

      it('fetches one commit', async () => {
        const first = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        const second = await world.push({ 'grids/prod/grid.yml': 'subnet: 10.83.0.0/16\n' });

        const result = await repository.sync(never);

        expect(result).toEqual({ head: second, moved: true });
        expect((await repository.commit(second)).parents).toEqual([first]);
        const { files: read } = await repository.source(second, 'prod');
        expect(read.get('grids/prod/grid.yml')).toMatchObject({ text: 'subnet: 10.83.0.0/16\n' });
      });

      it('fetches thirty commits at once and can read each of them', async () => {
        await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        const shas: string[] = [];
        for (let number = 1; number <= 30; number += 1) {
          shas.push(await world.work.commitFiles({ 'grids/prod/number': `${number}\n` }));
        }
        await world.work.push();

        const { head } = await repository.sync(never);

        expect(head).toBe(shas.at(-1));
        for (const [index, sha] of shas.entries()) {
          const { files: read } = await repository.source(sha, 'prod');
          expect(read.get('grids/prod/number')).toMatchObject({ text: `${index + 1}\n` });
        }
      });

      it('follows a force-push to another history and back, and still reads what was dropped', async () => {
        const first = await world.push(files);
        const dropped = await world.push({ 'grids/prod/grid.yml': 'dropped: 1\n' });
        const repository = await world.open();
        await repository.sync(never);
        await world.work.reset(first);
        const instead = await world.work.commitFiles({ 'grids/prod/grid.yml': 'instead: 1\n' });
        await world.work.forcePush();

        expect(await repository.sync(never)).toEqual({ head: instead, moved: true });
        expect(await repository.isAncestor(dropped, instead)).toBe(false);
        const { files: read } = await repository.source(dropped, 'prod');
        expect(read.get('grids/prod/grid.yml')).toMatchObject({ text: 'dropped: 1\n' });

        await world.work.reset(first);
        await world.work.forcePush();
        expect(await repository.sync(never)).toEqual({ head: first, moved: true });
      });

      it('follows a repository that was replaced by another history', async () => {
        await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        await world.work.git('checkout', '-q', '--orphan', 'other');
        const other = await world.work.commitFiles({ 'grids/prod/grid.yml': 'other: 1\n' });
        await world.work.git('branch', '-q', '-M', 'main');
        await world.work.forcePush();

        expect(await repository.sync(never)).toEqual({ head: other, moved: true });
        expect((await repository.commit(other)).parents).toEqual([]);
      });

      it('takes the branch where a tag has the same name', async () => {
        const tagged = await world.push(files);
        await world.work.git('tag', 'main', tagged);
        await world.work.git('push', '-q', 'origin', 'refs/tags/main');
        const sha = await world.push({ a: 'b' });
        const repository = await world.open();

        expect((await repository.sync(never)).head).toBe(sha);
      });

      it('takes branches with slashes and is not confused by a longer name', async () => {
        const sha = await world.push(files);
        await world.work.git('push', '-q', 'origin', 'main:refs/heads/team/live');
        await world.push({ a: 'b' });
        await world.work.git('push', '-q', 'origin', 'main:refs/heads/team/live-2');
        const repository = await world.open({ branch: 'team/live' });

        expect((await repository.sync(never)).head).toBe(sha);
      });

      it('knows the last head after a restart without asking anybody', async () => {
        const sha = await world.push(files);
        const earlier = await world.open();
        await earlier.sync(never);
        await earlier.close();
        await rm(world.bare, { recursive: true });

        const repository = await world.open();

        expect(repository.head).toBe(sha);
        expect(await repository.grids(sha)).toEqual(['prod', 'test']);
        expect((await faultOf(repository.sync(never))).retry).toBeDefined();
        expect(repository.head).toBe(sha);
      });
    });

    describe('a branch that is not there', () => {
      it('is reported for an empty repository', async () => {
        const repository = await world.open();

        const fault = await faultOf(repository.sync(never));

        expect(fault.code).toBe('branch-missing');
        expect(fault.retry).toBe('later');
        expect(repository.head).toBeNull();
      });

      it('leaves the last head readable when it was deleted, and comes back', async () => {
        const sha = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        await world.work.deleteRemoteBranch();

        expect((await faultOf(repository.sync(never))).code).toBe('branch-missing');
        expect(repository.head).toBe(sha);
        expect((await repository.source(sha, 'prod')).files.size).toBe(3);

        await world.work.push();
        expect(await repository.sync(never)).toEqual({ head: sha, moved: false });
      });

      it('is the same for a repository that was emptied', async () => {
        const sha = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        await rm(world.bare, { recursive: true });
        await world.server.createRepository('infra');

        expect((await faultOf(repository.sync(never))).code).toBe('branch-missing');
        expect(repository.head).toBe(sha);
      });
    });

    describe('accidents', () => {
      it('removes what a crashed process left half done', async () => {
        const sha = await world.push(files);
        const earlier = await world.open();
        await earlier.sync(never);
        await earlier.close();
        const mirror = await mirrorIn(world, engine);
        await cp(mirror, `${mirror}.new-${process.pid}-1`, { recursive: true });
        await cp(mirror, `${mirror}.old-999999999-3`, { recursive: true });
        await mkdir(`${mirror.replace(/\.\w+$/, '')}.otherengine`);
        await writeFile(join(mirror, 'objects/pack/tmp_pack_abcdef'), 'half a pack');
        await writeFile(join(mirror, 'refs/gridops/head.lock'), '');
        const second = await world.push({ a: 'b' });

        const repository = await world.open();

        const digest = /[0-9a-f]{64}/.exec(mirror)?.[0] ?? '';
        const left = (await readdir(world.directory)).filter((name) => name.startsWith(digest));
        expect(left).toEqual([`${digest}.${engine}`]);
        expect(repository.head).toBe(sha);
        expect((await repository.sync(never)).head).toBe(second);
        const packs = await readdir(join(mirror, 'objects/pack'));
        expect(packs.filter((name) => name.startsWith('tmp_'))).toEqual([]);
      });

      it('clones again when the mirror is damaged, at open or later', async () => {
        const sha = await world.push(files);
        const earlier = await world.open();
        await earlier.sync(never);
        await earlier.close();
        const mirror = await mirrorIn(world, engine);
        await removeObjects(mirror);

        const repository = await world.open();
        expect(await repository.sync(never)).toEqual({ head: sha, moved: false });
        expect((await repository.source(sha, 'prod')).files.size).toBe(3);

        await removeObjects(mirror);
        const fresh = await world.open();
        expect((await faultOf(fresh.source(sha, 'prod'))).code).toBe('not-found');
        await fresh.sync(never);
        expect((await fresh.source(sha, 'prod')).files.size).toBe(3);
      });

      it('reports a damaged file, and heals at the next sync', async () => {
        const sha = await world.push(files);
        const blob = await world.work.git('rev-parse', 'HEAD:grids/prod/grid.yml');
        const repository = await world.open();
        await repository.sync(never);
        await removeObject(await mirrorIn(world, engine), blob);
        await repository.close();
        const later = await world.open();

        const fault = await faultOf(later.source(sha, 'prod'));

        expect([fault.code, fault.retry]).toEqual(['repository-damaged', 'later']);
        await later.sync(never);
        expect((await later.source(sha, 'prod')).files.size).toBe(3);
      });

      it('leaves no half mirror when the first clone is aborted', async () => {
        await world.push(files);
        const repository = await world.open();
        const aborted = AbortSignal.abort(new Error('enough'));

        await expect(repository.sync(aborted)).rejects.toThrow('enough');

        expect(repository.head).toBeNull();
        const left = (await readdir(world.directory)).filter((name) => /^[0-9a-f]{64}/.test(name));
        expect(left).toEqual([]);
      });

      it('reads on while the mirror is being exchanged', async () => {
        const sha = await world.push(files);
        const repository = await world.open({ limits: { cacheBytes: 0 } });
        await repository.sync(never);
        const exchange = async () => {
          for (let number = 0; number < 5; number += 1) {
            await world.push({ number: `${number}` });
            await repository.sync(never);
          }
        };
        const state = { isOver: false };
        const exchanged = exchange().finally(() => {
          state.isOver = true;
        });

        let reads = 0;
        for (; !state.isOver; reads += 1) {
          expect((await repository.source(sha, 'prod')).files.size).toBe(3);
        }

        await exchanged;
        expect(reads).toBeGreaterThan(5);
      });

      it('does overlapping syncs once and once more', async () => {
        const sha = await world.push(files);
        const repository = await world.open();

        const results = await Promise.all(Array.from({ length: 10 }, () => repository.sync(never)));

        expect(new Set(results.map(({ head }) => head))).toEqual(new Set([sha]));
        expect(results.filter(({ moved }) => moved)).toHaveLength(1);
      });

      it('close ends what is under way', async () => {
        await world.push(files);
        const repository = await world.open();
        const running = repository.sync(never).catch((error: unknown) => error);

        await repository.close();

        await running;
      });
    });
  });
}

async function mirrorIn(world: World, engine: EngineName): Promise<string> {
  const name = (await readdir(world.directory)).find((entry) => entry.endsWith(`.${engine}`));
  return join(world.directory, name ?? 'none');
}

async function removeObjects(mirror: string): Promise<void> {
  await rm(join(mirror, 'objects'), { recursive: true });
  await mkdir(join(mirror, 'objects/pack'), { recursive: true });
}

/** Takes one object out of a mirror, whether it is loose or packed. */
async function removeObject(mirror: string, oid: string): Promise<void> {
  const objects = join(mirror, 'objects');
  for (const name of await readdir(join(objects, 'pack'))) {
    if (!name.endsWith('.pack')) continue;
    const pack = join(objects, 'pack', name);
    const aside = join(mirror, name);
    await cp(pack, aside);
    await rm(pack);
    await rm(pack.replace(/pack$/, 'idx'));
    await rm(pack.replace(/pack$/, 'rev'), { force: true });
    await git(mirror, 'config', 'core.bare', 'true');
    await unpack(mirror, aside);
    await rm(aside);
  }
  await rm(join(objects, oid.slice(0, 2), oid.slice(2)));
}

async function unpack(mirror: string, pack: string): Promise<void> {
  await git(mirror, '-c', `alias.unpack=!git unpack-objects -q < '${pack}'`, 'unpack');
}
