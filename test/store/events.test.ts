import { expect, test } from 'vitest';
import type { NewEvent } from '../../src/store/events.ts';
import { openStore } from '../../src/store/store.ts';

function event(message: string, over: Partial<NewEvent> = {}): NewEvent {
  return {
    at: 5,
    grid: 'prod',
    node: 'web-1',
    path: 'shop/web-1',
    severity: 'info',
    kind: 'instance-started',
    message,
    ...over,
  };
}

async function eventsWith(...all: readonly NewEvent[]) {
  const { events } = await openStore({ path: ':memory:' });
  for (const each of all) await events.append(each);
  return events;
}

function messages(list: readonly NewEvent[]): string[] {
  return list.map((each) => each.message);
}

test('lists newest first, in the order of arrival even when clocks disagree', async () => {
  const events = await eventsWith(event('a', { at: 9 }), event('b', { at: 1 }), event('c'));

  const list = await events.list({ limit: 10 });

  expect(messages(list)).toEqual(['c', 'b', 'a']);
  expect(list[2]).toEqual({ ...event('a', { at: 9 }), id: list[2]?.id });
});

test('filters by grid and by node', async () => {
  const events = await eventsWith(
    event('a'),
    event('b', { node: 'web-2' }),
    event('c', { grid: 'test' }),
    event('d', { grid: null, node: null, path: '' }),
  );

  expect(messages(await events.list({ grid: 'prod', limit: 10 }))).toEqual(['b', 'a']);
  expect(messages(await events.list({ grid: 'prod', node: 'web-2', limit: 10 }))).toEqual(['b']);
  expect(await events.list({ limit: 10 })).toHaveLength(4);
});

test('pages backwards through history and forwards along with what happens', async () => {
  const events = await eventsWith(...['a', 'b', 'c', 'd', 'e'].map((each) => event(each)));
  const [newest, second] = await events.list({ limit: 2 });

  const older = await events.list({ limit: 2, before: second?.id ?? '' });
  expect(messages(older)).toEqual(['c', 'b']);

  const newer = await events.list({ limit: 2, after: older[1]?.id ?? '' });
  expect(messages(newer)).toEqual(['c', 'd']);
  expect(await events.list({ limit: 2, after: newest?.id ?? '' })).toEqual([]);
});

test('prunes to the newest', async () => {
  const events = await eventsWith(...['a', 'b', 'c', 'd'].map((each) => event(each)));

  await events.prune();
  expect(await events.list({ limit: 10 })).toHaveLength(4);

  await events.prune(2);
  expect(messages(await events.list({ limit: 10 }))).toEqual(['d', 'c']);
});
