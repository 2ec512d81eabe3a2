import { expect, test } from 'vitest';
import type { PullRequest } from '../../src/forge/forge.ts';
import type { WantedCheck, WantedComment, WantedStatus } from '../../src/forge/outbox.ts';
import { createPreviewTeller } from '../../src/master/preview-teller.ts';
import { openStore } from '../../src/store/store.ts';
import { aGridPreview, aProblem } from '../support/a-preview.ts';
import { NOW } from '../support/builders.ts';

const request: PullRequest = {
  number: 7,
  title: 'Change it',
  url: 'http://forge.test/pull/7',
  author: 'alice',
  state: 'open',
  isDraft: false,
  isFork: false,
  head: { sha: 'a7'.padEnd(40, '0'), branch: 'change' },
  base: 'main',
  ref: 'refs/pull/7/head',
  mergeCommit: null,
};
const base = 'b1'.padEnd(40, '0');

async function aTeller() {
  const { previews } = await openStore({ path: ':memory:' });
  const statuses: WantedStatus[] = [];
  const comments: WantedComment[] = [];
  const checks: WantedCheck[] = [];
  const note = async <T>(list: T[], one: T): Promise<boolean> => {
    list.push(one);
    return await Promise.resolve(true);
  };
  const teller = createPreviewTeller({
    repository: { owner: 'acme', name: 'grids' },
    branch: 'main',
    limits: { comment: 65_536, description: 140, context: 255, html: true },
    reporter: {
      want: async (status) => await note(statuses, status),
      wantComment: async (comment) => await note(comments, comment),
      repeatCheck: async () => await Promise.resolve(false),
      hasFinal: async () => await Promise.resolve(false),
      wantCheck: async (check) => await note(checks, check),
    },
    previews,
    publicUrl: () => 'https://ops.example',
    clock: { now: () => NOW },
  });
  return { teller, previews, statuses, comments, checks };
}

test('what is out of date says so in its statuses, in the comment and on its page', async () => {
  const { teller, previews, statuses, comments } = await aTeller();
  const outcome = { kind: 'planned', grids: [aGridPreview({ grid: 'live' })] } as const;
  await teller.request({ request, base, outcome, also: [] });
  // Of the same request, and not what its comment shows.
  await teller.group({ sha: 'c'.repeat(40), ref: 'refs/heads/queue', number: 7 }, outcome);
  const shown = await previews.newest({
    repository: 'acme/grids',
    number: 7,
    head: request.head.sha,
  });
  const page = `https://ops.example/previews/${shown?.id}`;
  for (const list of [statuses, comments]) list.length = 0;

  await teller.stale({ request, also: ['live'] });

  expect(statuses).toEqual(
    ['gridops/plan (live)', 'gridops/plan'].map((context) => ({
      repository: 'acme/grids',
      sha: request.head.sha,
      context,
      state: 'pending',
      description: 'base moved, planning again',
      targetUrl: page,
    })),
  );
  expect(comments).toMatchObject([
    { number: 7, isProgress: true, body: expect.stringContaining('**Out of date: `base moved`.') },
  ]);
  expect(comments[0]?.body).toContain(page);
  expect(await previews.standing(shown?.id ?? '')).toMatchObject({ outdated: 'base moved' });
});

test('what nothing was ever shown of is out of date all the same', async () => {
  const { teller, statuses, comments } = await aTeller();
  await teller.stale({ request, also: [] });
  expect(statuses).toMatchObject([{ context: 'gridops/plan', state: 'pending', targetUrl: null }]);
  expect(comments).toEqual([]);
});

test('each preview puts what is wrong at its lines, also for a merge queue', async () => {
  const { teller, checks } = await aTeller();
  const grids = [aGridPreview({ grid: 'live', problems: [aProblem()] })];
  await teller.request({ request, base, outcome: { kind: 'planned', grids }, also: [] });
  const group = { sha: 'c'.repeat(40), ref: 'refs/heads/queue', number: 7 };
  await teller.group(group, { kind: 'planned', grids: [] });
  expect(checks).toMatchObject([
    { sha: request.head.sha, name: 'gridops/files', conclusion: 'failure' },
    { sha: group.sha, name: 'gridops/files', conclusion: 'success' },
  ]);
});
