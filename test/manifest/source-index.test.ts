import { describe, expect, test } from 'vitest';
import { indexSources } from '../../src/manifest/source-index.ts';
import { aSourceTree, type Files } from './source-tree.ts';

const indexOf = (files: Files) => indexSources(aSourceTree(files).files);

describe('the files of a commit', () => {
  const files: Files = { 'a/b/x': '1', 'a/b/c/y': '2', 'a/bc': '3', z: '4' };

  test('are listed below each of their folders', () => {
    const below = (folder: string) =>
      indexOf(files)
        .below(folder)
        .map(({ path }) => path);

    expect(below('a')).toEqual(['a/b/x', 'a/b/c/y', 'a/bc']);
    expect(below('a/b')).toEqual(['a/b/x', 'a/b/c/y']);
    expect(below('a/bc')).toEqual([]);
    expect(below('constructor')).toEqual([]);
  });

  test.each<[string, Files, string]>([
    ['another file', { ...files, 'a/b/x': '!' }, 'a/b/'],
    ['one more', { ...files, 'a/b/d/e/f': '' }, 'a/b/'],
    ['a link', { ...files, 'a/b/x': { refused: 'symlink' } }, 'a/b/'],
    ['none', { z: '4' }, 'a/b/'],
    ['another text', { ...files, z: '5' }, 'z'],
    ['a refusal', { ...files, z: { refused: 'too-large' } }, 'z'],
  ])('have another identity where there is %s now', (_, now, path) => {
    expect(indexOf(now).identity(path)).not.toBe(indexOf(files).identity(path));
  });

  test('have the same identity where nothing has changed', () => {
    const now = indexOf({ ...files, 'a/bc': '!' });

    expect(now.identity('a/b/')).toBe(indexOf(files).identity('a/b/'));
    expect(now.identity('z')).toBe(indexOf(files).identity('z'));
    expect(now.identity('gone')).toBe('missing');
  });
});
