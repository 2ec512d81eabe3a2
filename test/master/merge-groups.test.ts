import { describe, expect, test } from 'vitest';
import { type MergeGroup, MergeGroups } from '../../src/master/merge-groups.ts';
import { GridError } from '../../src/model/error.ts';
import { silentLog } from '../../src/runtime/log.ts';

function aQueue() {
  const state = {
    untold: null as Error | null,
    head: 'g7' as string | null,
    base: 'b1' as string | null,
    unread: null as Error | null,
    waiting: [] as MergeGroup[],
  };
  const told: string[] = [];
  const groups = new MergeGroups({
    previewer: {
      fetchRef: async (ref) => {
        if (state.unread !== null && ref === group.ref) throw state.unread;
        return await Promise.resolve(ref === group.ref ? state.head : 'g8');
      },
      grids: async () => await Promise.resolve([]),
      inputs: async () => await Promise.resolve(null),
      grid: async () => await Promise.reject(new Error('nothing to plan')),
    },
    waiting: async () => await Promise.resolve(state.waiting),
    isTold: async (sha) =>
      await Promise.resolve(
        told.some((line) => /planned|failed/.test(line) && line.startsWith(sha)),
      ),
    base: () => state.base,
    forgetRef: async (ref) => {
      await Promise.resolve(told.push(`forgot ${ref}`));
    },
    planning: async ({ sha }) => {
      await Promise.resolve(told.push(`${sha} planning`));
    },
    previewed: async ({ sha }, { outcome }) => {
      if (state.untold !== null) throw state.untold;
      await Promise.resolve(told.push(`${sha} ${outcome.kind}`));
    },
    log: silentLog,
  });
  return { groups, state, told };
}

const group = { sha: 'g7', ref: 'refs/heads/queue/pr-7', number: 7 };

test('a group of a merge queue is told what it would do', async () => {
  const { groups, told } = aQueue();
  groups.take(group);
  await groups.idle();
  expect(told).toEqual(['g7 planning', 'g7 planned', 'forgot refs/heads/queue/pr-7']);
});

test('one that could not be told is told when somebody looks again', async () => {
  const { groups, state, told } = aQueue();
  state.untold = new Error('the disk is full');
  groups.take(group);
  await groups.idle();
  state.untold = null;
  await groups.look();
  await groups.idle();
  expect(told).toContain('g7 planned');
});

test('one that is there no more has a final state all the same', async () => {
  const { groups, state, told } = aQueue();
  state.head = null;
  groups.take(group);
  await groups.idle();
  expect(told).toContain('g7 failed');
});

test('one that no webhook has told of is found, and told once', async () => {
  const { groups, state, told } = aQueue();
  state.waiting = [group];
  for (let round = 0; round < 3; round += 1) {
    await groups.look();
    await groups.idle();
  }
  expect(told).toEqual(['g7 planning', 'g7 planned', 'forgot refs/heads/queue/pr-7']);
});

test('one that is being planned is not planned a second time', async () => {
  const { groups, state, told } = aQueue();
  state.waiting = [group];
  groups.take(group);
  await groups.look();
  await groups.idle();
  expect(told.filter((line) => line === 'g7 planned')).toHaveLength(1);
});

describe('one that cannot be planned', () => {
  const away = new GridError({ code: 'repository-unreachable', message: 'away', retry: 'later' });

  test('is not told to have failed, and is planned when it can be', async () => {
    const { groups, state, told } = aQueue();
    state.unread = away;
    groups.take(group);
    await groups.idle();
    expect(told).toEqual(['g7 planning']);
    state.unread = null;
    await groups.look();
    await groups.idle();
    expect(told.slice(-2)).toEqual(['g7 planned', 'forgot refs/heads/queue/pr-7']);
  });

  test('because the master has just begun is planned when the branch is read', async () => {
    const { groups, state, told } = aQueue();
    state.base = null;
    groups.take(group);
    await groups.idle();
    expect(told).toEqual(['g7 planning']);
    state.base = 'b1';
    await groups.look();
    await groups.idle();
    expect(told).toContain('g7 planned');
  });

  test('keeps no other one waiting', async () => {
    const { groups, state, told } = aQueue();
    state.unread = away;
    groups.take(group);
    groups.take({ sha: 'g8', ref: 'refs/heads/queue/pr-8', number: 8 });
    await groups.idle();
    expect(told).toContain('g8 planned');
  });

  test('has failed in the end: the queue is not to wait for ever', async () => {
    const { groups, state, told } = aQueue();
    state.unread = away;
    groups.take(group);
    for (let round = 0; round < 20; round += 1) {
      await groups.look();
      await groups.idle();
    }
    expect(told.filter((line) => line === 'g7 failed')).toHaveLength(1);
  });

  test('for a reason that stays has failed at once', async () => {
    const { groups, state, told } = aQueue();
    state.unread = new GridError({ code: 'invalid-request', message: 'no', retry: 'never' });
    groups.take(group);
    await groups.idle();
    expect(told).toContain('g7 failed');
  });
});
