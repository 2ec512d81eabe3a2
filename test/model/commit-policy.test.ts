import { expect, it } from 'vitest';
import { type CommitPolicy, concernsGrid, guardedPaths } from '../../src/model/commit-policy.ts';

function policy(path: string): CommitPolicy {
  return { path, mode: 'head', seal: null, gpg: 'keys', ssh: null, sshRevoked: null };
}

it.each([
  ['', true],
  ['grids', true],
  ['grids/prod', true],
  ['grids/prod/stacks/web', true],
  ['stacks', true],
  ['stacks/db', true],
  ['grids/pro', false],
  ['grids/production', false],
  ['docs', false],
])('a policy of %j is about grid prod: %s', (path, expected) => {
  expect(concernsGrid(policy(path), 'prod')).toBe(expected);
});

it('a policy of a grid guards shared files, and one of shared files only those', () => {
  expect(guardedPaths(policy('grids/prod'))).toEqual(['grids/prod', 'stacks']);
  expect(guardedPaths(policy('stacks/db'))).toEqual(['stacks/db']);
  expect(guardedPaths(policy(''))).toEqual(['grids', 'stacks']);
});
