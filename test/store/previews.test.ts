import { expect, test } from 'vitest';
import type { GridPreview, Preview } from '../../src/model/preview.ts';
import { openStore } from '../../src/store/store.ts';
import {
  aGridPreview,
  anEventfulGridPreview,
  aPreview,
  aPreviewedPlan,
  aPreviewedStep,
} from '../support/a-preview.ts';
import { NOW } from '../support/builders.ts';

const DAY = 24 * 60 * 60 * 1_000;

function fresh(overrides: Partial<Preview> = {}, ...grids: readonly GridPreview[]) {
  return aPreview({ outcome: { kind: 'planned', grids }, ...overrides });
}

function numbered(number: number, ...grids: readonly GridPreview[]) {
  return fresh({ request: { ...aPreview().request, number } }, ...grids);
}

test('gives back what it was given, with an id', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  const given = fresh({}, anEventfulGridPreview());
  const kept = await previews.create(given);

  expect(kept).toEqual({ ...given, id: kept.id });
  expect(await previews.get(kept.id)).toEqual(kept);
  expect(kept.id).not.toBe(given.id);
  expect(await previews.get('another')).toBeNull();
});

test('knows the newest one of a request, also when the clock was set back', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  await previews.create(fresh({ head: 'a'.repeat(40) }));
  const second = await previews.create(fresh({ head: 'b'.repeat(40), at: NOW - DAY }));
  await previews.create(numbered(13));

  expect(await previews.newest({ repository: 'company/grids', number: 12 })).toEqual(second);
  expect(await previews.newest({ repository: 'company/other', number: 12 })).toBeNull();
});

test('knows whether a preview holds, and which one is newer', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  const head = 'a'.repeat(40);
  const first = await previews.create(fresh({ head }));
  expect(await previews.standing(first.id)).toEqual({ outdated: null, newer: null });
  await previews.outdate(first.id, 'base moved');
  expect(await previews.standing(first.id)).toEqual({ outdated: 'base moved', newer: null });
  const second = await previews.create(fresh({ head: 'b'.repeat(40) }));
  await previews.create(numbered(13));
  expect(await previews.standing(first.id)).toMatchObject({ newer: second.id });
  expect(await previews.standing(second.id)).toEqual({ outdated: null, newer: null });
  const { repository, request } = first;
  expect(await previews.newest({ repository, number: request.number, head })).toEqual(first);
});

test('lists the requests whose newest preview is about a grid', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  const [demo, staging] = [aGridPreview(), aGridPreview({ grid: 'staging' })];
  await previews.create(numbered(1, demo));
  await previews.create(numbered(1, staging));
  await previews.create(numbered(2, demo));
  await previews.create(numbered(3, demo, staging));

  const listed = await previews.ofGrid('demo', 10);
  expect(listed.map(({ request }) => request.number)).toEqual([3, 2]);
  expect((await previews.ofGrid('staging', 1)).map(({ request }) => request.number)).toEqual([3]);
  expect((await previews.recent(2)).map(({ request }) => request.number)).toEqual([3, 2]);
});

test('does not list requests that are closed, unless they were opened again', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  for (const number of [1, 2]) {
    await previews.create(numbered(number, aGridPreview()));
    await previews.close({ repository: 'company/grids', number }, NOW);
  }
  await previews.create(numbered(2, aGridPreview()));

  const listed = await previews.ofGrid('demo', 10);
  expect(listed.map(({ request }) => request.number)).toEqual([2]);
});

test('keeps the hashes of all plans, and what is lost first, of what is too large', async () => {
  const { previews } = await openStore({ path: ':memory:' });
  const steps = Array.from({ length: 20_000 }, (_, at) =>
    aPreviewedStep({ path: `shop/web-${at + 1}`, danger: at < 50 ? 'removed' : null }),
  );
  const large = aGridPreview({ plan: aPreviewedPlan({ steps, hash: 'large' }) });
  const kept = await previews.create(fresh({}, large, aGridPreview({ grid: 'other', plan: null })));

  expect(JSON.stringify(kept).length).toBeLessThan(600_000);
  const [grid] = kept.outcome.kind === 'planned' ? kept.outcome.grids : [];
  expect(grid?.counts).toEqual(large.counts);
  expect(grid?.plan?.steps.slice(0, 50)).toEqual(steps.slice(0, 50));
  expect(await previews.plans(kept.id)).toEqual([
    { grid: 'demo', hash: 'large' },
    { grid: 'other', hash: null },
  ]);
});

test('forgets old ones, and all but the newest twenty of a request', async () => {
  const store = await openStore({ path: ':memory:' });
  const { previews } = store;
  const old = await previews.create(numbered(1, aGridPreview()));
  const later = { at: NOW + 50 * DAY };
  for (let n = 0; n < 25; n += 1)
    await previews.create({ ...numbered(2, aGridPreview()), ...later });

  await store.prune(NOW + 91 * DAY);

  expect(await previews.get(old.id)).toBeNull();
  expect(await previews.plans(old.id)).toEqual([]);
  expect(await previews.recent(100)).toHaveLength(20);
});
