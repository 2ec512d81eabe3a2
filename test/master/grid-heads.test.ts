import { beforeEach, describe, expect, it } from 'vitest';
import { GridHeads, type GridSource } from '../../src/master/grid-heads.ts';
import { GridOwners } from '../../src/master/grid-owners.ts';
import type { GridHead } from '../../src/master/revision.ts';
import { silentLog } from '../../src/runtime/log.ts';

interface Fake extends GridSource {
  readonly grids: Map<string, string>;
}

let kept: string[];
let told: string[];
let refused: string[];
let read: string[];
let isUnknown: (grid: string) => boolean;
let isTorn: (grid: string) => boolean;
let isFull: boolean;
let deserted: Set<string>;

beforeEach(() => {
  kept = [];
  told = [];
  refused = [];
  read = [];
  isUnknown = () => false;
  isTorn = () => false;
  isFull = false;
  deserted = new Set();
});

function aSource(name: string, grids: Readonly<Record<string, string>>, head: string | null): Fake {
  const own = new Map(Object.entries(grids));
  return {
    name,
    grids: own,
    repository: {
      head,
      grids: async (sha) => {
        if (sha === 'torn') throw new Error('torn');
        return await Promise.resolve([...own.keys()]);
      },
      inputs: async (_sha, grid) => {
        if (isTorn(grid)) throw new Error(`${grid} is torn`);
        read.push(`${name} ${grid}`);
        return await Promise.resolve(own.get(grid) ?? null);
      },
    },
    refuse: async ({ grid, sha, owner }) =>
      void (await Promise.resolve(refused.push(`${name} ${sha} ${grid} of ${owner}`))),
  };
}

function over(sources: readonly Fake[], known: readonly string[] = []): GridHeads {
  const owners = new GridOwners({ repositories: sources.map(({ name }) => name), known: [] });
  return new GridHeads({
    sources,
    owners,
    keepOwner: async ({ grid, repository }) => {
      if (isFull) throw new Error('the disk is full');
      await Promise.resolve(kept.push(`${grid} ${repository}`));
    },
    knownGrids: () => known,
    isDeserted: (grid) => deserted.has(grid),
    complete: async (grid, head) => await Promise.resolve(isUnknown(grid) ? null : head),
    onHead: (grid, { repository, sha, remarks }: GridHead) =>
      told.push(`${grid} ${repository}@${sha}${remarks === undefined ? '' : ' contested'}`),
    log: silentLog,
  });
}

describe('a grid that no commit has any more', () => {
  it('is told so while it has nodes, and is given up without any', async () => {
    const source = aSource('one', { shop: 'i', blog: 'j' }, null);
    const heads = over([source], ['shop', 'blog', 'old']);
    deserted = new Set(['blog', 'old']);
    await heads.publish('one', 'a');
    expect(told.toSorted()).toEqual(['blog one@a', 'shop one@a']);
    told = [];

    source.grids.clear();
    await heads.publish('one', 'b');

    expect(told).toEqual(['shop one@b']);
  });
});

describe('a push', () => {
  it('costs what its own repository has, however many others there are', async () => {
    const sources = Array.from({ length: 50 }, (_, number) => {
      const grids = Array.from({ length: 20 }, (_each, grid) => [`g${number}-${grid}`, 'i']);
      return aSource(`r${number}`, Object.fromEntries(grids), null);
    });
    const heads = over(sources);
    for (const { name } of sources) await heads.publish(name, 'a');
    read = [];
    told = [];

    await heads.publish('r7', 'b');

    expect(read).toHaveLength(20);
    expect(read.every((line) => line.startsWith('r7 '))).toBe(true);
    expect(told).toHaveLength(20);
  });

  it('of something that a few grids are made of looks at these alone', async () => {
    const heads = over([aSource('one', { a: 'i', b: 'i', c: 'i' }, null)]);
    await heads.publish('one', 'x');
    read = [];
    await heads.refresh(['b']);
    expect(read).toEqual(['one b']);
  });

  it('keeps who has a grid before the grid is told of it', async () => {
    const heads = over([aSource('one', { a: 'i' }, null)]);
    await heads.publish('one', 'x');
    expect([kept, told]).toEqual([['a one'], ['a one@x']]);
  });

  it('that cannot be read changes nothing, and holds nothing else up', async () => {
    const heads = over([aSource('one', { a: 'i' }, null), aSource('two', { b: 'i' }, null)]);
    await heads.publish('one', 'x');
    await expect(heads.publish('two', 'torn')).rejects.toThrow('torn');
    await heads.publish('two', 'y');
    expect(told).toEqual(['a one@x', 'b two@y']);
  });

  it('with a grid that cannot be told tells all others, and that one when it can', async () => {
    const heads = over([aSource('one', { a: 'i', b: 'i', c: 'i' }, null)]);
    isTorn = (grid) => grid === 'b';
    await expect(heads.publish('one', 'x')).rejects.toThrow('torn');
    expect(told).toEqual(['a one@x', 'c one@x']);

    isTorn = () => false;
    await heads.publish('one', 'x');
    expect(told).toContain('b one@x');
  });

  it('that leaves a grid to another repository tells it, also when that fails at first', async () => {
    const [one, two] = [aSource('one', { a: 'i' }, null), aSource('two', { a: 'j' }, null)];
    const heads = over([one, two]);
    await heads.publish('one', 'x');
    await heads.publish('two', 'y');
    one.grids.delete('a');

    isTorn = () => true;
    await expect(heads.publish('one', 'z')).rejects.toThrow('torn');
    isTorn = () => false;
    await heads.publish('one', 'z');

    expect(told.at(-1)).toBe('a two@y');
  });

  it('that leaves a grid to another repository keeps whose it is, also when that fails at first', async () => {
    const [one, two] = [aSource('one', { a: 'i' }, null), aSource('two', { a: 'j' }, null)];
    const heads = over([one, two]);
    await heads.publish('one', 'x');
    await heads.publish('two', 'y');
    one.grids.delete('a');

    isFull = true;
    await expect(heads.publish('one', 'z')).rejects.toThrow('full');
    isFull = false;
    await heads.publish('one', 'z');

    expect(kept.at(-1)).toBe('a two');
    expect(told.at(-1)).toBe('a two@y');
  });

  it('to a grid whose stacks elsewhere are not known yet is told when they are', async () => {
    const heads = over([aSource('one', { a: 'i', b: 'i' }, null)]);
    isUnknown = (grid) => grid === 'a';
    await heads.publish('one', 'x');
    expect(told).toEqual(['b one@x']);
    isUnknown = () => false;
    await heads.refresh(['a']);
    expect(told).toEqual(['b one@x', 'a one@x']);
  });

  it('never comes before an older one, whatever it waits for', async () => {
    const heads = over([aSource('one', { a: 'i' }, null)]);
    await Promise.all([
      heads.publish('one', 'x'),
      heads.refresh(['a']),
      heads.publish('one', 'y'),
      heads.refresh(['a']),
    ]);
    expect(told).toEqual(['a one@x', 'a one@x', 'a one@y', 'a one@y']);
  });
});

describe('a grid in two repositories', () => {
  it('is told to both, and goes over at the head that the other one has', async () => {
    const [one, two] = [aSource('one', { a: 'i' }, null), aSource('two', {}, null)];
    const heads = over([one, two]);
    await heads.publish('two', 'y');
    await heads.publish('one', 'x');
    two.grids.set('a', 'j');

    await heads.publish('two', 'z');
    expect(refused).toEqual(['two z a of one']);
    expect(told.at(-1)).toBe('a one@x contested');

    one.grids.delete('a');
    await heads.publish('one', 'w');
    expect(told.at(-1)).toBe('a two@z');
    expect(kept).toEqual(['a one', 'a two']);
  });

  it('is not given away by a start at which one of them cannot be read', async () => {
    const sources = [aSource('one', { a: 'i' }, 'old'), aSource('two', { a: 'j' }, null)];
    const heads = over(sources);
    await heads.load();
    await heads.publish('two', 'y');
    expect(kept).toEqual(['a one']);
    expect(refused).toEqual(['two y a of one']);
  });

  it('waits where an earlier one was never read, and is decided when it is', async () => {
    const sources = [aSource('one', { a: 'i' }, 'torn'), aSource('two', { a: 'j' }, null)];
    const heads = over(sources);
    await heads.load();
    await heads.publish('two', 'y');
    expect([kept, told]).toEqual([[], []]);
    await heads.publish('one', 'x');
    expect(told).toEqual(['a one@x contested']);
  });
});

it('a grid that one repository alone could have is told that it is gone', async () => {
  const heads = over([aSource('one', {}, null)], ['lost']);
  await heads.publish('one', 'x');
  expect(told).toEqual(['lost one@x']);
});
