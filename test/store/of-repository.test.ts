import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inboxOf, outboxOf } from '../../src/store/of-repository.ts';
import type { OutboxWant } from '../../src/store/outbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';

let store: Store;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
});
afterEach(async () => await store.close());

function aWant(sha: string): OutboxWant {
  const what = {
    kind: 'status',
    topic: 'gridops/prod',
    content: 'done',
    isProgress: false,
  } as const;
  return { repository: 'acme/grids', subject: sha, ...what };
}

describe('the outbox of a repository', () => {
  it('has what is to be told at its own forge, and nothing of another of the same name', async () => {
    const [one, two] = [outboxOf(store.outbox, 'one'), outboxOf(store.outbox, 'one-more')];
    await one.want(aWant('a'), { at: 1 });
    await two.want(aWant('b'), { at: 1 });

    expect(await one.due(2, 10)).toMatchObject([{ repository: 'acme/grids', subject: 'a' }]);
    await one.sent(aWant('a'), 1, { at: 2, remote: null });

    expect(await one.unsent()).toEqual([]);
    expect(await two.unsent()).toMatchObject([{ repository: 'acme/grids', subject: 'b' }]);
  });

  it('is not kept waiting by what many others have to say', async () => {
    const [one, two] = [outboxOf(store.outbox, 'one'), outboxOf(store.outbox, 'two')];
    for (let number = 0; number < 20; number += 1) await two.want(aWant(`${number}`), { at: 1 });
    await one.want(aWant('a'), { at: 5 });
    expect(await one.due(5, 4)).toMatchObject([{ subject: 'a' }]);
    await one.failed(aWant('a'), 1, { error: 'no', nextAttemptAt: 100 });
    expect(await one.nextDueAt(5)).toBe(100);
    expect(await two.nextDueAt(5)).toBeNull();
  });

  it('gives up and revives its own alone', async () => {
    const [one, two] = [outboxOf(store.outbox, 'one'), outboxOf(store.outbox, 'two')];
    for (const outbox of [one, two]) {
      await outbox.want(aWant('a'), { at: 1 });
      await outbox.gaveUp(aWant('a'), 1, 'refused');
    }
    await one.revive(0);
    expect(await one.unsent()).toHaveLength(1);
    expect(await two.unsent()).toEqual([]);
  });
});

it('a delivery that concerns two repositories is seen to by each', async () => {
  const [one, two] = [inboxOf(store.inbox, 'one'), inboxOf(store.inbox, 'two')];
  const delivery = {
    provider: 'github',
    deliveryId: 'd1',
    event: 'push',
    repository: 'acme/grids',
    sha: 'a',
    receivedAt: 1,
  };
  expect([await one.receive(delivery), await two.receive(delivery)]).toEqual(['new', 'new']);
  await one.finish(delivery);
  expect(await one.queued()).toEqual([]);
  expect(await two.queued()).toMatchObject([{ provider: 'github', deliveryId: 'd1' }]);
});

it('which repository a grid belongs to is kept, and changed', async () => {
  await store.gridOwners.put({ grid: 'prod', repository: 'one' }, 1);
  await store.gridOwners.put({ grid: 'prod', repository: 'two' }, 2);
  expect(await store.gridOwners.list()).toEqual([{ grid: 'prod', repository: 'two' }]);
});
