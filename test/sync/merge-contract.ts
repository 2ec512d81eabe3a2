import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { MergeResult, Repository } from '../../src/sync/repository.ts';
import { effort } from '../support/effort.ts';
import { type Contract, change, commitOf, type Files, given, pullRequest } from './requests.ts';
import { faultOf, files, never, type World } from './world.ts';

const run = promisify(execFile);

const lines = (...more: readonly string[]) =>
  'abcdefghij'.split('').map((letter) => more.find((line) => line.startsWith(letter)) ?? letter);
const text = (...more: readonly string[]) => `${lines(...more).join('\n')}\n`;

/** Merge results: the same with every engine, and the same as what git makes of it. How the commits came here is all one. */
export function mergeContract(name: string, contract: Contract): void {
  describe(`${name}: merging`, () => {
    const { world, open } = given(contract);

    /** A branch and a request that both come from `from`. */
    async function merged(from: Files, ours: Files, theirs: Files): Promise<Merged> {
      await change(world(), { ...files, ...from });
      await world().work.push();
      const head = await pullRequest(world(), 7, theirs);
      const base = await change(world(), ours);
      await world().work.push();
      const repository = await open();
      await repository.fetchRef('refs/pull/7/head', never);
      return { repository, base, head, result: await repository.merge(base, head) };
    }

    it('gives a commit that is read as any other', async () => {
      const { repository, base, head, result } = await merged(
        { 'grids/prod/a.yml': text() },
        { 'grids/prod/a.yml': text('b: ours') },
        { 'grids/prod/a.yml': text('i: theirs') },
      );

      const sha = commitOf(result);
      const source = await repository.source(sha, 'prod');
      expect(source.files.get('grids/prod/a.yml')).toMatchObject({
        text: text('b: ours', 'i: theirs'),
      });
      expect((await repository.commit(sha)).parents).toEqual([base, head]);
      expect(await repository.inputs(sha, 'prod')).toBe(source.inputs);
    });

    it('gives the same commit each time', async () => {
      const { repository, base, head, result } = await merged({}, { a: '1' }, { b: '2' });
      const again = await open();
      await again.sync(never);
      await again.fetchRef('refs/pull/7/head', never);

      expect(await repository.merge(base, head)).toEqual(result);
      expect(await again.merge(base, head)).toEqual(result);
    });

    it('only goes forward where it can, and does nothing where nothing is new', async () => {
      const base = await world().push(files);
      const head = await pullRequest(world(), 7, { a: '1' });
      const repository = await open();
      await repository.fetchRef('refs/pull/7/head', never);

      expect(await repository.merge(base, head)).toEqual({ kind: 'merged', commit: head });
      expect(await repository.merge(head, base)).toEqual({ kind: 'merged', commit: head });
      expect(await repository.merge(base, base)).toEqual({ kind: 'merged', commit: base });
    });

    it('says where two histories share nothing', async () => {
      const base = await world().push(files);
      const { work, bare } = world();
      await work.git('checkout', '-q', '--orphan', 'other');
      const head = await work.commitFiles({ a: '1' });
      await work.git('push', '-q', bare, `${head}:refs/pull/7/head`);
      const repository = await open();
      await repository.fetchRef('refs/pull/7/head', never);

      expect(await repository.merge(base, head)).toEqual({ kind: 'unrelated' });
    });

    const clean: readonly [string, Files, Files, Files, Files][] = [
      ['two new files', {}, { a: '1' }, { b: '2' }, { a: '1', b: '2' }],
      ['the same change on both sides', { a: '1\n' }, { a: '2\n' }, { a: '2\n' }, { a: '2\n' }],
      ['the same new file', {}, { a: '2\n' }, { a: '2\n' }, { a: '2\n' }],
      ['a deletion beside a change', { a: '1', b: '1' }, { a: null }, { b: '2' }, { b: '2' }],
      ['a deletion on both sides', { a: '1', b: '' }, { a: null }, { a: null }, { b: '' }],
      [
        'changes far apart in one file',
        { a: text() },
        { a: text('a: 1', 'e: 1') },
        { a: text('c: 2', 'j: 2') },
        { a: text('a: 1', 'c: 2', 'e: 1', 'j: 2') },
      ],
      [
        'a folder that one side removes',
        { 'd/a': '1', 'd/b': '2', c: '1' },
        { 'd/a': null, 'd/b': null },
        { c: '2' },
        { c: '2' },
      ],
      [
        'a file that one side moves and the other changes',
        { 'stacks/a/kontena.yml': text() },
        { 'stacks/a/kontena.yml': null, 'stacks/b/kontena.yml': text() },
        { 'stacks/a/kontena.yml': text('e: theirs') },
        { 'stacks/b/kontena.yml': text('e: theirs') },
      ],
      [
        'a file that one side changes and the other moves and changes elsewhere',
        { old: text() },
        { old: text('a: ours') },
        { old: null, new: text('j: theirs') },
        { new: text('a: ours', 'j: theirs') },
      ],
      [
        'a file that becomes a folder',
        { a: '1\n', b: '1' },
        { a: null, 'a/x': '1\n' },
        { b: '2' },
        { 'a/x': '1\n', b: '2' },
      ],
      [
        'a file without a last line end',
        { a: 'a\nb\nc\nd' },
        { a: 'A\nb\nc\nd' },
        { a: 'a\nb\nc\nD' },
        { a: 'A\nb\nc\nD' },
      ],
    ];
    it.each(clean)('takes %s', async (_, from, ours, theirs, expected) => {
      const { result } = await merged(
        { keep: 'k', ...from },
        { 'z-ours': 'of ours', ...ours },
        { 'z-theirs': 'of theirs', ...theirs },
      );

      const sha = commitOf(result);
      expect(await readAll(world(), sha)).toEqual({
        ...files,
        keep: 'k',
        'z-ours': 'of ours',
        'z-theirs': 'of theirs',
        ...expected,
      });
    });

    const conflicts: readonly [string, Files, Files, Files, readonly string[]][] = [
      ['one line that both change', { a: text() }, { a: text('e: 1') }, { a: text('e: 2') }, ['a']],
      ['lines that touch', { a: text() }, { a: text('e: 1') }, { a: text('f: 2') }, ['a']],
      ['a file that one changes and one deletes', { a: '1\n' }, { a: '2\n' }, { a: null }, ['a']],
      ['a file that one deletes and one changes', { a: '1\n' }, { a: null }, { a: '2\n' }, ['a']],
      ['two files of one name', {}, { a: '1\n' }, { a: '2\n' }, ['a']],
      ['a file and a folder of one name', {}, { a: '1\n' }, { 'a/b': '2\n' }, ['a']],
      [
        'bytes that both change',
        { a: Buffer.from([0, 1, 2]) },
        { a: Buffer.from([0, 1, 3]) },
        { a: Buffer.from([0, 4, 2]) },
        ['a'],
      ],
      [
        'several files, of which one could be merged',
        { 'd/a': text(), 'd/b': text(), 'd/c': text() },
        { 'd/a': text('e: 1'), 'd/b': text('a: 1'), 'd/c': text('c: 1') },
        { 'd/a': text('e: 2'), 'd/b': text('j: 2'), 'd/c': text('c: 2') },
        ['d/a', 'd/c'],
      ],
    ];
    it.each(conflicts)('is refused for %s', async (_, from, ours, theirs, expected) => {
      const { result } = await merged({ keep: '', ...from }, ours, theirs);

      expect(result).toEqual({ kind: 'conflict', files: expected });
    });

    it('keeps who may run a file, also when the other side changes its text', async () => {
      const { work } = world();
      await change(world(), { ...files, run: text() });
      await work.push();
      const head = await pullRequest(world(), 7, { run: text('e: theirs') });
      await work.git('update-index', '--chmod=+x', 'run');
      await work.git('commit', '-q', '-m', 'mode');
      const base = await work.head();
      await work.push();
      const repository = await open();
      await repository.sync(never);
      await repository.fetchRef('refs/pull/7/head', never);

      const sha = commitOf(await repository.merge(base, head));

      expect(await inMirror(world(), 'ls-tree', sha, 'run')).toMatch(/^100755 blob/);
      expect(await readAll(world(), sha)).toMatchObject({ run: text('e: theirs') });
    });

    it('takes links and submodules as they are, and never looks into them', async () => {
      const { work } = world();
      await change(world(), files);
      await work.git(
        'update-index',
        '--add',
        '--cacheinfo',
        `160000,${'1'.repeat(idLength())},sub`,
      );
      await work.link('link', '/etc/passwd');
      await work.git('add', 'link');
      await work.git('commit', '-q', '-m', 'links');
      await work.push();
      const from = await work.head();
      await work.git('update-index', '--cacheinfo', `160000,${'2'.repeat(idLength())},sub`);
      await work.git('commit', '-q', '-m', 'theirs');
      const head = await work.head();
      await work.git('push', '-q', world().bare, `+${head}:refs/pull/7/head`);
      await work.git('update-ref', 'refs/heads/main', from);
      await work.git('read-tree', from);
      const ours = async (id: string) => {
        await work.git('update-index', '--cacheinfo', `160000,${id},sub`);
        await work.git('commit', '-q', '--allow-empty', '-m', 'ours');
        await work.push();
        return await work.head();
      };
      const base = await ours('1'.repeat(idLength()));
      const repository = await open();
      await repository.sync(never);
      await repository.fetchRef('refs/pull/7/head', never);

      const sha = commitOf(await repository.merge(base, head));
      expect(await inMirror(world(), 'ls-tree', sha, 'sub')).toContain('2'.repeat(idLength()));
      const other = await ours('3'.repeat(idLength()));
      await repository.sync(never);
      expect(await repository.merge(other, head)).toEqual({ kind: 'conflict', files: ['sub'] });
    });

    it('takes branches that were merged into each other crosswise', async () => {
      const { work, bare } = world();
      await change(world(), { ...files, a: text(), b: text() });
      await work.git('checkout', '-q', '-b', 'side');
      await work.commitFiles({ a: text('a: side') });
      await work.git('checkout', '-q', 'main');
      await work.commitFiles({ b: text('a: main') });
      await work.git('branch', '-q', 'main1');
      await work.git('merge', '-q', '--no-ff', '-m', 'm1', 'side');
      await work.git('checkout', '-q', 'side');
      await work.git('merge', '-q', '--no-ff', '-m', 'm2', 'main1');
      const head = await work.commitFiles({ a: text('a: side', 'j: side') });
      await work.git('push', '-q', bare, `${head}:refs/pull/7/head`);
      await work.git('checkout', '-q', 'main');
      const base = await work.commitFiles({ b: text('a: main', 'j: main') });
      await work.push();
      const repository = await open();
      await repository.sync(never);
      await repository.fetchRef('refs/pull/7/head', never);

      const sha = commitOf(await repository.merge(base, head));

      expect(await readAll(world(), sha)).toMatchObject({
        a: text('a: side', 'j: side'),
        b: text('a: main', 'j: main'),
      });
    });

    it('lets attributes and merge drivers of the repository have no effect', async () => {
      const { result } = await merged(
        { '.gitattributes': 'a merge=union\nb merge=ours\n', a: text(), b: text() },
        { a: text('e: 1'), b: text('e: 1') },
        { a: text('e: 2'), b: text('e: 2') },
      );

      expect(result).toEqual({ kind: 'conflict', files: ['a', 'b'] });
    });

    it('is refused for commits that are not there', async () => {
      const base = await world().push(files);
      const repository = await open();
      for (const wrong of ['0'.repeat(idLength()), '--help', 'main']) {
        expect((await faultOf(repository.merge(base, wrong))).code).toBe('not-found');
        expect((await faultOf(repository.merge(wrong, base))).code).toBe('not-found');
      }
    });

    // Once with each way of merging is enough.
    it.skipIf(contract.objectFormat === 'sha256')(
      'merges trees of five thousand files in little time',
      { timeout: 60_000 },
      async () => {
        const many = Object.fromEntries(
          Array.from({ length: 5_000 }, (_, index) => [
            `grids/prod/files/${index % 50}/${index}`,
            `${index}\n`,
          ]),
        );
        const { repository, base, head } = await merged(
          many,
          { 'grids/prod/files/1/1': 'ours\n' },
          { 'grids/prod/files/1/51': 'theirs\n', 'grids/prod/files/2/2': 'theirs\n' },
        );
        let sha = '';
        const needed = await effort(async () => {
          sha = commitOf(await repository.merge(base, head));
        });

        expect(needed).toBeLessThan(2_000);
        const source = await repository.source(sha, 'prod').catch(() => null);
        expect(await repository.inputs(sha, 'prod')).not.toBeNull();
        expect(source).toBeNull();
      },
    );
  });

  function idLength(): number {
    return contract.objectFormat === 'sha256' ? 64 : 40;
  }
}

interface Merged {
  readonly repository: Repository;
  readonly base: string;
  readonly head: string;
  readonly result: MergeResult;
}

/** All files of a commit of the mirror, as git reads them: what was written must be sound. */
async function readAll(world: World, sha: string): Promise<Readonly<Record<string, string>>> {
  await inMirror(world, 'fsck', '--no-dangling', '--strict');
  const names = await inMirror(world, 'ls-tree', '-r', '--name-only', '-z', sha);
  const found: Record<string, string> = {};
  for (const name of names.split('\0').filter((part) => part !== '')) {
    found[name] = await inMirror(world, 'cat-file', 'blob', `${sha}:${name}`);
  }
  return found;
}

/** Runs git on our own mirror. Returns what it printed, to the byte. */
async function inMirror(world: World, ...args: readonly string[]): Promise<string> {
  const mirrors = await readdir(world.directory);
  const mirror = mirrors.find((name) => /^[0-9a-f]{64}\.(native|isomorphic)$/.test(name)) ?? 'none';
  const all = [`--git-dir=${join(world.directory, mirror)}`, ...args];
  const { stdout } = await run('git', all, { env: { PATH: process.env['PATH'] } });
  return stdout;
}
