import { describe, expect, test } from 'vitest';
import { codeFrame, printProblem } from '../../src/manifest/code-frame.ts';
import { listGrids } from '../../src/manifest/grids.ts';
import { alternatives, quote, visible } from '../../src/manifest/quote.ts';
import type { Problem } from '../../src/model/problem.ts';
import { STACK_FILE } from './source-tree.ts';

function aProblem(line: number, column: number, overrides: Partial<Problem> = {}): Problem {
  const position = { file: STACK_FILE, line, column };
  return {
    severity: 'error',
    code: 'unknown-key',
    message: 'unknown key "b"',
    position,
    ...overrides,
  };
}

describe('a code frame', () => {
  test('shows two lines before and after, and points at the column', () => {
    const text = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`).join('\n');
    expect(codeFrame(text, aProblem(9, 3)).split('\n')).toEqual([
      '   7 | line 7',
      '   8 | line 8',
      '>  9 | line 9',
      '     |   ^',
      '  10 | line 10',
      '  11 | line 11',
    ]);
  });

  test.each([
    ['the first line', 'a\nb\nc\nd', 1, 1, ['> 1 | a', '    | ^', '  2 | b', '  3 | c']],
    ['the last line', 'a\nb\nc', 3, 2, ['  1 | a', '  2 | b', '> 3 | c', '    |  ^']],
    ['an empty file', '', 1, 1, ['> 1 |', '    | ^']],
    [
      'CRLF and a byte order mark',
      '\uFEFFa\r\nb\r\n',
      1,
      1,
      ['> 1 | a', '    | ^', '  2 | b', '  3 |'],
    ],
    ['a tab', '\tx', 1, 2, ['> 1 |   x', '    |   ^']],
  ])('copes with %s', (_, text, line, column, expected) => {
    expect(codeFrame(text, aProblem(line, column)).split('\n')).toEqual(expected);
  });

  test('cuts long lines around the column', () => {
    const text = `${'a'.repeat(5_000)}HERE${'b'.repeat(5_000)}`;
    const [line = '', caret = ''] = codeFrame(text, aProblem(1, 5_001)).split('\n');
    expect(line.length).toBeLessThan(140);
    expect(line.slice(caret.indexOf('^')).startsWith('HERE')).toBe(true);
  });

  test('shows nothing that could steer a terminal', () => {
    const frame = codeFrame('a: "\x1b[2J\u202Ex\x07"', aProblem(1, 1));
    expect(frame.split('\n')[0]).toBe('> 1 | a: "·[2J·x·"');
  });
});

describe('a printed problem', () => {
  test('says what, where, in which stack and what to do', () => {
    const problem = aProblem(1, 4, { hint: 'Did you mean "a"?', stack: 'shop' });
    expect(printProblem(problem, codeFrame('a: b', problem))).toBe(
      [
        'error: unknown key "b" [unknown-key]',
        `  at ${STACK_FILE}:1:4, stack shop`,
        '',
        '> 1 | a: b',
        '    |    ^',
        '',
        '  Did you mean "a"?',
        '  See docs/grid-repository.md#unknown-key',
      ].join('\n'),
    );
  });

  test('needs neither text nor hint', () => {
    expect(printProblem(aProblem(2, 1, { severity: 'warning' }), null)).toBe(
      `warning: unknown key "b" [unknown-key]\n  at ${STACK_FILE}:2:1\n  See docs/grid-repository.md#unknown-key`,
    );
  });
});

describe('words of the repository in messages', () => {
  test('are bounded and on one line', () => {
    expect(quote('a\nb')).toBe('"a\\u{a}b"');
    expect(quote('x'.repeat(1_000))).toHaveLength(63);
    expect(visible('a\u202Eb\u200B')).toBe('a\\u{202e}b\\u{200b}');
  });

  test('are listed as people do', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives)).toEqual([
      '',
      'a',
      'a or b',
      'a, b or c',
    ]);
  });
});

describe('grids of a repository', () => {
  test('are the folders below grids/, by name', () => {
    const paths = [
      'grids/b/grid.yml',
      'grids/a/stacks/x/kontena.yml',
      'grids/b/x',
      'grids/README.md',
      'stacks/c/kontena.yml',
      'x/grids/d/grid.yml',
      'grids',
    ];
    expect(listGrids(paths)).toEqual(['a', 'b']);
    expect(listGrids([])).toEqual([]);
  });
});
