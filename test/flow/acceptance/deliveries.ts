import { describe, expect } from 'vitest';
import type { MasterPorts } from '../../../src/master/parts.ts';
import type { GridStatus } from '../../../src/protocol/grid-api.ts';
import { eventually } from '../../support/world.ts';
import { GRID, previewsOf, short } from './acceptance-world.ts';
import { type Scenario, web } from './scenario.ts';

/** More than any scenario sends. */
const ALL = 1_000;

export function deliveries(scenario: Scenario): void {
  describe('webhooks', () => {
    scenario('that are all lost are made up for by polling', async (start) => {
      const world = await start({ pollSeconds: 1 });
      const { bench, developer } = world;
      bench.person('alice', 'write');
      bench.faults.drop(ALL);

      const pushed = await developer.push(web({ instances: 2 }));
      expect((await world.deployed(pushed)).verdict).toBe('success');
      const pull = await world.request(web({ image: 'demo:2' }));
      expect((await world.planned(pull.head())).verdict).toBe('success');
      await world.comment(pull, (body) => body.includes(short(pull.head())));
      pull.comment(`/gridops freeze ${GRID}`, 'alice');

      await eventually(async () => {
        const { freeze } = await world.api<GridStatus>(`grids/${GRID}`);
        return freeze === undefined ? null : true;
      }, 'the command is carried out');
    });

    scenario('that come twice, at once and later, make one plan and one deploy', async (start) => {
      const world = await start();
      const { bench, developer } = world;
      bench.faults.duplicate(ALL);
      const pushed = await developer.push(web({ instances: 2 }));
      await world.deployed(pushed);
      const pull = await world.request(web({ image: 'demo:2' }));
      await world.planned(pull.head());
      await world.comment(pull);
      await bench.settled();

      for (const delivery of bench.deliveries()) delivery.again();
      await bench.settled();
      // What they could have made would be there before this is.
      const second = await developer.branch('topic', web({ image: 'demo:2', instances: 3 }));
      await world.planned(second);
      await world.comment(pull, (body) => body.includes(short(second)));

      expect(world.verdicts(pull.head())).toHaveLength(1);
      expect(world.verdicts(pushed, `gridops/${GRID}`)).toHaveLength(1);
      expect((await world.deploys()).filter(({ sha }) => sha === pushed)).toHaveLength(1);
      expect(previewsOf(pull)).toHaveLength(1);
    });

    scenario('for which the master failed are taken up when they come again', async (start) => {
      const disk = { isFull: false };
      const world = await start({ masterPorts: { store: withInboxOn(disk) } });
      const { bench, developer } = world;
      await bench.settled();
      disk.isFull = true;
      const pushed = await developer.push(web({ instances: 2 }));
      const pull = await world.request(web({ image: 'demo:2' }));
      await bench.settled();
      const failed = bench.deliveries().filter(({ status }) => status === 500);
      expect(failed.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['push', 'pull']));
      expect(bench.statuses(pushed)).toEqual([]);
      expect(bench.statuses(pull.head())).toEqual([]);

      disk.isFull = false;
      for (const delivery of failed) delivery.again();

      expect((await world.deployed(pushed)).verdict).toBe('success');
      expect((await world.planned(pull.head())).verdict).toBe('success');
      await world.comment(pull, (body) => body.includes(short(pull.head())));
    });
  });
}

/** Deliveries cannot be noted down while it is full. */
function withInboxOn(disk: { readonly isFull: boolean }): MasterPorts['store'] {
  return (store) => ({
    ...store,
    inbox: {
      ...store.inbox,
      receive: async (delivery) => {
        if (disk.isFull) throw new Error('database or disk is full');
        return await store.inbox.receive(delivery);
      },
    },
  });
}
