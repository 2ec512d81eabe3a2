import { describe, expect } from 'vitest';
import { eventually } from '../../support/world.ts';
import { GRID, PLAN, previewsOf, short } from './acceptance-world.ts';
import { type Scenario, stack, web } from './scenario.ts';

export function pullRequests(scenario: Scenario): void {
  describe('a pull request', () => {
    scenario(
      'shows what its merge will do in one comment that follows it, and the merge does exactly that',
      async (start) => {
        const world = await start();
        const { bench, developer } = world;
        const pull = await world.request(web({ image: 'demo:2' }));
        const first = await world.comment(pull, (body) => body.includes(short(pull.head())));
        expect(first).toContain('demo:2');
        const planned = await world.planned(pull.head());
        expect(planned.verdict).toBe('success');
        expect(planned.url).toMatch(/^https:\/\/gridops\.example\.com\/previews\//);
        expect((await world.final(pull.head(), `${PLAN} (${GRID})`)).verdict).toBe('success');

        const second = await developer.branch('topic', web({ image: 'demo:2', instances: 2 }));
        await world.comment(pull, (body) => body.includes(short(second)));
        expect((await world.planned(second)).verdict).toBe('success');

        const merged = await pull.merge();
        expect((await world.deployed(merged)).verdict).toBe('success');
        const told = await bench.status(merged, `${PLAN} (${GRID})`, () => true);
        expect(told.description).toBe(`as shown on #${pull.number}`);
        expect(await world.instances()).toHaveLength(2);
        expect(previewsOf(pull)).toHaveLength(1);
      },
    );

    scenario('that is closed is left as it is', async (start) => {
      const world = await start();
      const { bench, developer } = world;
      const pull = await world.request(web({ image: 'demo:2' }));
      await world.planned(pull.head());
      const before = await world.comment(pull);

      await pull.close();
      const moved = await developer.push(web({ instances: 2 }));
      await world.deployed(moved);
      const other = await world.request(web({ image: 'demo:2' }), { branch: 'other' });
      await world.planned(other.head());

      expect(previewsOf(pull)).toEqual([before]);
      expect(bench.statuses(pull.head()).at(-1)?.verdict).toBe('success');
    });

    scenario(
      'is planned anew when the branch moves in what it touches, and only then',
      async (start) => {
        const world = await start({ files: stack('api') });
        const { developer } = world;
        const pull = await world.request(web({ image: 'demo:2' }));
        await world.planned(pull.head());
        const before = await world.comment(pull, (body) => body.includes(short(pull.head())));

        const unrelated = await developer.push({ 'README.md': 'no grid is touched by this\n' });
        await world.seen(unrelated);
        // It is looked at in one pass with this one, and before it.
        const other = await world.request(stack('api', { instances: 3 }), { branch: 'other' });
        await world.comment(other, (body) => body.includes(short(unrelated)));
        expect(await world.comment(pull)).toBe(before);
        await other.close();

        const moved = await developer.push(stack('api', { instances: 2 }));
        const after = await world.comment(pull, (body) => body.includes(short(moved)));

        expect(after).toContain('demo:2');
        expect(before).not.toContain(short(moved));
      },
    );

    scenario('that cannot be merged fails with the reason, until it can be', async (start) => {
      const world = await start();
      const { bench, developer } = world;
      const pull = await world.request(web({ image: 'demo:2' }));
      await world.planned(pull.head());

      await developer.push(web({ image: 'broken:1' }));

      const failed = await bench.status(pull.head(), PLAN, ({ verdict }) => verdict === 'failure');
      expect(failed.description).toContain('conflicts with main: grids/prod/stacks/web');
      expect(await world.comment(pull, (body) => body.includes('onflict'))).toContain(
        'kontena.yml',
      );
      const solved = await developer.branch('topic', web({ image: 'demo:2' }), { anew: true });
      expect((await world.planned(solved)).verdict).toBe('success');
      await world.comment(pull, (body) => body.includes(short(solved)));
    });

    scenario(
      'from a fork gets a final answer and no plan, until somebody who may write asks for it',
      async (start, forge) => {
        const world = await start();
        const { bench } = world;
        bench.person('mallory', 'read');
        bench.person('alice', 'write');
        const files = web({ image: 'demo:2' });
        const pull = await bench.open({ branch: 'topic', files, isFork: true });
        const neutral = await world.planned(pull.head());
        expect(neutral.verdict).toBe('success');
        expect(neutral.description).toContain('from a fork, not planned');
        expect(await world.comment(pull)).not.toContain('demo:2');

        pull.comment('/gridops plan', 'mallory');
        pull.comment('/gridops plan', 'alice');

        // What cannot be fetched there is said to be so.
        const said = forge === 'bitbucket' ? 'cannot be fetched from this repository' : 'demo:2';
        const after = await world.comment(pull, (body) => body.includes(said));
        expect(after).toContain(short(pull.head()));
        await eventually(
          async () => await Promise.resolve(isOver(bench.statuses(pull.head())) ? true : null),
          'a final state',
        );
      },
    );
  });
}

function isOver(statuses: readonly { readonly verdict: string }[]): boolean {
  return statuses.at(-1)?.verdict !== 'pending';
}
