import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { branchRef } from '../../src/sync/branch-ref.ts';
import { git } from '../support/temp-repo.ts';

describe('the name of a branch', () => {
  it.each(['main', 'team/live', 'v1.2', 'feature/ä-ö', 'a@b', '1', 'refs/heads/main'])(
    '%s is one',
    (branch) => {
      expect(branchRef(branch)).toBe(`refs/heads/${branch}`);
    },
  );

  it.each([
    '',
    '-x',
    '--mirror',
    '/x',
    'x/',
    '.x',
    'x/.y',
    'a//b',
    'a..b',
    'a b',
    'a\nb',
    'a\0b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a@{1}',
    '@',
    'x.lock',
    'x.lock/y',
    'x.',
    'x'.repeat(201),
  ])('%j is none', (branch) => {
    expect(() => branchRef(branch)).toThrow(GridError);
  });

  it('is what git takes for one', async () => {
    const odd = fc.array(
      fc.constantFrom('a', '-', '/', '.', '@', '{', '.lock', '~', '*', '[', ' ', '\u0001', 'ü'),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(odd, async (parts) => {
        const branch = parts.join('');
        const ours = accepted(branch);
        const gits = await git('/', 'check-ref-format', `refs/heads/${branch}`).then(
          () => true,
          () => false,
        );
        // We are stricter about names that git itself warns of.
        if (ours) expect(gits).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

function accepted(branch: string): boolean {
  try {
    branchRef(branch);
    return true;
  } catch {
    return false;
  }
}
