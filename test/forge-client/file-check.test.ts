import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deployCheck, gridFilesCheck, previewCheck } from '../../src/forge/file-check.ts';
import type { PreviewOutcome } from '../../src/model/preview.ts';
import { aGridPreview, aPreview, aProblem } from '../support/a-preview.ts';
import { hostileText, withTexts } from './hostile.ts';
import { parse, structure } from './markdown-structure.ts';

const page = 'https://ops.example/previews/1';

function aCheck(outcome: PreviewOutcome) {
  return previewCheck(aPreview({ outcome }), page);
}

function at(file: string, line = 4) {
  return { file, line, column: 5 };
}

describe('the check of a preview', () => {
  test('fails with an error, which is put at its line', () => {
    const grids = [aGridPreview({ problems: [aProblem()] })];
    expect(aCheck({ kind: 'planned', grids })).toEqual({
      conclusion: 'failure',
      title: '1 error',
      summary: `Problems in the files of \`demo\`. An error holds back its stack; everything else is deployed.

\`\`\`text
error: grids/demo/stacks/shop/kontena.yml:4:5 there is no key "imaeg". Did you mean "image"?
\`\`\``,
      detailsUrl: page,
      annotations: [
        {
          path: 'grids/demo/stacks/shop/kontena.yml',
          line: 4,
          column: 5,
          level: 'failure',
          title: 'unknown-key',
          message: 'there is no key "imaeg"\nDid you mean "image"?',
        },
      ],
    });
  });

  test('succeeds with warnings only, which are put at their lines all the same', () => {
    const problems = [aProblem({ severity: 'warning' })];
    const check = aCheck({ kind: 'planned', grids: [aGridPreview({ problems })] });
    expect(check).toMatchObject({ conclusion: 'success', title: '1 warning' });
    expect(check.annotations).toMatchObject([{ level: 'warning' }]);
  });

  test('succeeds where nothing is wrong, and where no grid is changed', () => {
    const good = { conclusion: 'success', title: 'No problems', annotations: [] };
    expect(aCheck({ kind: 'planned', grids: [aGridPreview()] })).toMatchObject(good);
    expect(aCheck({ kind: 'planned', grids: [] })).toMatchObject(good);
  });

  test('says nothing of files that were not looked at', () => {
    const outcomes: readonly PreviewOutcome[] = [
      { kind: 'fork' },
      { kind: 'conflict', files: [] },
      { kind: 'failed', message: 'the disk is full', hint: null },
    ];
    for (const outcome of outcomes) expect(aCheck(outcome).conclusion).toBe('neutral');
    expect(aCheck({ kind: 'fork' }).title).toBe('Not looked at: it comes from a fork');
  });

  test('puts nothing at lines of another repository', () => {
    const problems = [aProblem({ position: at('@shop/kontena.yml') }), aProblem()];
    const check = aCheck({ kind: 'planned', grids: [aGridPreview({ problems })] });
    expect(check.annotations.map(({ path }) => path)).toEqual([
      'grids/demo/stacks/shop/kontena.yml',
    ]);
    expect(check.summary).toContain('@shop/kontena.yml:4:5');
    expect(check.summary).toContain('What begins with `@` is a file of another repository.');
  });

  test('says once what several grids have in common', () => {
    const shared = aProblem({ position: at('stacks/shop/kontena.yml') });
    const grids = ['a', 'b'].map((grid) => aGridPreview({ grid, problems: [shared] }));
    const check = aCheck({ kind: 'planned', grids });
    expect(check.annotations).toHaveLength(1);
    expect(check.summary).not.toContain('more');
  });

  test('keeps within what a forge takes, and counts what it leaves out', () => {
    const problems = Array.from({ length: 900 }, (_, n) =>
      aProblem({ message: 'x'.repeat(5_000), position: at('stacks/shop/kontena.yml', n + 1) }),
    );
    const grids = [aGridPreview({ problems, counts: { errors: 1_200 } })];
    const check = aCheck({ kind: 'planned', grids });
    expect(check.title).toBe('1200 errors');
    expect(check.annotations).toHaveLength(100);
    expect(check.summary.length).toBeLessThan(65_535);
    expect(check.summary).toContain('… and 1100 more');
  });

  test('has the errors before the warnings', () => {
    const problems = [aProblem({ severity: 'warning', message: 'w' }), aProblem({ message: 'e' })];
    const check = aCheck({ kind: 'planned', grids: [aGridPreview({ problems })] });
    expect(check.title).toBe('1 error, 1 warning');
    expect(check.annotations.map(({ level }) => level)).toEqual(['failure', 'warning']);
  });

  test('is of the same structure whatever anybody writes', () => {
    const problems = [aProblem(), aProblem({ position: at('@shop/kontena.yml') })];
    const preview = aPreview({
      outcome: { kind: 'planned', grids: [aGridPreview({ problems })] },
    });
    fc.assert(
      fc.property(hostileText, (evil) => {
        const plain = previewCheck(
          withTexts(preview, (text) => (text.startsWith('@') ? text : 'plain')),
          page,
        );
        const check = previewCheck(
          withTexts(preview, (text) => (text.startsWith('@') ? text : evil)),
          page,
        );
        expect(structure(parse(check.summary))).toBe(structure(parse(plain.summary)));
        const messages = check.annotations.flatMap(({ message }) => message.split('\n'));
        for (const message of messages) expect(message).not.toMatch(/[\p{Cc}\u202e\u2066]/u);
      }),
    );
  });
});

describe('the check of a deploy', () => {
  test('is of one grid', () => {
    const check = deployCheck({ grid: 'demo', problems: [aProblem()] }, null);
    expect(check).toMatchObject({ conclusion: 'failure', title: '1 error', detailsUrl: null });
    expect(deployCheck({ grid: 'demo', problems: [] }, null)).toMatchObject({
      conclusion: 'success',
      summary: 'The files of `demo` have no problems.',
    });
  });

  test('has a name of its own for each grid, however long', () => {
    expect(gridFilesCheck('demo')).toBe('gridops/files (demo)');
    const names = ['a', 'b'].map((end) => gridFilesCheck('x'.repeat(300) + end));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(255);
  });
});
