import type { World } from '../../support/world.ts';
import { inGrid, type RedScenario, type Told, WEB_FILE, web } from './scenario.ts';

const previews = 'previews: {limit: 1, stacks: {web: {}}}\n';

function proposing(of: Parameters<typeof web>[0]): (world: World) => Promise<Told> {
  return async (world) => {
    const pull = await world.repository.openPullRequest({ files: inGrid(world, web(of)) });
    return { sha: pull.head, words: { number: String(pull.number) } };
  };
}

/** Of `gridops/environment (<grid>)`. */
export const environmentScenarios: readonly RedScenario[] = [
  {
    name: 'something that no pull request gets',
    line: '<file>:<line>:<column> <what is wrong>',
    said: `${WEB_FILE}:3:3 the service "web" asks for "privileged", which no pull request gets`,
    files: { 'grid.yml': previews },
    arrange: proposing({ more: '    privileged: true\n' }),
  },
  {
    name: 'a container that ends',
    line: '<instance> on <node>: <why it failed>',
    said: 'web-pr-{number}/web-1 on node-*: the container exited with code 1 before it was ready: giving up',
    files: { 'grid.yml': previews },
    arrange: proposing({ image: 'broken:1' }),
  },
  {
    name: 'an instance that fits on no node',
    line: '<instance>: no node can take it: <filters and nodes>',
    said: 'web-pr-{number}/web-1: no node can take it: label==ssd not satisfied (node-1, node-2)',
    files: { 'grid.yml': previews },
    arrange: proposing({ more: '    affinity: [label==ssd]\n' }),
  },
];

/** The same, in state `pending`: it waits for others. */
export const waitingScenarios: readonly RedScenario[] = [
  {
    name: 'more requests than the limit',
    line: 'waits until one of <requests> is closed: <limit> at a time',
    said: 'waits until one of #{first} is closed: 1 at a time',
    files: { 'grid.yml': previews },
    arrange: async (world) => {
      const first = await proposing({ image: 'demo:2' })(world);
      const context = `gridops/environment (${world.grid})`;
      const isDone = ({ state }: { readonly state: string }) => state === 'success';
      await world.github.waitForStatus(first.sha, context, isDone, 30_000);
      const second = await proposing({ image: 'demo:2', instances: 2 })(world);
      return { ...second, words: { first: first.words?.['number'] ?? '' } };
    },
  },
];
