import { expect, test } from 'vitest';
import type { PersonsComment } from '../../src/forge/forge.ts';
import { CommentPoll } from '../../src/master/comment-poll.ts';
import { systemClock } from '../../src/runtime/clock.ts';

function aPoll(start: number | null) {
  const state = {
    now: 100,
    mark: start,
    comments: [] as PersonsComment[],
    refuses: new Set<string>(),
  };
  const taken: string[] = [];
  const asked: number[] = [];
  const poll = new CommentPoll({
    name: 'grids',
    repository: { owner: 'acme', name: 'grids' },
    forge: {
      commentsSince: async (_repository, since) => {
        asked.push(since);
        return await Promise.resolve(state.comments.filter(({ at }) => at >= since));
      },
    },
    records: {
      commentsRead: async () => await Promise.resolve(state.mark),
      setCommentsRead: async (_repository, at) => {
        state.mark = at;
        await Promise.resolve();
      },
    },
    take: async ({ id }) => {
      taken.push(id);
      return await Promise.resolve(!state.refuses.has(id));
    },
    clock: { ...systemClock, now: () => state.now },
  });
  return { poll, state, taken, asked };
}

function comment(id: string, at: number): PersonsComment {
  return { id, number: 7, author: 'alice', body: '/gridops plan', at };
}

test('what was written before the first look is no wish', async () => {
  const { poll, state, taken } = aPoll(null);
  state.comments.push(comment('old', 50));
  await poll.look();
  await poll.look();
  expect(taken).toEqual([]);
  state.comments.push(comment('new', 101));
  await poll.look();
  expect(taken).toEqual(['new']);
});

test('what could not be dealt with is read again, with what came after it', async () => {
  const { poll, state, taken } = aPoll(10);
  state.comments.push(comment('a', 11), comment('b', 12), comment('c', 13));
  state.refuses.add('b');
  await poll.look();
  expect(taken).toEqual(['a', 'b']);
  state.refuses.clear();
  await poll.look();
  expect(taken).toEqual(['a', 'b', 'a', 'b', 'c']);
});

const HOUR = 3_600_000;

test('where nobody writes, no look asks for more than the one before', async () => {
  const { poll, state, asked } = aPoll(10);
  for (let days = 1; days < 30; days += 1) {
    state.now = days * 24 * HOUR;
    await poll.look();
    await poll.look();
    expect(state.now - (asked.at(-1) ?? 0)).toBeLessThanOrEqual(2 * HOUR);
  }
});

test('what the forge shows late is read all the same', async () => {
  const { poll, state, taken } = aPoll(10);
  state.now = 24 * HOUR;
  await poll.look();
  state.comments.push(comment('late', state.now - HOUR / 2));
  await poll.look();
  expect(taken).toEqual(['late']);
});

test('what could not be dealt with is read again, however long that takes', async () => {
  const { poll, state, taken } = aPoll(10);
  state.comments.push(comment('a', 11));
  state.refuses.add('a');
  state.now = 24 * HOUR;
  await poll.look();
  state.now = 48 * HOUR;
  await poll.look();
  expect(taken).toEqual(['a', 'a']);
});
