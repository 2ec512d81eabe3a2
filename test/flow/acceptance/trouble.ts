import { describe, expect } from 'vitest';
import type { MasterPorts } from '../../../src/master/parts.ts';
import { GridError } from '../../../src/model/error.ts';
import { eventually } from '../../support/world.ts';
import { GRID, PLAN, previewsOf, short } from './acceptance-world.ts';
import { inGrid, type Scenario, web } from './scenario.ts';

const GRIDS = 12;

export function trouble(scenario: Scenario): void {
  describe('a code host', () => {
    scenario('that takes a comment and answers 502 has one comment in the end', async (start) => {
      const world = await start();
      const { bench, developer } = world;
      bench.faults.lose('comment');
      const pull = await world.request(web({ image: 'demo:2' }));
      await world.planned(pull.head());

      const second = await developer.branch('topic', web({ image: 'demo:2', instances: 2 }));

      await world.comment(pull, (body) => body.includes(short(second)));
      expect(previewsOf(pull)).toHaveLength(1);
    });

    scenario(
      'that limits requests while many grids are deployed hears how all of them ended',
      async (start) => {
        const world = await start();
        const { bench, developer } = world;
        const names = Array.from({ length: GRIDS }, (_, at) => `g${at}`);
        const files = names.map((name, at) => [
          inGrid('grid.yml', name),
          `subnet: 10.${100 + at}.0.0/16\n`,
        ]);
        bench.faults.limit('status', 1, 6);

        const sha = await developer.push(Object.fromEntries(files));

        for (const name of names)
          expect((await world.final(sha, `gridops/${name}`)).verdict).toBe('success');
        const last = new Map(bench.statuses(sha).map((each) => [each.context, each.verdict]));
        expect([...last.values()]).not.toContain('pending');
      },
    );
  });

  describe('a master', () => {
    scenario('that ends with states outstanding tells them when it is back', async (start) => {
      const line = { isDown: false };
      const world = await start({ masterPorts: { forge: withStatusesOver(line) } });
      const { bench, developer } = world;
      line.isDown = true;
      const pushed = await developer.push(web({ instances: 2 }));
      const pull = await world.request(web({ image: 'demo:2' }));
      await bench.status(pushed, `gridops/${GRID}`, () => true);
      await bench.status(pull.head(), PLAN, () => true);
      await eventually(
        async () => ((await world.deploys())[0]?.phase === 'succeeded' ? true : null),
        'the deploy to succeed',
      );

      await world.stopMaster();
      expect(world.verdicts(pushed, `gridops/${GRID}`)).toEqual([]);
      expect(world.verdicts(pull.head())).toEqual([]);
      line.isDown = false;
      await world.startMaster();

      expect((await world.deployed(pushed)).verdict).toBe('success');
      expect((await world.planned(pull.head())).verdict).toBe('success');
      await world.comment(pull, (body) => body.includes(short(pull.head())));
    });
  });
}

/** Only what is pending gets through while it is down. */
function withStatusesOver(line: { readonly isDown: boolean }): MasterPorts['forge'] {
  return (forge) => ({
    ...forge,
    createCommitStatus: async (repository, sha, status) => {
      if (line.isDown && status.state !== 'pending')
        throw new GridError({ code: 'forge-unreachable', message: 'no answer', retry: 'later' });
      await forge.createCommitStatus(repository, sha, status);
    },
  });
}
