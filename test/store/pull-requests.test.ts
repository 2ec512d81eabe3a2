import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, type Store } from '../../src/store/store.ts';

let store: Store;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
});

afterEach(async () => {
  await store.close();
});

const here = 'acme/grids';
const note = (number: number, head: string) => ({ repository: here, number, known: { head } });

describe('pull requests', () => {
  test('are kept by repository and number, as they were last', async () => {
    const { pullRequests } = store;
    await pullRequests.put(note(9, 'a'));
    await pullRequests.put(note(7, 'b'));
    await pullRequests.put(note(7, 'c'));
    await pullRequests.put({ ...note(7, 'x'), repository: 'acme/other' });
    expect(await pullRequests.list(here, 0)).toEqual([
      { ...note(7, 'c'), closedAt: null },
      { ...note(9, 'a'), closedAt: null },
    ]);
  });

  test('that were closed are listed for a while, and open again when they are', async () => {
    const { pullRequests } = store;
    await pullRequests.put(note(7, 'b'));
    await pullRequests.close(here, 7, 100);
    expect(await pullRequests.list(here, 100)).toHaveLength(1);
    expect(await pullRequests.list(here, 101)).toEqual([]);
    await pullRequests.put(note(7, 'b'));
    expect(await pullRequests.list(here, 101)).toHaveLength(1);
  });

  test('are forgotten in the end, unless they are open', async () => {
    const { pullRequests } = store;
    await pullRequests.put(note(7, 'b'));
    await pullRequests.put(note(8, 'c'));
    await pullRequests.close(here, 7, 100);
    await pullRequests.prune(101);
    expect((await pullRequests.list(here, 0)).map(({ number }) => number)).toEqual([8]);
  });
});

test('up to when comments were read is kept by repository', async () => {
  const { pullRequests } = store;
  expect(await pullRequests.commentsRead(here)).toBeNull();
  await pullRequests.setCommentsRead(here, 5);
  await pullRequests.setCommentsRead(here, 9);
  expect(await pullRequests.commentsRead(here)).toBe(9);
  expect(await pullRequests.commentsRead('acme/other')).toBeNull();
});
