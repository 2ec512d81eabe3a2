import type { FakePull } from '../../forge/fake-pull.ts';
import type { World } from '../../support/world.ts';
import {
  type Files,
  inGrid,
  MISSPELT,
  type RedScenario,
  type Told,
  WEB_FILE,
  web,
} from './scenario.ts';

const SSD = web({ more: '    affinity: [label==ssd]\n' });

function proposing(files: Files): (world: World) => Promise<Told> {
  return async (world) => ({ sha: (await propose(world, files)).head });
}

/** Of `gridops/plan`. */
export const planScenarios: readonly RedScenario[] = [
  {
    name: 'an error in a file',
    line: '<file>:<line>:<column> <what is wrong>',
    said: `${WEB_FILE}:4:5 unknown key "imag"`,
    arrange: proposing(MISSPELT),
  },
  {
    name: 'a conflict',
    line: 'conflicts with <branch>: <file>',
    said: `conflicts with main: ${WEB_FILE}`,
    arrange: conflict,
  },
  {
    name: 'an instance that fits on no node',
    line: 'no node for <instances>; <what is done>',
    said: 'no node for 1 instance; nothing to do',
    arrange: proposing(SSD),
  },
];

/** The same, in state `error`: we could not plan it. */
export const unplannedScenarios: readonly RedScenario[] = [
  {
    name: 'a code host whose Git does not answer',
    line: '<what happened>',
    said: 'Cannot reach {url}: the server answered with HTTP status 500.',
    options: async () => await Promise.resolve({ engine: 'isomorphic' as const }),
    arrange: async (world) => {
      world.github.git.fault({ kind: 'status', status: 500 });
      const told = await proposing(web({ image: 'demo:2' }))(world);
      return { ...told, words: { url: world.repository.cloneUrl } };
    },
  },
  {
    name: 'more grids than one preview plans',
    line: 'it changes <number> grids, and one preview plans 200',
    said: 'it changes 201 grids, and one preview plans 200',
    arrange: async (world) => {
      const grids = Array.from({ length: 201 }, (_, n) => [`grids/g${n}/grid.yml`, '\n'] as const);
      const pull = await world.repository.openPullRequest({ files: Object.fromEntries(grids) });
      return { sha: pull.head };
    },
  },
  {
    name: 'a history of its own',
    line: 'the pull request and the branch have no commit in common',
    said: 'the pull request and the branch have no commit in common',
    arrange: async (world) => {
      const { work, repository } = world;
      const main = await work.head();
      const tree = await work.git('rev-parse', `${main}^{tree}`);
      const sha = await work.git('commit-tree', tree, '-m', 'another beginning');
      await work.git('push', '-q', 'origin', `${sha}:refs/heads/other`);
      return { sha: (await repository.openPullRequest({ branch: 'other' })).head };
    },
  },
  {
    name: 'a group of a merge queue that is gone',
    line: 'the queue has moved on',
    said: 'the queue has moved on',
    arrange: async (world) => {
      const pull = await propose(world, web({ image: 'demo:2' }));
      await world.github.waitForStatus(
        pull.head,
        'gridops/plan',
        ({ state }) => state === 'success',
      );
      await world.stopMaster();
      const group = await pull.enqueue();
      const isGroup = ({ event }: { event: string }) => event === 'merge_group';
      const lost = await world.github.waitForDelivery(isGroup);
      await world.github.settled();
      await world.repository.setBranch(group.ref.slice('refs/heads/'.length), null);
      await world.startMaster();
      world.github.redeliver(lost.id);
      return { sha: group.sha };
    },
  },
];

/** Of `gridops/plan (<grid>)`. */
export const gridPlanScenarios: readonly RedScenario[] = [
  {
    name: 'an error in a file',
    line: '<file>:<line>:<column> <what is wrong>',
    said: `${WEB_FILE}:4:5 unknown key "imag"`,
    arrange: proposing(MISSPELT),
  },
  {
    name: 'an instance that fits on no node',
    line: 'no node for <instances>; <what is done>',
    said: 'no node for 1 instance; nothing to do',
    arrange: proposing(SSD),
  },
  {
    name: 'a conflict, once there was a plan',
    line: 'conflicts with <branch>: <file>',
    said: `conflicts with main: ${WEB_FILE}`,
    arrange: conflict,
  },
];

/** Titles of check runs, of requests. */
export const filesScenarios: readonly RedScenario[] = [
  {
    name: 'an error in a file',
    line: '<number of errors>',
    said: '1 error',
    arrange: proposing(MISSPELT),
  },
];

async function propose(world: World, files: Files): Promise<FakePull> {
  return await world.repository.openPullRequest({ files: inGrid(world, files) });
}

async function conflict(world: World): Promise<Told> {
  const pull = await propose(world, web({ image: 'demo:2' }));
  const context = `gridops/plan (${world.grid})`;
  await world.github.waitForStatus(pull.head, context, ({ state }) => state === 'success', 30_000);
  await world.push(web({ image: 'demo:1', instances: 3 }));
  await world.push(web({ image: 'broken:1', instances: 3 }));
  return { sha: pull.head };
}
