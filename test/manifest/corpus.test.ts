import { describe, expect, test } from 'vitest';
import { codeFrame, printProblem } from '../../src/manifest/code-frame.ts';
import type { Problem } from '../../src/model/problem.ts';
import { corpusFiles } from './corpus.ts';
import { expectedErrors } from './corpus-expectations.ts';
import { compileFiles } from './source-tree.ts';

function expectInside(problem: Problem, files: Readonly<Record<string, string>>): void {
  const text = files[problem.position.file];
  if (text === undefined) throw new Error(`no file ${problem.position.file}`);
  const line = text.split(/\r?\n/)[problem.position.line - 1];
  expect(line).toBeDefined();
  expect(problem.position.column).toBeGreaterThanOrEqual(1);
  expect(problem.position.column).toBeLessThanOrEqual((line ?? '').length + 1);
}

describe('files that people wrote', () => {
  const all = corpusFiles();

  test.skipIf(all.length === 0)(
    'are there to be read (skipped: no corpus beside the repository)',
    () => {
      expect(all.length).toBeGreaterThan(100);
      const names = all.map(({ name }) => name);
      expect(Object.keys(expectedErrors).filter((name) => !names.includes(name))).toEqual([]);
    },
  );

  test.each(all.map((file) => [file.name, file] as const))(
    '%s has the errors that are expected of it, and no others',
    (name, { stack, files }) => {
      const { problems } = compileFiles(files);
      const own = problems.filter((problem) => problem.stack === stack);
      const errors = own.filter(({ severity }) => severity === 'error');
      expect(errors.map(({ code, position }) => `${code} ${position.line}`)).toEqual(
        expectedErrors[name]?.errors ?? [],
      );
    },
  );

  test.each(all.map((file) => [file.name, file] as const))(
    '%s has its problems placed inside of it',
    (_, { files }) => {
      for (const problem of compileFiles(files).problems) {
        expectInside(problem, files);
        const text = files[problem.position.file] ?? '';
        expect(printProblem(problem, codeFrame(text, problem))).toContain(problem.code);
      }
    },
  );
});
