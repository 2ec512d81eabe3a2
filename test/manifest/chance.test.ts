import { describe, expect, test } from 'vitest';
import { deriveChance, isChanceOf, markOfChance, type Recipe } from '../../src/manifest/chance.ts';
import { parseMark, printMark } from '../../src/model/secret.ts';

const seed = new Uint8Array(32).fill(5);
const recipe: Recipe = {
  path: ['demo', 'shop', 'PASS'],
  chance: { kind: 'string', length: 12, charset: 'hex' },
  changes: {},
};

describe('a text of chance', () => {
  test('is the same for the same recipe and seed only', () => {
    const value = deriveChance(markOfChance(recipe, seed), 'demo', seed);
    expect(value).toMatch(/^[0-9a-f]{12}$/);
    expect(deriveChance(markOfChance(recipe, seed), 'demo', seed)).toBe(value);
    const other = { ...recipe, path: ['demo', 'shop', 'OTHER'] };
    expect(deriveChance(markOfChance(other, seed), 'demo', seed)).not.toBe(value);
  });

  test('has another mark with another seed, and is told with its own only', () => {
    const other = new Uint8Array(32);
    expect(markOfChance(recipe, other)).not.toBe(markOfChance(recipe, seed));
    expect(deriveChance(markOfChance(recipe, seed), 'demo', other)).toBeNull();
  });

  test('is changed as its variable says', () => {
    const upper = { ...recipe, changes: { upcase: true, hexdigest: 'md5' as const } };
    expect(deriveChance(markOfChance(upper, seed), 'demo', seed)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('of another grid is not told', () => {
    const mark = markOfChance({ ...recipe, path: ['prod', 'shop', 'PASS'] }, seed);
    expect(deriveChance(mark, 'demo', seed)).toBeNull();
    expect(isChanceOf('demo', parseMark(mark)?.id ?? '')).toBe(false);
  });

  test.each([
    'no json',
    '{}',
    '[[1],{"kind":"uuid"},{}]',
    '[["demo"],{"kind":"number","min":1,"max":2},{}]',
    '[["demo"],{"kind":"string","length":"9","charset":"hex"},{}]',
    '[["demo"],{"kind":"string","length":99999,"charset":"hex"},{}]',
    '[["demo"],{"kind":"uuid"},null]',
  ])('is not made by what anybody wrote: %s', (text) => {
    const id = Buffer.from(text).toString('base64url');
    expect(deriveChance(printMark({ kind: 'random', name: 'a', id }), 'demo', seed)).toBeNull();
  });

  test('has a name that fits a mark, whatever the variable is called', () => {
    expect(markOfChance({ ...recipe, path: ['demo', ' '] }, seed)).toMatch(/^⟦random\._\./);
    expect(markOfChance({ ...recipe, path: [] }, seed)).toMatch(/^⟦random\._\./);
  });
});
