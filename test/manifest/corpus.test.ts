import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeFrame, printProblem } from '../../src/manifest/code-frame.ts';
import type { Problem } from '../../src/model/problem.ts';
import { compileFiles } from './source-tree.ts';

/** Files of other people, kept beside the repository and not in it. */
const corpus = new URL('../../../shared/corpus', import.meta.url).pathname;
const folder = existsSync(corpus) ? corpus : null;

function listFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function expectInside(problem: Problem, files: Readonly<Record<string, string>>): void {
  const text = files[problem.position.file];
  if (text === undefined) throw new Error(`no file ${problem.position.file}`);
  const line = text.split(/\r?\n/)[problem.position.line - 1];
  expect(line).toBeDefined();
  expect(problem.position.column).toBeGreaterThanOrEqual(1);
  expect(problem.position.column).toBeLessThanOrEqual((line ?? '').length + 1);
}

describe('stack files that people wrote', () => {
  const all = folder === null ? [] : listFiles(folder);
  const stackFiles = all.filter((path) => /\.ya?ml$/.test(path) && !/docker-compose/.test(path));

  test.skipIf(folder === null)(
    'are there to be read (skipped: no corpus beside the repository)',
    () => {
      expect(stackFiles.length).toBeGreaterThan(50);
    },
  );

  test.each(stackFiles.map((path) => [relative(corpus, path), path]))(
    '%s is compiled, or its problems are placed inside of it',
    (_, path) => {
      const siblings = all.filter((other) => dirname(other) === dirname(path) && other !== path);
      const beside = siblings.map((other) => [
        `grids/demo/stacks/shop/${relative(dirname(path), other)}`,
        readFileSync(other, 'utf8'),
      ]);
      const files: Record<string, string> = {
        ...Object.fromEntries(beside),
        'grids/demo/stacks/shop/kontena.yml': readFileSync(path, 'utf8'),
      };
      const { problems, stacks, failed } = compileFiles(files);
      expect([...stacks.map(({ name }) => name), ...failed]).toContain('shop');
      for (const problem of problems) {
        expectInside(problem, files);
        expect(
          printProblem(problem, codeFrame(files[problem.position.file] ?? '', problem)),
        ).toContain(problem.code);
      }
    },
  );
});
