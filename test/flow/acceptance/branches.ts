import { describe, expect } from 'vitest';
import { PLAN, previewsOf, short } from './acceptance-world.ts';
import { type Scenario, stack, web } from './scenario.ts';

export function branches(scenario: Scenario): void {
  describe('a branch', () => {
    scenario('of a pull request that is rewritten by force is planned anew', async (start) => {
      const world = await start();
      const { developer } = world;
      const pull = await world.request(web({ image: 'demo:2' }));
      await world.planned(pull.head());

      const forced = await developer.branch('topic', web({ instances: 3 }), { anew: true });

      expect((await world.planned(forced)).verdict).toBe('success');
      const body = await world.comment(pull, (text) => text.includes(short(forced)));
      expect(body).not.toContain('demo:2');
    });

    scenario('that is followed and rewritten by force is followed', async (start) => {
      const world = await start();
      const { developer } = world;
      const gone = await developer.push(stack('api'));
      await world.deployed(gone);
      const pull = await world.request(stack('cache'));
      await world.planned(pull.head());

      const forced = await developer.rewrite(world.first, web({ instances: 2 }));

      expect((await world.deployed(forced)).verdict).toBe('success');
      expect(await world.instances()).toHaveLength(2);
      const body = await world.comment(pull, (text) => text.includes(short(forced)));
      // What the branch has lost would come back with it.
      for (const name of ['api', 'cache']) expect(body).toContain(`${name}/${name}: new`);
    });

    scenario(
      'of a pull request that is deleted leaves a final state, and keeps nothing from going on',
      async (start) => {
        const world = await start();
        const { bench, developer } = world;
        const pull = await world.request(web({ image: 'demo:2' }));
        await world.planned(pull.head());
        await world.comment(pull);

        await developer.deleteBranch('topic');
        const moved = await developer.push(web({ instances: 2 }));
        expect((await world.deployed(moved)).verdict).toBe('success');
        const other = await world.request(web({ image: 'demo:2' }), { branch: 'other' });

        expect((await world.planned(other.head())).verdict).toBe('success');
        await world.comment(other, (body) => body.includes(short(moved)));
        expect(bench.statuses(pull.head()).at(-1)?.verdict).not.toBe('pending');
        expect(previewsOf(pull)).toHaveLength(1);
      },
    );

    scenario('with a commit that is reverted is planned as the inverse', async (start) => {
      const world = await start();
      const { developer } = world;
      const change = await developer.push(web({ image: 'demo:2' }));
      await world.deployed(change);
      const there = await world.steps(change);

      const revert = await developer.revert(change);

      expect((await world.deployed(revert)).verdict).toBe('success');
      expect(there).toHaveLength(2);
      expect(await world.steps(revert)).toEqual(there.toReversed());
      expect(world.verdicts(revert, PLAN)).toEqual([]);
    });
  });
}
