import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/sync/engine.ts';
import { plantBomb, plantNames } from './planted.ts';
import { createWorld, faultOf, files, never, type Transport, type World } from './world.ts';

/** What every engine reads out of a commit. The transport only decides whether the mirror's objects are packed. */
export function readingContract(engine: EngineName, transport: Transport): void {
  describe(`${engine}, reading what came over ${transport}`, () => {
    let world: World;

    beforeEach(async () => {
      world = await createWorld({ engine, transport });
    });
    afterEach(() => world.dispose());

    describe('reading a folder of a project', () => {
      it('gives everything below it, and one file by its path', async () => {
        const sha = await world.push({
          'deploy/kontena.yml': 'a: 1\n',
          'deploy/env/web.env': 'A=b\n',
          'src/a.js': '',
        });
        const repository = await world.open();
        await repository.sync(never);

        const read = await repository.folder(sha, 'deploy');

        expect([...read.keys()].toSorted()).toEqual(['deploy/env/web.env', 'deploy/kontena.yml']);
        expect(await repository.file(sha, 'deploy/env/web.env')).toMatchObject({ text: 'A=b\n' });
        for (const path of ['deploy', 'deploy/none', 'none/x', 'deploy/kontena.yml/x'])
          expect(await repository.file(sha, path)).toBeNull();
      });

      it('gives of the root only the files that are directly in it', async () => {
        const sha = await world.push({ 'kontena.yml': 'a: 1\n', 'web.env': '', 'src/a.js': '' });
        const repository = await world.open();
        await repository.sync(never);

        expect([...(await repository.folder(sha, '')).keys()].toSorted()).toEqual([
          'kontena.yml',
          'web.env',
        ]);
      });

      it.each(['', 'deploy'])(
        'knows "%s" again while nothing in it has changed',
        async (folder) => {
          const path = folder === '' ? 'kontena.yml' : `${folder}/kontena.yml`;
          const first = await world.push({ [path]: 'a: 1\n', 'src/a.js': '1' });
          const second = await world.push({ 'src/a.js': '2' });
          const third = await world.push({ [path]: 'a: 2\n' });
          const repository = await world.open();
          await repository.sync(never);

          const ids = await Promise.all(
            [first, second, third].map(async (sha) => await repository.folderId(sha, folder)),
          );

          expect(ids[0]).toBe(ids[1]);
          expect(ids[2]).not.toBe(ids[1]);
          expect(await repository.folderId(first, 'none')).toBeNull();
          expect(await repository.folderId(first, 'src/a.js')).toBeNull();
        },
      );

      it('is bounded, and its links are not followed', async () => {
        await world.work.link('deploy/link', '/etc/passwd');
        const sha = await world.push({ 'deploy/a': '1', 'deploy/b': '2' });
        const repository = await world.open({ limits: { entries: 2 } });
        await repository.sync(never);

        const fault = await faultOf(repository.folder(sha, 'deploy'));
        expect(fault).toMatchObject({ code: 'repository-too-large' });
        expect(await repository.file(sha, 'deploy/link')).toMatchObject({ reason: 'symlink' });
      });
    });

    describe('reading a commit', () => {
      it('gives the text below the grid and below stacks, and nothing else', async () => {
        const sha = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);

        const source = await repository.source(sha, 'prod');

        expect(source.sha).toBe(sha);
        expect([...source.files.keys()].toSorted()).toEqual([
          'grids/prod/grid.yml',
          'grids/prod/stacks/shop/kontena.yml',
          'stacks/db/kontena.yml',
        ]);
        expect(source.files.get('stacks/db/kontena.yml')).toEqual({
          kind: 'text',
          path: 'stacks/db/kontena.yml',
          blob: await world.work.git('rev-parse', 'HEAD:stacks/db/kontena.yml'),
          text: 'stack: db\n',
        });
      });

      it('keeps text as it is, but for a byte order mark', async () => {
        const sha = await world.push({
          'grids/prod/a': '\uFEFFgrün: "漢字 🚀"\r\n\tx\n',
          'grids/prod/empty': '',
        });
        const repository = await world.open();
        await repository.sync(never);

        const { files: read } = await repository.source(sha, 'prod');

        expect(read.get('grids/prod/a')).toMatchObject({ text: 'grün: "漢字 🚀"\r\n\tx\n' });
        expect(read.get('grids/prod/empty')).toMatchObject({ kind: 'text', text: '' });
      });

      it('keeps bytes as they are, and says which files are programs', async () => {
        const { work } = world;
        await work.write('grids/prod/logo', Buffer.from([0x89, 0, 0xff]));
        await work.write('grids/prod/run', '#!/bin/sh\n');
        await work.git('add', '--all');
        await work.git('update-index', '--chmod=+x', 'grids/prod/run');
        await work.git('commit', '-q', '-m', 'a logo and a program');
        const sha = await work.head();
        await work.push();
        const repository = await world.open();
        await repository.sync(never);

        const { files: read } = await repository.source(sha, 'prod');

        const bytes = Uint8Array.of(0x89, 0, 0xff);
        expect(read.get('grids/prod/logo')).toMatchObject({ kind: 'binary', bytes });
        expect(read.get('grids/prod/run')).toMatchObject({ kind: 'text', executable: true });
        expect(read.get('grids/prod/logo')).not.toHaveProperty('executable');
      });

      it('refuses links, submodules and large files, by name, and takes what is not text as bytes', async () => {
        const { work } = world;
        await work.link('grids/prod/link.yml', '/etc/passwd');
        await work.link('grids/prod/folder', '../../stacks');
        await work.link('grids/prod/dangling', 'nowhere');
        await work.write('grids/prod/large.yml', 'x'.repeat(1001));
        await work.write('grids/prod/fits.yml', 'x'.repeat(1000));
        await work.write('grids/prod/nul', 'a\0b');
        const pointer = `oid sha256:${'ab'.repeat(32)}\nsize 12345\n`;
        await work.write(
          'grids/prod/lfs',
          `version https://git-lfs.github.com/spec/v1\n${pointer}`,
        );
        await work.write('grids/prod/latin1', Buffer.from([0x67, 0x72, 0xfc, 0x6e]));
        await work.git('add', '--all');
        await work.git(
          'update-index',
          '--add',
          '--cacheinfo',
          `160000,${'ab'.repeat(20)},grids/prod/module`,
        );
        await work.git('commit', '-q', '-m', 'odd files');
        const sha = await work.head();
        await work.push();
        const repository = await world.open({ limits: { fileBytes: 1000 } });
        await repository.sync(never);

        const { files: read } = await repository.source(sha, 'prod');

        const reasons = [...read.values()].map((file) => [
          file.path.replace('grids/prod/', ''),
          file.kind === 'refused' ? file.reason : file.kind,
        ]);
        expect(Object.fromEntries(reasons)).toEqual({
          'link.yml': 'symlink',
          folder: 'symlink',
          dangling: 'symlink',
          module: 'submodule',
          'large.yml': 'too-large',
          'fits.yml': 'text',
          nul: 'binary',
          latin1: 'binary',
          lfs: 'lfs',
        });
      });

      it('refuses stacks when it is a link', async () => {
        await world.work.write('grids/prod/grid.yml', 'a: 1\n');
        await world.work.link('stacks', 'grids/prod');
        const sha = await world.push({});
        const repository = await world.open();
        await repository.sync(never);

        const { files: read } = await repository.source(sha, 'prod');

        expect(read.get('stacks')).toEqual({ kind: 'refused', path: 'stacks', reason: 'symlink' });
      });

      it('never takes a deceptive name for a path', async () => {
        const sha = await world.push({ 'grids/prod/grid.yml': 'a: 1\n' });
        const blob = await world.work.git('rev-parse', `${sha}:grids/prod/grid.yml`);
        const hostile = await plantNames(world, blob, [
          '..',
          '.',
          '.GIT',
          '../../stacks/x/kontena.yml',
          'C:\\x',
          'line\nend',
        ]);
        const repository = await world.open();
        await repository.sync(never);

        const { files: read } = await repository.source(hostile, 'prod');

        const text = [...read.values()].filter((file) => file.kind === 'text');
        expect(text.map((file) => file.path)).toEqual(['grids/prod/honest']);
        expect(read.size).toBe(7);
      });

      it('lists the folders of grids, in order', async () => {
        const sha = await world.push({
          ...files,
          'grids/README.md': 'not a grid\n',
          'grids/B/grid.yml': '',
          'grids/a/grid.yml': '',
        });
        const without = await (async () => {
          await world.work.remove('grids');
          return await world.push({});
        })();
        const repository = await world.open();
        await repository.sync(never);

        expect(await repository.grids(sha)).toEqual(['B', 'a', 'prod', 'test']);
        expect(await repository.grids(without)).toEqual([]);
      });

      it('says not-found for commits and grids that are not there', async () => {
        const sha = await world.push(files);
        const blob = await world.work.git('rev-parse', 'HEAD:README.md');
        const repository = await world.open();
        await repository.sync(never);

        for (const wrong of ['0'.repeat(40), blob, 'main', '--help', `${sha}\n`]) {
          expect((await faultOf(repository.commit(wrong))).code).toBe('not-found');
        }
        for (const wrong of ['nope', '..', '', 'prod/stacks', 'README.md']) {
          expect((await faultOf(repository.source(sha, wrong))).code).toBe('not-found');
          expect(await repository.inputs(sha, wrong)).toBeNull();
        }
      });
    });

    describe('inputs', () => {
      it('change with the grid and with stacks, and with nothing else', async () => {
        const first = await world.push(files);
        const other = await world.push({ 'grids/test/grid.yml': 'a: 1\n', 'README.md': 'new\n' });
        const own = await world.push({ 'grids/prod/grid.yml': 'a: 1\n' });
        const shared = await world.push({ 'stacks/db/kontena.yml': 'a: 1\n' });
        const back = await (async () => {
          await world.work.git('checkout', '-q', first, '--', '.');
          return await world.push({});
        })();
        const repository = await world.open();
        await repository.sync(never);

        const at = (sha: string) => repository.inputs(sha, 'prod');

        expect(await at(other)).toBe(await at(first));
        expect(await at(back)).toBe(await at(first));
        expect(new Set([await at(first), await at(own), await at(shared)]).size).toBe(3);
        for (const sha of [first, own, shared]) {
          expect((await repository.source(sha, 'prod')).inputs).toBe(await at(sha));
        }
      });

      it('of equal sources are equal, and the source says which commit was asked for', async () => {
        const first = await world.push(files);
        const second = await world.push({ 'README.md': 'new\n' });
        const repository = await world.open();
        await repository.sync(never);

        const [a, b] = [
          await repository.source(first, 'prod'),
          await repository.source(second, 'prod'),
        ];

        expect([a.sha, b.sha]).toEqual([first, second]);
        expect(b.files).toBe(a.files);
      });

      it('of two grids with the same files do not mix up their paths', async () => {
        const sha = await world.push({ 'grids/a/grid.yml': 'x', 'grids/b/grid.yml': 'x' });
        const repository = await world.open();
        await repository.sync(never);

        expect([...(await repository.source(sha, 'a')).files.keys()]).toEqual(['grids/a/grid.yml']);
        expect([...(await repository.source(sha, 'b')).files.keys()]).toEqual(['grids/b/grid.yml']);
      });
    });

    describe('limits', () => {
      it('refuse a source of too many files, and leave other grids alone', async () => {
        const many = Object.fromEntries(
          Array.from({ length: 12 }, (_, index) => [`grids/many/${index}`, `${index}`]),
        );
        const sha = await world.push({ ...many, ...files });
        const repository = await world.open({ limits: { entries: 12 } });
        await repository.sync(never);

        expect((await faultOf(repository.source(sha, 'many'))).code).toBe('repository-too-large');
        expect((await repository.source(sha, 'prod')).files.size).toBe(3);
      });

      it('refuse a source of too many bytes', async () => {
        const sha = await world.push({
          'grids/prod/a': 'a'.repeat(600),
          'grids/prod/b': 'b'.repeat(600),
        });
        const repository = await world.open({ limits: { sourceBytes: 1000 } });
        await repository.sync(never);

        const fault = await faultOf(repository.source(sha, 'prod'));

        expect(fault.code).toBe('repository-too-large');
        expect(fault.message).toContain('grids/prod');
      });

      it('stop at folders that hold each other many times over', async () => {
        await world.push(files);
        const sha = await plantBomb(world);
        const repository = await world.open();
        await repository.sync(never);

        expect((await faultOf(repository.source(sha, 'prod'))).code).toBe('repository-too-large');
      });
    });

    describe('ancestry', () => {
      it('follows merges, and knows what is not in the history', async () => {
        const { work } = world;
        const root = await world.push(files);
        await work.git('checkout', '-q', '-b', 'side');
        const side = await work.commitFiles({ side: '1' });
        await work.git('checkout', '-q', 'main');
        const main = await work.commitFiles({ main: '1' });
        await work.git('merge', '-q', '--no-ff', '-m', 'merge', 'side');
        const merge = await work.head();
        await work.push();
        const repository = await world.open();
        await repository.sync(never);

        expect((await repository.commit(merge)).parents).toEqual([main, side]);
        for (const older of [root, side, main, merge]) {
          expect(await repository.isAncestor(older, merge)).toBe(true);
        }
        expect(await repository.isAncestor(side, main)).toBe(false);
        expect(await repository.isAncestor(merge, root)).toBe(false);
        expect(await repository.isAncestor('0'.repeat(40), merge)).toBe(false);
        expect(await repository.isAncestor(merge, '0'.repeat(40))).toBe(false);
      });

      it('is bounded', async () => {
        const root = await world.push(files);
        for (const number of [1, 2, 3]) await world.work.commitFiles({ number: `${number}` });
        await world.work.push();
        const repository = await world.open({ limits: { ancestry: 3 } });
        const { head } = await repository.sync(never);

        expect(await repository.isAncestor(root, head)).toBe(false);
      });
    });
  });
}
