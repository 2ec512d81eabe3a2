import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWords } from '../../src/cli/shell-words.ts';

it('leaves plain words as they are, and puts others in quotes', () => {
  expect(shellWords(['docker', 'build', '--tag', 'a/b:1', "it's $me", ''])).toBe(
    "docker build --tag a/b:1 'it'\\''s $me' ''",
  );
});

it('is taken for the same words by a shell', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', "'", '"', '\\', '$', '`', ' ', '\n', '!', '~', '*'),
  });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const script = shellWords(['printf', '%s\\0', ...words]);
      const out = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect(out.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 50 },
  );
});
