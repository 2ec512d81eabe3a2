import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/manifest/evaluate.ts';

describe('a calculation', () => {
  test.each([
    ['1', 1],
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['7 / 2', 3],
    ['-7 / 2', -4],
    ['7.0 / 2', 3.5],
    ['1 / 2.0', 0.5],
    ['(1 + 0.0) / 2', 0.5],
    ['-1.0 / 2', -0.5],
    ['7.5 / 2', 3.75],
    ['2 - -3', 5],
    ['10-4-3', 3],
  ])('%s is %d', (text, value) => expect(evaluate(text)).toEqual({ value }));

  test.each(['', '1 +', '(1', '1)', '1 2', 'a', '1/0', '1; 2', '('.repeat(5_000), '1e9'])(
    '%j is none',
    (text) => expect(evaluate(text).fault?.code).toBe('bad-variable'),
  );

  test('never throws', () => {
    const piece = fc.constantFrom('1', '2.5', '+', '-', '*', '/', '(', ')', ' ', 'x', '.');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const { value, fault } = evaluate(pieces.join(''));
        expect(fault !== undefined || Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
