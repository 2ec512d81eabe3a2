import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRepository, readWorkingTree } from '../../src/cli/working-tree.ts';
import { withFolder } from './test-cli.ts';

const limits = { fileBytes: 100, entries: 20, sourceBytes: 250 };

describe('readWorkingTree', () => {
  it('reads what is below grids and stacks and nothing else', async () => {
    const files = {
      'grids/a/grid.yml': 'x: 1\n',
      'stacks/web/kontena.yml': 'y: 2\n',
      'README.md': 'no',
      'other/grids/b/grid.yml': 'no',
    };
    await withFolder(files, async (folder) => {
      const { files: read } = await readWorkingTree(folder);
      expect([...read.keys()]).toEqual(['grids/a/grid.yml', 'stacks/web/kontena.yml']);
      expect(read.get('grids/a/grid.yml')).toMatchObject({ kind: 'text', text: 'x: 1\n' });
    });
  });

  it('gives a file the id that git gives it', async () => {
    await withFolder({ 'grids/a/grid.yml': 'prüfe: {}\n' }, async (folder) => {
      const file = (await readWorkingTree(folder)).files.get('grids/a/grid.yml');
      const id = execFileSync('git', ['hash-object', 'grids/a/grid.yml'], { cwd: folder });
      expect(file).toMatchObject({ blob: id.toString().trim() });
    });
  });

  it('follows no link, to a file or a folder', async () => {
    await withFolder({ 'grids/a/grid.yml': '', 'secret/key.yml': 'k' }, async (folder) => {
      await symlink('/etc/hostname', join(folder, 'grids/a/env'));
      await symlink(join(folder, 'secret'), join(folder, 'stacks'));
      const { files } = await readWorkingTree(folder);
      expect(files.get('grids/a/env')).toEqual({
        kind: 'refused',
        path: 'grids/a/env',
        reason: 'symlink',
      });
      expect(files.get('stacks')).toMatchObject({ reason: 'symlink' });
      expect(files.has('stacks/key.yml')).toBe(false);
    });
  });

  it('names what is too large or another repository, without its content', async () => {
    const files = { 'grids/a/large.yml': 'x'.repeat(101), 'grids/a/sub/.git/config': '' };
    await withFolder(files, async (folder) => {
      const read = (await readWorkingTree(folder, limits)).files;
      const reasons = [...read.values()].map(
        (file) => file.kind === 'refused' && [file.path, file.reason],
      );
      expect(reasons).toEqual([
        ['grids/a/large.yml', 'too-large'],
        ['grids/a/sub', 'submodule'],
      ]);
    });
  });

  it('keeps what is not text as it is, and says which files are programs', async () => {
    await withFolder({ 'grids/a/run.sh': 'exit 0\n', 'grids/a/grid.yml': '' }, async (folder) => {
      await writeFile(join(folder, 'grids/a/logo.png'), Buffer.from([0x89, 0x00, 0x01]));
      await chmod(join(folder, 'grids/a/run.sh'), 0o755);
      const { files } = await readWorkingTree(folder);
      expect(files.get('grids/a/logo.png')).toMatchObject({
        kind: 'binary',
        bytes: Uint8Array.of(0x89, 0x00, 0x01),
      });
      expect(files.get('grids/a/run.sh')).toMatchObject({ kind: 'text', executable: true });
      expect(files.get('grids/a/grid.yml')).not.toHaveProperty('executable');
    });
  });

  it('has other inputs when a file becomes a program', async () => {
    await withFolder({ 'grids/a/run.sh': 'exit 0\n' }, async (folder) => {
      const before = await readWorkingTree(folder);
      await chmod(join(folder, 'grids/a/run.sh'), 0o755);
      expect((await readWorkingTree(folder)).inputs).not.toBe(before.inputs);
    });
  });

  it('leaves the byte order mark out of the text', async () => {
    await withFolder({ 'grids/a/grid.yml': '\uFEFFx: 1\n' }, async (folder) => {
      const file = (await readWorkingTree(folder)).files.get('grids/a/grid.yml');
      expect(file).toMatchObject({ text: 'x: 1\n' });
    });
  });

  it('has other inputs when a file has changed, and only then', async () => {
    await withFolder({ 'grids/a/grid.yml': 'x: 1\n' }, async (folder) => {
      const before = await readWorkingTree(folder);
      expect((await readWorkingTree(folder)).inputs).toBe(before.inputs);
      await writeFile(join(folder, 'grids/a/grid.yml'), 'x: 2\n');
      expect((await readWorkingTree(folder)).inputs).not.toBe(before.inputs);
    });
  });

  it('refuses a tree that is out of bounds in number, size or depth', async () => {
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`grids/a/${i}`, '']));
    await withFolder(many, async (folder) => {
      await expect(readWorkingTree(folder, limits)).rejects.toMatchObject({
        code: 'repository-too-large',
      });
    });
    const large = Object.fromEntries([1, 2, 3].map((i) => [`grids/a/${i}`, 'x'.repeat(90)]));
    await withFolder(large, async (folder) => {
      await expect(readWorkingTree(folder, limits)).rejects.toMatchObject({
        code: 'repository-too-large',
      });
    });
    await withFolder({ 'grids/a/grid.yml': '' }, async (folder) => {
      await mkdir(join(folder, 'grids', ...Array<string>(40).fill('d')), { recursive: true });
      await expect(readWorkingTree(folder)).rejects.toMatchObject({ code: 'repository-too-large' });
    });
  });
});

describe('findRepository', () => {
  it('finds the repository from a folder inside it', async () => {
    await withFolder({ 'grids/a/stacks/web/kontena.yml': '' }, async (folder) => {
      expect(await findRepository(join(folder, 'grids/a/stacks/web'))).toBe(folder);
    });
  });

  it('says what is missing elsewhere', async () => {
    await withFolder({ 'README.md': '' }, async (folder) => {
      await expect(findRepository(folder)).rejects.toMatchObject({ code: 'not-found' });
    });
  });
});
