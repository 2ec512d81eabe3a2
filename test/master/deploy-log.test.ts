import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeployLog } from '../../src/master/deploy-log.ts';
import type { HeadSource } from '../../src/master/revision.ts';
import type { Verdict } from '../../src/master/verdict.ts';
import { type DeployOutline } from '../../src/store/deploys.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aPlan, NOW } from '../support/builders.ts';

let store: Store;
let announced: DeployOutline[];
let told: string[];
let now: number;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  announced = [];
  told = [];
  now = NOW;
});

afterEach(async () => await store.close());

function aLog(): DeployLog {
  return new DeployLog({
    grid: 'demo',
    records: store.deploys,
    clock: { now: () => now, sleep: async () => await Promise.resolve() },
    announceSources: async ({ phase }, sources) => {
      for (const { repository, sha, told: how } of sources)
        told.push(`${repository}:${sha} ${phase} ${how}`);
      await Promise.resolve();
    },
    overtaken: async ({ sha, by }) => {
      await Promise.resolve(told.push(`${sha} overtaken by ${by}`));
    },
    explain: () => ({ summary: '2 to create', text: 'the plan' }),
    announce: async (deploy, commits) => {
      announced.push(deploy);
      for (const sha of commits) told.push(`${sha} ${deploy.phase}`);
      await Promise.resolve();
    },
  });
}

const commit = (sha: string, inputs = sha) => ({
  sha,
  inputs,
  trigger: 'commit',
  actor: null,
  problems: [],
  repository: 'grids',
  from: [] as HeadSource[],
});

const head = (sha: string, sources: HeadSource[] = []) => ({
  repository: 'grids',
  sha,
  inputs: 'same',
  sources,
});

function row(sha: string) {
  const { from, ...rest } = commit(sha);
  return { ...rest, grid: 'demo', sources: from.map((one) => ({ ...one, told: 'no' as const })) };
}

function verdict(phase: Verdict['phase'], open: readonly string[] = []): Verdict {
  return { phase, message: '', open: new Set(open), remaining: open.length };
}

const shown = () => announced.map((deploy) => `${deploy.sha} ${deploy.phase}`);

describe('the deploy log', () => {
  it('counts what is done against the most that was ever open', async () => {
    const log = aLog();
    await log.begin(commit('a'));

    await log.follow(aPlan(), verdict('running', ['x/y-1', 'x/y-2', 'x/y-3']));
    await log.follow(aPlan(), verdict('running', ['x/y-3']));

    expect(log.current).toMatchObject({ total: 3, done: 2, summary: '2 to create' });
  });

  it('announces changes only', async () => {
    const log = aLog();
    await log.begin(commit('a'));

    for (let pass = 0; pass < 3; pass += 1)
      await log.follow(aPlan(), verdict('running', ['x/y-1']));

    expect(shown()).toEqual(['a queued', 'a running']);
  });

  it('supersedes the deploy under way, and leaves an ended one alone', async () => {
    const log = aLog();
    await log.begin(commit('a'));
    await log.begin(commit('b'));
    await log.follow(aPlan(), verdict('succeeded'));
    await log.begin(commit('c'));

    expect(shown()).toEqual(['a queued', 'a superseded', 'b queued', 'b succeeded', 'c queued']);
  });

  it('lets a failed deploy recover when the cause goes away, and nothing else', async () => {
    const log = aLog();
    await log.begin(commit('a'));
    await log.follow(aPlan(), verdict('failed', ['x/y-1']));

    await log.follow(aPlan(), verdict('running', ['x/y-1']));
    expect(log.current?.phase).toBe('failed');

    expect(log.current?.remainingJson).not.toBeNull();
    await log.follow(aPlan(), verdict('succeeded'));
    expect(log.current).toMatchObject({ phase: 'succeeded', remainingJson: null });
  });

  it('carries commits with the same content, each once', async () => {
    const log = aLog();
    await log.begin(commit('a', 'same'));

    await log.carry(head('b'));
    await log.carry(head('b'));
    await log.carry(head('a'));

    expect(log.current?.carried).toEqual(['b']);
    expect(announced).toHaveLength(2);
  });

  it('takes up the newest deploy after a crash and announces it again', async () => {
    const before = aLog();
    await before.begin(commit('a'));
    await before.follow(aPlan(), verdict('running', ['x/y-1']));
    announced = [];

    const after = aLog();
    await after.resume();

    expect(after.active?.sha).toBe('a');
    expect(shown()).toEqual(['a running']);
  });

  it('ends what a crash left between beginning a deploy and superseding the older one', async () => {
    await store.deploys.create({ ...row('a'), createdAt: NOW });
    await store.deploys.create({ ...row('b'), createdAt: NOW });

    const log = aLog();
    await log.resume();

    expect(told.filter((line) => line.startsWith('a ')).at(-1)).toBe('a superseded');
    expect(await store.deploys.unfinished('demo')).toHaveLength(1);
  });

  it('lets the newest deploy of a commit speak for it after a restart', async () => {
    const before = aLog();
    await before.begin(commit('a', 'same'));
    await before.carry(head('b'));
    await before.follow(aPlan(), verdict('succeeded'));
    await before.begin(commit('b', 'same'));
    await before.follow(aPlan(), verdict('failed', ['x/y-1']));
    await before.begin(commit('c'));
    told = [];

    await aLog().resume();

    expect(told.toSorted()).toEqual(['a succeeded', 'b failed', 'c queued']);
  });

  it('does not tell anybody after a restart what ended weeks ago, but for the last commit that followed', async () => {
    const before = aLog();
    await before.begin(commit('a'));
    await before.follow(aPlan(), verdict('succeeded'));
    await before.begin(commit('b', 'same'));
    await before.follow(aPlan(), verdict('succeeded'));
    await before.carry(head('c'));
    await before.carry(head('d'));
    told = [];
    now = NOW + 15 * 24 * 3_600_000;

    await aLog().resume();

    expect(told).toEqual(['d succeeded']);
  });

  it('says again of a commit what its own deploy has come to, although others came after it', async () => {
    const log = aLog();
    await log.begin(commit('a'));
    await log.follow(aPlan(), verdict('succeeded'));
    await log.begin(commit('b'));
    told = [];

    await log.sayAgain('a', head('b'));

    expect(told).toEqual(['a succeeded']);
  });

  it('says of a commit that never had a deploy that others came after it, unless none did', async () => {
    const log = aLog();
    await log.begin(commit('a'));
    told = [];

    await log.sayAgain('b', head('b'));
    await log.sayAgain('b', head('c'));

    expect(told).toEqual(['b overtaken by c']);
  });

  it('leaves no commit without an end when very many follow one deploy', async () => {
    const log = aLog();
    await log.begin(commit('a', 'same'));

    for (let number = 1; number <= 51; number += 1) await log.carry(head(`c${number}`));

    expect(log.current?.carried).toHaveLength(50);
    expect(told).toContain('c1 overtaken by c51');
    expect(told.filter((line) => line.includes('overtaken'))).toHaveLength(1);
  });

  it('leaves a commit that had its end with that end, however many follow the deploy', async () => {
    const log = aLog();
    await log.begin(commit('a', 'same'));
    await log.follow(aPlan(), verdict('succeeded'));

    for (let number = 1; number <= 52; number += 1) await log.carry(head(`c${number}`));

    expect(told.filter((line) => line.includes('overtaken'))).toEqual([]);
    expect(log.current?.carried.at(-1)).toBe('c52');
  });

  it('says of a commit with the same content how the deploy stands, and of the others nothing again', async () => {
    const log = aLog();
    await log.begin(commit('a', 'same'));
    await log.carry(head('b'));
    await log.follow(aPlan(), verdict('succeeded'));
    told = [];

    await log.carry(head('c'));

    expect(told).toEqual(['c succeeded']);
  });
});

describe('commits of other repositories', () => {
  const from = (...shas: string[]): HeadSource[] =>
    shas.map((sha) => ({ repository: 'shop', sha }));
  const begun = (sha: string, ...shas: string[]) => ({ ...commit(sha), from: from(...shas) });

  it('are told of the deploy that brings them, and of no later one', async () => {
    const log = aLog();
    await log.begin(begun('a', 's1'));
    await log.follow(aPlan(), verdict('succeeded'));
    told = [];

    await log.begin(begun('b', 's1'));
    await log.follow(aPlan(), verdict('failed', ['x/y-1']));

    expect(told.filter((line) => line.startsWith('shop:'))).toEqual([]);
  });

  it('go on to the deploy that supersedes theirs', async () => {
    const log = aLog();
    await log.begin(begun('a', 's1'));
    await log.begin(begun('b', 's1'));
    await log.follow(aPlan(), verdict('succeeded'));
    expect(told.at(-1)).toBe('shop:s1 succeeded changed');
  });

  it('that change nothing follow the deploy that is there, each once', async () => {
    const log = aLog();
    await log.begin(begun('a', 's1'));
    await log.follow(aPlan(), verdict('succeeded'));

    await log.carry(head('a', from('s2')));
    told = [];
    await log.carry(head('a', from('s2')));

    expect(told).toEqual([]);
    expect(log.current?.sources).toEqual([
      { repository: 'shop', sha: 's1', told: 'changed' },
      { repository: 'shop', sha: 's2', told: 'carried' },
    ]);
  });

  it('are told again after a restart, by the newest deploy that speaks for them', async () => {
    const before = aLog();
    await before.begin(begun('a', 's1'));
    await before.follow(aPlan(), verdict('succeeded'));
    await before.begin(begun('b', 's1', 's2'));
    told = [];

    await aLog().resume();

    expect(told.filter((line) => line.startsWith('shop:')).toSorted()).toEqual([
      'shop:s1 succeeded changed',
      'shop:s2 queued changed',
    ]);
  });
});

it('what is wrong with a commit that is deployed already is told of its deploy', async () => {
  const log = aLog();
  await log.begin(commit('a', 'same'));
  const position = { file: 'grids/demo/grid.yml', line: 1, column: 1 };
  const problem = { severity: 'warning', code: 'grid-taken', message: 'taken', position } as const;
  await log.carry(head('a'), [problem]);
  await log.carry(head('a'), [problem]);
  expect(log.current?.problems).toEqual([problem]);
  expect(announced).toHaveLength(2);
});
