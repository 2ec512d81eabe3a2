import { describe, expect, test } from 'vitest';
import { readSecretValues } from '../../src/manifest/secret-values.ts';

function read(text: string) {
  const { values, problems } = readSecretValues({ kind: 'text', path: 'v.yml', blob: '', text });
  return [Object.fromEntries(values), problems.map(({ code }) => code)];
}

describe('a list of secret values', () => {
  test('has texts as they are written, and nothing where nothing is', () => {
    expect(read('A: 007\nB: yes\nC: "null"\nD: null\nE:\nF: |\n  x\n')).toEqual([
      { A: '007', B: 'yes', C: 'null', D: null, E: null, F: 'x\n' },
      [],
    ]);
  });

  test.each([
    ['A: {b: c}', 'wrong-type'],
    ['A b: c', 'invalid-name'],
    ['[A]', 'wrong-type'],
    ['A: b\nA: c', 'duplicate-key'],
    ['A: [', 'yaml-syntax'],
  ])('is refused as %s', (text, code) => {
    expect(read(text)[1]).toEqual([code]);
  });
});
