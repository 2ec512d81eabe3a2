import { expect, test } from 'vitest';
import type { Delivery } from '../../src/store/inbox.ts';
import { openStore } from '../../src/store/store.ts';

function delivery(deliveryId: string, receivedAt = 5): Delivery {
  const repository = 'acme/infra';
  return { provider: 'github', deliveryId, event: 'push', repository, sha: 'a1', receivedAt };
}

async function emptyInbox() {
  return (await openStore({ path: ':memory:' })).inbox;
}

test('passes over a delivery only after it was processed', async () => {
  const inbox = await emptyInbox();

  expect(await inbox.receive(delivery('1'))).toBe('new');
  expect(await inbox.receive(delivery('1'))).toBe('queued');
  await inbox.finish(delivery('1'));
  expect(await inbox.receive(delivery('1'))).toBe('done');
});

test('keeps what was delivered first when it is delivered again', async () => {
  const inbox = await emptyInbox();
  await inbox.receive(delivery('1'));
  await inbox.receive(delivery('1', 9));

  expect(await inbox.queued()).toEqual([{ ...delivery('1'), state: 'queued' }]);
});

test('tells forges with the same delivery id apart', async () => {
  const inbox = await emptyInbox();
  await inbox.receive(delivery('1'));

  expect(await inbox.receive({ ...delivery('1'), provider: 'gitlab' })).toBe('new');
});

test('of the same delivery at the same time one is new', async () => {
  const inbox = await emptyInbox();

  const answers = await Promise.all([1, 2, 3].map(async () => await inbox.receive(delivery('1'))));

  expect(answers.toSorted()).toEqual(['new', 'queued', 'queued']);
});

test('lists what a restart finds waiting, oldest first', async () => {
  const inbox = await emptyInbox();
  for (const each of [delivery('late', 9), delivery('early', 1), delivery('done', 2)])
    await inbox.receive(each);
  await inbox.finish(delivery('done'));

  expect((await inbox.queued()).map((each) => each.deliveryId)).toEqual(['early', 'late']);
});

test('is bounded by age and by count', async () => {
  const inbox = await emptyInbox();
  for (let at = 1; at <= 6; at += 1) await inbox.receive(delivery(String(at), at));

  await inbox.prune({ before: 3, keep: 100 });
  expect((await inbox.queued()).map((each) => each.deliveryId)).toEqual(['3', '4', '5', '6']);

  await inbox.prune({ before: 0, keep: 2 });
  expect((await inbox.queued()).map((each) => each.deliveryId)).toEqual(['5', '6']);
});
