import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fillMarks,
  hasMark,
  type Mark,
  marksWithin,
  parseMark,
  parseSealed,
  printMark,
  printSealed,
  showMarks,
} from '../../src/model/secret.ts';

const word = (pattern: RegExp) => fc.stringMatching(pattern);
const marks: fc.Arbitrary<Mark> = fc.record({
  kind: fc.constantFrom('secret', 'certificate', 'random'),
  name: word(/^[A-Za-z0-9_.*-]{1,40}$/),
  id: word(/^[A-Za-z0-9_-]{1,40}$/),
});

describe('a mark', () => {
  test('is read as it was printed', () => {
    fc.assert(
      fc.property(marks, (mark) => {
        expect(parseMark(printMark(mark))).toEqual(mark);
      }),
    );
  });

  test('is found in whatever it is put, and only there', () => {
    fc.assert(
      fc.property(marks, fc.string(), fc.string(), (mark, before, after) => {
        const text = before + printMark(mark) + after;
        expect(marksWithin({ a: [text] })).toEqual([printMark(mark)]);
        expect(hasMark(text)).toBe(true);
        expect(hasMark(before + after)).toBe(false);
      }),
    );
  });

  test('has its value put in, wherever it is, and nothing else changed', () => {
    fc.assert(
      fc.property(marks, fc.jsonValue(), fc.string(), (mark, around, value) => {
        const values = new Map([[printMark(mark), value]]);
        const filled = fillMarks({ around, text: `a${printMark(mark)}b` }, values);
        expect(filled).toEqual({ around, text: `a${value}b` });
      }),
    );
  });

  test('without a value stays what it is', () => {
    const text = printMark({ kind: 'secret', name: 'a', id: 'b' });
    expect(fillMarks(text, new Map([['other', 'x']]))).toBe(text);
  });

  test('is shown by its name', () => {
    const text = `x-${printMark({ kind: 'random', name: 'PASS', id: 'W10' })}`;
    expect(showMarks(text)).toBe('x-⟦PASS⟧');
  });

  test.each([
    '',
    '⟦⟧',
    '⟦secret.a⟧',
    '⟦secret.a b.c⟧',
    '⟦other.a.b⟧',
    'a⟦secret.a.b⟧',
    '⟦secret.a.b⟧c',
  ])('is not %j', (text) => expect(parseMark(text)).toBeNull());
});

test('a sealed text is read as it was printed', () => {
  const sealed = { id: 'abcdefghijklmn27', payload: 'QUJD'.repeat(20) };
  expect(parseSealed(printSealed(sealed))).toEqual(sealed);
  expect(parseSealed('g1.short.QUJD')).toBeNull();
});
