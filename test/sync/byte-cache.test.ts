import { expect, it } from 'vitest';
import { ByteCache } from '../../src/sync/byte-cache.ts';

it('forgets what was not used for longest when there is too much', () => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  cache.get('a');

  cache.set('c', 'C', 4);

  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['A', undefined, 'C']);
});

it('does not take what is larger than itself', () => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 4);

  cache.set('b', 'B', 11);

  expect([cache.get('a'), cache.get('b')]).toEqual(['A', undefined]);
});

it('counts a value that was set again once', () => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 6);
  cache.set('b', 'B', 4);

  cache.set('a', 'A2', 6);

  expect([cache.get('a'), cache.get('b')]).toEqual(['A2', 'B']);
});
