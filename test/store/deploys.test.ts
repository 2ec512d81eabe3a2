import { describe, expect, test } from 'vitest';
import { type DeployPhase, mayFollow } from '../../src/model/deploy.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { NewDeploy } from '../../src/store/deploys.ts';
import { openStore } from '../../src/store/store.ts';

const phases: readonly DeployPhase[] = [
  'queued',
  'planning',
  'running',
  'held',
  'succeeded',
  'failed',
  'superseded',
];

const problem: Problem = {
  severity: 'error',
  code: 'unknown-key',
  message: "unknown key 'imge'",
  position: { file: 'grids/prod/stacks/shop/kontena.yml', line: 12, column: 3 },
};

function deploy(over: Partial<NewDeploy> = {}): NewDeploy {
  return {
    grid: 'prod',
    sha: 'abc',
    inputs: 'i1',
    trigger: 'webhook',
    actor: null,
    createdAt: 5,
    problems: [],
    repository: 'grids',
    sources: [],
    ...over,
  };
}

async function emptyDeploys() {
  return (await openStore({ path: ':memory:' })).deploys;
}

type Deploys = Awaited<ReturnType<typeof emptyDeploys>>;

/** Leads a new deploy to a phase, by legal steps only. */
async function deployIn(deploys: Deploys, phase: DeployPhase): Promise<string> {
  const { id } = await deploys.create(deploy());
  if (phase === 'queued') return id;
  await deploys.update(id, { phase: 'planning' });
  if (phase !== 'planning') await deploys.update(id, { phase });
  return id;
}

describe('a deploy', () => {
  test('starts queued and has an id that is greater than that of earlier ones', async () => {
    const deploys = await emptyDeploys();

    const first = await deploys.create(deploy({ problems: [problem], actor: 'ada' }));
    const second = await deploys.create(deploy());

    expect(first).toMatchObject({ phase: 'queued', problems: [problem], actor: 'ada', done: 0 });
    expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(second.id > first.id).toBe(true);
    expect(await deploys.get(first.id)).toEqual(first);
    expect(await deploys.get('nobody')).toBeNull();
  });

  test('changes in what a patch names, and in nothing else', async () => {
    const deploys = await emptyDeploys();
    const { id } = await deploys.create(deploy({ problems: [problem] }));

    const patch = { planText: 'text', planJson: '{}', planHash: 'h', total: 5, carried: ['def'] };
    const updated = await deploys.update(id, { phase: 'planning', startedAt: 9, ...patch });

    expect(updated).toMatchObject({
      phase: 'planning',
      startedAt: 9,
      problems: [problem],
      ...patch,
    });
    expect(await deploys.get(id)).toEqual(updated);
    expect(await deploys.update(id, {})).toEqual(updated);
  });

  test.each(phases.flatMap((from) => phases.map((to) => [from, to] as const)))(
    'that is %s becomes %s only along its lifecycle',
    async (from, to) => {
      const deploys = await emptyDeploys();
      const id = await deployIn(deploys, from);

      const change = deploys.update(id, { phase: to, message: 'changed' });

      if (from === to || mayFollow(from, to))
        await expect(change).resolves.toMatchObject({ phase: to, message: 'changed' });
      else {
        await expect(change).rejects.toMatchObject({ code: 'internal' });
        expect(await deploys.get(id)).toMatchObject({ phase: from, message: null });
      }
    },
  );

  test('that does not exist cannot change', async () => {
    const deploys = await emptyDeploys();

    await expect(deploys.update('nobody', { done: 1 })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('the deploys of a grid', () => {
  test('have one active: the newest that has not ended', async () => {
    const deploys = await emptyDeploys();
    const older = await deployIn(deploys, 'running');
    const newer = await deployIn(deploys, 'held');
    const ended = await deployIn(deploys, 'failed');
    await deploys.create(deploy({ grid: 'test' }));

    expect((await deploys.active('prod'))?.id).toBe(newer);
    expect((await deploys.unfinished('prod')).map(({ id }) => id)).toEqual([older, newer]);

    await deploys.update(newer, { phase: 'succeeded' });
    await deploys.update(older, { phase: 'superseded', supersededBy: ended });
    expect(await deploys.active('prod')).toBeNull();
  });

  test('are listed page by page, newest first, without their plans', async () => {
    const deploys = await emptyDeploys();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await deploys.create(deploy())).id);
    await deploys.create(deploy({ grid: 'test' }));

    const first = await deploys.list('prod', { limit: 3 });
    const second = await deploys.list('prod', { limit: 3, before: first[2]?.id ?? '' });

    expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
    expect(first[0]).not.toHaveProperty('planJson');
    expect(first[0]).toMatchObject({ problems: [], carried: [] });
  });

  test('are pruned to the newest, but never one that is under way', async () => {
    const deploys = await emptyDeploys();
    const running = await deployIn(deploys, 'running');
    const ended: string[] = [];
    for (let count = 0; count < 4; count += 1) ended.push(await deployIn(deploys, 'succeeded'));
    const other = await deploys.create(deploy({ grid: 'test' }));
    const entry = { at: 1, kind: 'started', path: '', message: '' };
    for (const id of [running, ...ended]) await deploys.addEntry(id, entry);

    await deploys.prune(2);

    const left = (await deploys.list('prod', { limit: 10 })).map(({ id }) => id);
    expect(left).toEqual([ended[3], ended[2], running]);
    expect(await deploys.get(other.id)).not.toBeNull();
    expect(await deploys.entries(running)).toEqual([entry]);
    expect(await deploys.entries(ended[0] ?? '')).toEqual([]);
  });
});

describe('a timeline', () => {
  test('keeps the order in which things happened, whatever the clock says', async () => {
    const deploys = await emptyDeploys();
    const { id } = await deploys.create(deploy());
    const entries = [5, 3, 3].map((at, index) => ({
      at,
      kind: 'dispatched',
      path: `shop/web-${index}`,
      message: 'create on web-1',
    }));

    for (const entry of entries) await deploys.addEntry(id, entry);

    expect(await deploys.entries(id)).toEqual(entries);
  });

  test('loses its oldest entries when it grows without end', async () => {
    const deploys = await emptyDeploys();
    const { id } = await deploys.create(deploy());

    for (let at = 1; at <= 2_003; at += 1)
      await deploys.addEntry(id, { at, kind: 'tick', path: '', message: '' });

    const entries = await deploys.entries(id);
    expect(entries).toHaveLength(2_000);
    expect([entries[0]?.at, entries.at(-1)?.at]).toEqual([4, 2_003]);
  });
});
