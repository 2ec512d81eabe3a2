import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GridOwners } from '../../src/master/grid-owners.ts';
import type { GridOwnerRecord } from '../../src/store/grid-owners.ts';

const repositories = ['one', 'two', 'three'];

function owners(known: readonly GridOwnerRecord[] = []): GridOwners {
  return new GridOwners({ repositories, known });
}

describe('a grid', () => {
  it('belongs to the repository that had it first, whoever has it later', () => {
    const all = owners();
    for (const name of repositories) all.saw(name, []);

    expect(all.saw('two', ['prod']).moved).toEqual([{ grid: 'prod', repository: 'two' }]);
    expect(all.saw('one', ['prod'])).toEqual({ moved: [], contested: ['prod'] });

    expect(all.ownerOf('prod')).toBe('two');
    expect(all.rivals('prod')).toEqual(['one']);
    expect(all.refusedTo('one')).toEqual([{ grid: 'prod', repository: 'two' }]);
  });

  it('stays with its owner after a restart, in whatever order they are read', () => {
    for (const order of [repositories, repositories.toReversed()]) {
      const all = owners([{ grid: 'prod', repository: 'two' }]);
      for (const name of order) all.saw(name, ['prod']);
      expect(all.ownerOf('prod')).toBe('two');
    }
  });

  it('stays with an owner that cannot be read', () => {
    const all = owners([{ grid: 'prod', repository: 'one' }]);
    all.saw('two', ['prod']);
    all.saw('three', ['prod']);
    expect(all.ownerOf('prod')).toBe('one');
  });

  it('goes over to the one that has it when its owner drops it', () => {
    const all = owners([{ grid: 'prod', repository: 'one' }]);
    all.saw('one', ['prod']);
    all.saw('two', ['prod']);
    expect(all.saw('one', []).moved).toEqual([{ grid: 'prod', repository: 'two' }]);
    expect(all.saw('one', ['prod']).moved).toEqual([]);
  });

  it('stays with the owner that drops it where nobody else has it', () => {
    const all = owners([{ grid: 'prod', repository: 'one' }]);
    all.saw('one', []);
    expect(all.ownerOf('prod')).toBe('one');
    expect(all.saw('two', ['prod']).moved).toEqual([{ grid: 'prod', repository: 'two' }]);
  });

  it('goes over from a repository that is not in the settings any more', () => {
    const all = owners([{ grid: 'prod', repository: 'gone' }]);
    expect(all.ownerOf('prod')).toBeNull();
    all.saw('one', []);
    expect(all.saw('two', ['prod']).moved).toEqual([{ grid: 'prod', repository: 'two' }]);
  });

  it('without an owner waits for repositories that come before and were never read', () => {
    const all = owners();
    expect(all.saw('two', ['prod']).moved).toEqual([]);
    expect(all.waitingOf('two')).toEqual(['prod']);
    expect(all.saw('one', ['prod']).moved).toEqual([{ grid: 'prod', repository: 'one' }]);
    expect(all.refusedTo('two')).toEqual([{ grid: 'prod', repository: 'one' }]);
  });
});

describe('whatever is seen', () => {
  const looks = fc.array(
    fc.record({
      name: fc.constantFrom(...repositories),
      grids: fc.subarray(['a', 'b', 'c']),
    }),
    { maxLength: 30 },
  );

  it('a grid leaves an owner only that was seen without it, and only for one that has it', () => {
    fc.assert(
      fc.property(looks, (seen) => {
        const all = owners();
        const has = new Map<string, readonly string[]>();
        for (const { name, grids } of seen) {
          const before = new Map(['a', 'b', 'c'].map((grid) => [grid, all.ownerOf(grid)]));
          has.set(name, grids);
          for (const { grid, repository } of all.saw(name, grids).moved) {
            const old = before.get(grid) ?? null;
            expect(has.get(repository)).toContain(grid);
            if (old !== null) expect(has.get(old) ?? [grid]).not.toContain(grid);
          }
        }
      }),
    );
  });

  it('what was kept gives a new process the same owners', () => {
    fc.assert(
      fc.property(looks, (seen) => {
        const all = owners();
        const kept = new Map<string, string>();
        const last = new Map<string, readonly string[]>();
        for (const { name, grids } of seen) {
          last.set(name, grids);
          for (const { grid, repository } of all.saw(name, grids).moved) kept.set(grid, repository);
        }
        const after = owners(Array.from(kept, ([grid, repository]) => ({ grid, repository })));
        for (const [name, grids] of last) expect(after.saw(name, grids).moved).toEqual([]);
        for (const grid of ['a', 'b', 'c']) expect(after.ownerOf(grid)).toBe(all.ownerOf(grid));
      }),
    );
  });
});
