import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame, printProblem } from '../../src/manifest/code-frame.ts';
import type { Problem } from '../../src/model/problem.ts';
import { effort } from '../support/effort.ts';

/** Character, as it is shown, columns of a terminal that it takes. */
const characters = [
  ['a', 'a', 1],
  [' ', ' ', 1],
  ['\t', '  ', 2],
  ['é', 'é', 1],
  ['e\u0301', 'e\u0301', 1],
  ['漢', '漢', 2],
  ['かな', 'かな', 4],
  ['한', '한', 2],
  ['ﾊ', 'ﾊ', 1],
  ['Ａ', 'Ａ', 2],
  ['\u3000', '\u3000', 2],
  ['😀', '😀', 2],
  ['👩\u200d💻', '👩·💻', 5],
  ['✌\ufe0f', '✌', 1],
  ['𝒳', '𝒳', 1],
  ['🇳🇿', '··', 2],
  ['\u202e', '·', 1],
  ['\x1b', '·', 1],
  ['\ud800', '·', 1],
] as const;

const anyCharacters = fc.array(fc.constantFrom(...characters), { maxLength: 30 });

function framed(text: string, line: number, column: number): string[] {
  return codeFrame(text, { position: { file: 'f', line, column } }).split('\n');
}

/** Columns of the display before the caret, behind the gutter. */
function caretColumn(caret: string): number {
  const before = caret.slice(caret.indexOf('|') + 2, caret.indexOf('^'));
  return Array.from(before, (sign) => (sign === '\u3000' ? 2 : 1)).reduce((a, b) => a + b, 0);
}

describe('the caret', () => {
  test.each(characters)('stands behind %j', (character, shown, width) => {
    const [line = '', caret = ''] = framed(`${character}X`, 1, character.length + 1);
    expect(line).toBe(`> 1 | ${shown}X`);
    expect(caretColumn(caret)).toBe(width);
  });

  test('stands below the character, whatever is before it, behind it and at the ends of the lines', () => {
    fc.assert(
      fc.property(
        anyCharacters,
        anyCharacters,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (before, after, end, hasMark) => {
          const prefix = before.map(([character]) => character).join('');
          const suffix = after.map(([character]) => character).join('');
          const text = `${hasMark ? '\ufeff' : ''}above${end}${prefix}X${suffix}${end}below`;
          const [, line = '', caret = ''] = framed(text, 2, prefix.length + 1);
          const width = before.reduce((sum, [, , columns]) => sum + columns, 0);
          const isCut = line.startsWith('> 2 | …');
          if (isCut) expect(caretColumn(caret)).toBeLessThanOrEqual(61);
          else expect(caretColumn(caret)).toBe(width);
          const shown = before.map(([, as]) => as).join('');
          if (!isCut) expect(line.startsWith(`> 2 | ${shown}X`)).toBe(true);
        },
      ),
    );
  });

  test.each([
    ['漢'.repeat(300), 250],
    ['\t'.repeat(300), 250],
    ['😀'.repeat(300), 501],
    [`a${'\u0301'.repeat(100_000)}b`, 100_002],
    ['a\nb', 500],
    ['', 7],
  ])('is in the window of %.5j at column %i, and the window is bounded', (text, column) => {
    const lines = framed(text, 1, column);
    const caret = lines.find((line) => line.endsWith('^')) ?? '';
    expect(caretColumn(caret)).toBeLessThanOrEqual(61);
    for (const line of lines) expect(line.length).toBeLessThan(400);
  });

  test('a frame never throws and is bounded, wherever the place is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 2_000 }),
        fc.nat(20),
        fc.nat(3_000),
        (text, line, column) => {
          const lines = framed(text, line + 1, column + 1);
          expect(lines.length).toBeLessThanOrEqual(6);
          expect(lines.every((one) => one.length < 400)).toBe(true);
        },
      ),
    );
  });

  test('costs no more than its line is long', async () => {
    const text = `${'- a\n'.repeat(100_000)}${'b'.repeat(500_000)}`;
    expect(await effort(() => framed(text, 100_001, 400_000))).toBeLessThan(500);
  });
});

describe('a problem in colours', () => {
  const problem: Problem = {
    severity: 'warning',
    code: 'no-effect',
    message: 'does nothing',
    position: { file: 'f', line: 2, column: 1 },
  };
  const style = {
    head: (text: string, severity: string) => `<${severity}>${text}</>`,
    marked: (text: string) => `<b>${text}</b>`,
    aside: (text: string) => `<i>${text}</i>`,
  };

  test('has its first line, the marked line and the caret set off, and nothing that only looks like them', () => {
    const frame = codeFrame('> 1 |\na\n    | ^', problem);
    expect(printProblem(problem, frame, style).split('\n')).toEqual([
      '<warning>warning: does nothing [no-effect]</>',
      '  at f:2:1',
      '',
      '<i>  1 | > 1 |</i>',
      '<b>> 2 | a</b>',
      '<warning>    | ^</>',
      '<i>  3 |     | ^</i>',
      '',
      '<i>  See docs/grid-repository.md#no-effect</i>',
    ]);
  });
});
