import { describe, expect, test } from 'vitest';
import type { PullRequest } from '../../src/forge/forge.ts';
import { RateLimited } from '../../src/forge/forge.ts';
import type { MergeResult } from '../../src/master/previewer.ts';
import { type KnownRequest, PullRequests } from '../../src/master/pull-requests.ts';
import { GridError } from '../../src/model/error.ts';
import type { GridPreview, PreviewOutcome } from '../../src/model/preview.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { NOW } from '../support/builders.ts';

const base1 = 'b1'.padEnd(40, '0');
const base2 = 'b2'.padEnd(40, '0');
const base3 = 'b3'.padEnd(40, '0');

function aRequest(number: number, overrides: Partial<PullRequest> = {}): PullRequest {
  const sha = `a${number}`.padEnd(40, '0');
  return {
    number,
    title: `Change ${number}`,
    url: `http://forge.test/pull/${number}`,
    author: 'alice',
    state: 'open',
    isDraft: false,
    isFork: false,
    head: { sha, branch: `change-${number}` },
    base: 'main',
    ref: `refs/pull/${number}/head`,
    mergeCommit: null,
    ...overrides,
  };
}

function aGridPreview(grid: string, hash: string): GridPreview {
  const none = { errors: 0, warnings: 0, create: 0, replace: 0, remove: 0, destructive: 0 };
  const counts = {
    ...none,
    blockedAnyway: 0,
    losingData: 0,
    downtime: 0,
    blocked: 0,
    halted: 0,
    waiting: 0,
    changes: 0,
    pulls: 0,
  };
  const lists = { steps: [], blocked: [], halted: [], waiting: [], warnings: [] };
  const plan = { hash, wanted: 1, confirmation: null, ...lists };
  const rest = { problems: [], settings: [], changes: [], secrets: [], pulls: [], closed: null };
  return { grid, plan, counts, ...rest };
}

/** A forge with pull requests, and a branch with grids. What a commit has of a grid is said by `inputs`. */
function aForge() {
  const clock = new HandClock();
  const state = {
    open: [] as PullRequest[],
    base: base1 as string | null,
    listing: null as Error | null,
    /** It is open, and on none of the pages that were read. */
    unlisted: null as number | null,
    fetched: new Map<string, string | null>(),
    merges: new Map<string, MergeResult>(),
    /** By commit, then by grid. */
    inputs: new Map<string, Record<string, string>>(),
    hashes: new Map<string, string>(),
    busy: new Set<string>(),
    saved: [] as KnownRequest[],
    broken: null as Error | null,
    untold: null as Error | null,
    full: null as Error | null,
    onPlan: (): void => undefined,
  };
  const told: string[] = [];
  const kept: KnownRequest[] = [];
  const outcomes: { readonly number: number; readonly outcome: PreviewOutcome }[] = [];
  let plans = 0;
  const requests = new PullRequests({
    repository: { owner: 'acme', name: 'grids' },
    branch: 'main',
    forge: {
      pullRequests: async () => {
        if (state.listing !== null) throw state.listing;
        return await Promise.resolve(state.open.filter(({ number }) => number !== state.unlisted));
      },
      pullRequest: async (_repository, number) =>
        await Promise.resolve(state.open.find((one) => one.number === number) ?? null),
    },
    previewer: {
      fetchRef: async (ref) => {
        const found = state.open.find((one) => one.ref === ref)?.head.sha ?? null;
        return await Promise.resolve(
          state.fetched.has(ref) ? (state.fetched.get(ref) ?? null) : found,
        );
      },
      merge: async (base, head) => {
        const made = { kind: 'merged', commit: `${base}+${head}` } as const;
        return await Promise.resolve(state.merges.get(head) ?? made);
      },
      grids: async (sha) => await Promise.resolve(Object.keys(state.inputs.get(sha) ?? {})),
      inputs: async (sha, grid) => await Promise.resolve(state.inputs.get(sha)?.[grid] ?? null),
      grid: async ({ grid }) => {
        plans += 1;
        state.onPlan();
        if (state.broken !== null) throw state.broken;
        return await Promise.resolve(aGridPreview(grid, state.hashes.get(grid) ?? 'h1'));
      },
    },
    environments: {
      isDue: async () => await Promise.resolve(false),
      look: async () => await Promise.resolve(),
      keepOnly: async () => await Promise.resolve(),
    },
    base: () => state.base,
    isBusy: (grid) => state.busy.has(grid),
    load: async () => await Promise.resolve(state.saved),
    save: async (known) => {
      if (state.full !== null) throw state.full;
      kept.push(known);
      await Promise.resolve();
    },
    tell: {
      planning: async ({ number }) => {
        told.push(`#${number} planning`);
        await Promise.resolve();
      },
      stale: async ({ number }, before) => {
        told.push(`#${number} stale ${before.join(' ')}`);
        await Promise.resolve();
      },
      previewed: async ({ request, outcome, before }) => {
        if (state.untold !== null) throw state.untold;
        const grids = outcome.kind === 'planned' ? outcome.grids.map(({ grid }) => grid) : [];
        told.push([`#${request.number} ${outcome.kind}`, ...grids].join(' '));
        if (before.length > 0) told.push(`before: ${before.join(' ')}`);
        outcomes.push({ number: request.number, outcome });
        await Promise.resolve();
      },
      gone: async (number) => {
        told.push(`#${number} gone`);
        await Promise.resolve();
      },
    },
    forgetRef: async (ref) => {
      told.push(`forgot ${ref}`);
      await Promise.resolve();
    },
    onLooked: () => undefined,
    clock,
    log: silentLog,
  });
  /** The merge of a pull request into a base, by what it makes of each grid. */
  function merges(request: PullRequest, base: string, inputs: Record<string, string>): void {
    state.inputs.set(`${base}+${request.head.sha}`, inputs);
  }
  async function look(): Promise<readonly string[]> {
    requests.wake();
    await requests.idle();
    return told.splice(0);
  }
  return { requests, state, clock, merges, look, outcomes, told, kept, plans: () => plans };
}

function aWorldWith(request: PullRequest) {
  const world = aForge();
  world.state.inputs.set(base1, { live: '1', test: '1' });
  world.state.inputs.set(base2, { live: '1', test: '2' });
  world.merges(request, base1, { live: '2', test: '1' });
  world.merges(request, base2, { live: '2', test: '2' });
  world.state.open.push(request);
  return world;
}

describe('an open pull request', () => {
  test('is planned for the grids that its merge changes, and no other', async () => {
    const { look } = aWorldWith(aRequest(7));
    expect(await look()).toEqual(['#7 planning', '#7 planned live']);
  });

  test('is left alone while nothing changes', async () => {
    const { look, plans } = aWorldWith(aRequest(7));
    await look();
    expect(await look()).toEqual([]);
    expect(plans()).toBe(1);
  });

  test('is planned anew when its head moves', async () => {
    const { look, state, merges } = aWorldWith(aRequest(7));
    await look();
    const moved = aRequest(7, { head: { sha: 'c7'.padEnd(40, '0'), branch: 'change-7' } });
    merges(moved, base1, { live: '3', test: '3' });
    state.open = [moved];
    expect(await look()).toEqual(['#7 planning', '#7 planned live test']);
  });

  test('is not planned anew when the branch moves in what it does not touch', async () => {
    const { look, state, plans } = aWorldWith(aRequest(7));
    await look();
    state.base = base2;
    expect(await look()).toEqual([]);
    expect(plans()).toBe(1);
  });

  test('is planned anew when the branch moves in what it touches', async () => {
    const request = aRequest(7);
    const { look, state, merges } = aWorldWith(request);
    await look();
    state.base = base2;
    state.inputs.set(base2, { live: '5', test: '1' });
    merges(request, base2, { live: '6', test: '1' });
    state.hashes.set('live', 'h2');
    expect(await look()).toEqual(['#7 stale live', '#7 planned live', 'before: live']);
  });

  test('that no longer changes a grid says so where it did before', async () => {
    const request = aRequest(7);
    const { look, state, merges } = aWorldWith(request);
    await look();
    state.base = base2;
    merges(request, base2, { live: '1', test: '2' });
    expect(await look()).toEqual(['#7 stale live', '#7 planned', 'before: live']);
  });

  test('that cannot be merged is a conflict, with its files', async () => {
    const request = aRequest(7);
    const { look, state, outcomes } = aWorldWith(request);
    state.merges.set(request.head.sha, { kind: 'conflict', files: ['grids/live/grid.yml'] });
    expect(await look()).toEqual(['#7 planning', '#7 conflict']);
    expect(outcomes[0]?.outcome).toEqual({ kind: 'conflict', files: ['grids/live/grid.yml'] });
  });

  test('without a commit in common has failed, and is not tried for ever', async () => {
    const request = aRequest(7);
    const { look, state, clock, told } = aWorldWith(request);
    state.merges.set(request.head.sha, { kind: 'unrelated' });
    expect(await look()).toEqual(['#7 planning', '#7 failed']);
    await clock.turn(600_000);
    expect(told).toEqual([]);
  });

  test('is forgotten when it is open no more', async () => {
    const { look, state } = aWorldWith(aRequest(7));
    await look();
    state.open = [];
    expect(await look()).toEqual(['forgot refs/pull/7/head', '#7 gone']);
  });

  test('is not taken for closed because it is missing in a list', async () => {
    const { look, state } = aWorldWith(aRequest(7));
    await look();
    state.unlisted = 7;
    expect(await look()).toEqual([]);
  });

  test('is forgotten when it is to be merged into another branch', async () => {
    const { look, state } = aWorldWith(aRequest(7));
    await look();
    state.unlisted = 7;
    state.open = [aRequest(7, { base: 'next' })];
    expect(await look()).toEqual(['forgot refs/pull/7/head', '#7 gone']);
  });

  test('that conflicted meanwhile takes back what it said of grids that it does not change any more', async () => {
    const request = aRequest(7);
    const { look, state, merges } = aWorldWith(request);
    await look();
    state.base = base2;
    state.merges.set(request.head.sha, { kind: 'conflict', files: ['grids/live/grid.yml'] });
    expect(await look()).toEqual(['#7 conflict', 'before: live']);
    state.base = base3;
    state.merges.clear();
    state.inputs.set(base3, { live: '2', test: '1' });
    merges(request, base3, { live: '2', test: '1' });
    expect(await look()).toEqual(['#7 planned', 'before: live']);
  });

  test('is planned after one that is newer', async () => {
    const { look, state, merges } = aWorldWith(aRequest(7));
    const newer = aRequest(8);
    merges(newer, base1, { live: '1', test: '9' });
    state.open.push(newer);
    expect(await look()).toEqual([
      '#8 planning',
      '#8 planned test',
      '#7 planning',
      '#7 planned live',
    ]);
  });

  test('can be asked for before it was ever looked at', async () => {
    const { requests } = aWorldWith(aRequest(7));
    expect(await requests.ask(7, NOW)).toBe('asked');
    expect(await requests.ask(8, NOW)).toBe('unknown');
  });

  test('is not planned again after a restart of the master', async () => {
    const request = aRequest(7);
    const { look, state, plans } = aWorldWith(request);
    const affected = [{ grid: 'live', before: '1', after: '2' }];
    const head = request.head.sha;
    const basis = { head, base: base1, isAllowed: false, kind: 'planned', affected } as const;
    state.saved.push({ number: 7, basis, gist: 'g', seenAt: NOW, allowed: null, isDue: false });
    expect(await look()).toEqual([]);
    expect(plans()).toBe(0);
  });

  test('that changes more grids than anybody reads is told so', async () => {
    const request = aRequest(7);
    const { look, merges, outcomes } = aWorldWith(request);
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`g${n}`, '1']));
    merges(request, base1, many);
    expect(await look()).toEqual(['#7 planning', '#7 failed']);
    expect(outcomes[0]?.outcome).toMatchObject({
      message: 'it changes 302 grids, and one preview plans 200',
    });
  });
});

describe('a pull request whose plan is out of date', () => {
  function moved() {
    const request = aRequest(7);
    const world = aWorldWith(request);
    world.state.inputs.set(base2, { live: '5', test: '1' });
    world.merges(request, base2, { live: '6', test: '1' });
    return world;
  }

  test('has a plan again in the end, although nothing comes of the first try', async () => {
    const { look, state, clock, told } = moved();
    await look();
    state.base = base2;
    state.untold = new Error('the disk is full');
    expect(await look()).toEqual(['#7 stale live']);
    state.untold = null;
    await clock.turn(2_000);
    expect(told).toContain('#7 planned live');
  });

  test('has it although the branch is back where it was', async () => {
    const { look, state } = moved();
    await look();
    state.base = base2;
    state.untold = new Error('the disk is full');
    await look();
    Object.assign(state, { untold: null, base: base1 });
    expect(await look()).toEqual(['#7 planning', '#7 planned live', 'before: live']);
  });

  test('has it although the master was killed meanwhile', async () => {
    const first = moved();
    await first.look();
    first.state.base = base2;
    first.state.untold = new Error('killed');
    await first.look();
    for (const base of [base1, base2]) {
      const second = moved();
      second.state.base = base;
      const saved = first.kept.at(-1);
      if (saved !== undefined) second.state.saved.push(saved);
      expect(await second.look()).toContain('#7 planned live');
    }
  });

  test('is told that it could not be planned, if so', async () => {
    const { look, state } = moved();
    await look();
    state.base = base2;
    state.broken = new Error('the disk is full');
    expect(await look()).toEqual(['#7 stale live', '#7 failed', 'before: live']);
  });

  test('is not told so where that cannot be remembered, but that there is no plan', async () => {
    const { look, state } = moved();
    await look();
    state.base = base2;
    state.full = new Error('the disk is full');
    expect(await look()).toEqual(['#7 failed', 'before: live']);
    state.full = null;
    expect(await look()).toContain('#7 planned live');
  });
});

describe('what goes wrong', () => {
  test('is told at once, and tried again until it goes well', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    state.broken = new Error('the disk is full');
    expect(await look()).toEqual(['#7 planning', '#7 failed']);
    state.broken = null;
    await clock.turn(2_000);
    expect(told).toEqual(['#7 planned live']);
  });

  test('with telling loses nothing: it is told by the next pass', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    state.untold = new Error('the disk is full');
    expect(await look()).toEqual(['#7 planning']);
    state.untold = null;
    await clock.turn(2_000);
    expect(told.at(-1)).toBe('#7 planned live');
  });

  test('is tried again after a restart, too', async () => {
    const first = aWorldWith(aRequest(7));
    first.state.broken = new Error('the disk is full');
    await first.look();
    const second = aWorldWith(aRequest(7));
    second.state.saved.push(...first.kept);
    expect(await second.look()).toEqual(['#7 planned live']);
  });

  test('is told once while it stays', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    state.broken = new Error('the disk is full');
    await look();
    await clock.turn(60_000);
    expect(told).toEqual([]);
  });

  test('of one request keeps no other waiting', async () => {
    const { look, state, merges } = aWorldWith(aRequest(7));
    const newer = aRequest(8);
    merges(newer, base1, { live: '1', test: '9' });
    state.open.push(newer);
    state.fetched.set('refs/pull/8/head', null);
    expect(await look()).toEqual(['#8 planning', '#8 failed', '#7 planning', '#7 planned live']);
  });

  test('is a head that the forge tells of before its Git has it: it is looked at again', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    state.fetched.set('refs/pull/7/head', 'older');
    expect(await look()).toEqual(['#7 planning', '#7 failed']);
    state.fetched.clear();
    await clock.turn(2_000);
    expect(told).toEqual(['#7 planned live']);
  });

  test('with the listing loses nothing that is known', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    await look();
    state.listing = new GridError({ code: 'forge-unreachable', message: 'away', retry: 'later' });
    expect(await look()).toEqual([]);
    state.listing = null;
    await clock.turn(2_000);
    expect(told).toEqual([]);
  });

  test('with a rate limit is left alone for as long as the forge wants', async () => {
    const { look, state, clock, told } = aWorldWith(aRequest(7));
    state.listing = new RateLimited('too many requests', 60);
    await look();
    state.listing = null;
    await clock.turn(59_000);
    expect(told).toEqual([]);
    await clock.turn(1_000);
    expect(told).toEqual(['#7 planning', '#7 planned live']);
  });

  test('is not known of before the branch was ever read', async () => {
    const { look, state } = aWorldWith(aRequest(7));
    state.base = null;
    expect(await look()).toEqual([]);
  });
});

describe('a pull request from a fork', () => {
  const fork = aRequest(7, { isFork: true });

  test('gets no plan', async () => {
    const { look, plans } = aWorldWith(fork);
    expect(await look()).toEqual(['#7 planning', '#7 fork']);
    expect(plans()).toBe(0);
  });

  test('gets one when it is asked for', async () => {
    const { look, requests, clock, told } = aWorldWith(fork);
    await look();
    await clock.turn(1_000);
    expect(await requests.ask(7, clock.now())).toBe('asked');
    await requests.idle();
    expect(told).toEqual(['#7 planning', '#7 planned live']);
  });

  test('gets one although the master was killed before it was made', async () => {
    const first = aWorldWith(fork);
    await first.look();
    await first.clock.turn(1_000);
    first.state.broken = new Error('killed');
    first.state.untold = new Error('killed');
    await first.requests.ask(7, first.clock.now());
    await first.requests.stop();
    const second = aWorldWith(fork);
    const saved = first.kept.at(-1);
    if (saved !== undefined) second.state.saved.push(saved);
    expect(await second.look()).toEqual(['#7 planning', '#7 planned live']);
    expect(await second.look()).toEqual([]);
  });

  test('is not said to get one before that can be remembered', async () => {
    const { look, requests, state, clock } = aWorldWith(fork);
    await look();
    await clock.turn(1_000);
    state.full = new Error('the disk is full');
    await expect(requests.ask(7, clock.now())).rejects.toThrow('the disk is full');
  });

  test('that is asked for while another is made gets both', async () => {
    const { look, requests, state, clock, told } = aWorldWith(aRequest(7));
    await look();
    await requests.ask(7, clock.now());
    state.onPlan = () => {
      state.onPlan = () => undefined;
      void requests.ask(7, clock.now());
    };
    await requests.idle();
    expect(told.filter((line) => line === '#7 planned live')).toHaveLength(2);
  });

  test('gets none for commits that came after the question', async () => {
    const { look, requests, state, clock } = aWorldWith(fork);
    await look();
    const asked = clock.now();
    await clock.turn(1_000);
    state.open = [{ ...fork, head: { sha: 'e7'.padEnd(40, '0'), branch: 'evil' } }];
    await look();
    expect(await requests.ask(7, asked)).toBe('changed');
    expect(await requests.ask(7, clock.now(), fork.head.sha)).toBe('changed');
    expect(await look()).toEqual([]);
  });

  test('loses it with its next commit', async () => {
    const { look, requests, state, clock } = aWorldWith(fork);
    await look();
    await clock.turn(1_000);
    await requests.ask(7, clock.now());
    await look();
    state.open = [{ ...fork, head: { sha: 'e7'.padEnd(40, '0'), branch: 'evil' } }];
    expect(await look()).toEqual(['#7 planning', '#7 fork']);
  });
});

describe('what nodes report', () => {
  test('leads to a new preview when the plan is another', async () => {
    const { look, requests, state, clock, told } = aWorldWith(aRequest(7));
    await look();
    state.hashes.set('live', 'h2');
    requests.observed('live');
    await clock.turn(30_000);
    expect(told).toEqual(['#7 planned live', 'before: live']);
  });

  test('leads to nothing when the plan is the same', async () => {
    const { look, requests, clock, told } = aWorldWith(aRequest(7));
    await look();
    requests.observed('live');
    await clock.turn(60_000);
    expect(told).toEqual([]);
  });

  test('is not looked at before a deploy that is under way has ended', async () => {
    const { look, requests, state, clock, told, plans } = aWorldWith(aRequest(7));
    await look();
    state.hashes.set('live', 'h2');
    state.busy.add('live');
    requests.observed('live');
    await clock.turn(120_000);
    expect(plans()).toBe(1);
    state.busy.clear();
    await clock.turn(30_000);
    expect(told).toEqual(['#7 planned live', 'before: live']);
  });

  test('of grids that no pull request changes is passed over', async () => {
    const { look, requests, clock, plans } = aWorldWith(aRequest(7));
    await look();
    requests.observed('test');
    await clock.turn(60_000);
    expect(plans()).toBe(1);
  });
});
