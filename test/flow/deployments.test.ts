import { afterEach, expect, it } from 'vitest';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const GRID = 'deploy: {environment_url: "https://shop.example.com"}\n';

/** The last state of each deployment, oldest first, once all are as they are to be. */
async function deploymentsAre(...wanted: readonly string[]): Promise<void> {
  const last = () =>
    world.repository.deployments.map(({ statuses }) => statuses.at(-1)?.state ?? 'none');
  await eventually(
    async () => await Promise.resolve(last().join() === wanted.join() ? true : null),
    `deployments ${wanted.join(', ')}`,
  );
}

it('each deploy is a deployment of its grid, and the newest that succeeded is the one that runs', async () => {
  const web = (image: string) => ({ [stackFile('web')]: stackOf('web', { image }) });
  ({ world } = await startFlowWorld({ files: { 'grid.yml': GRID, ...web('demo:1') } }));
  await world.final(await world.work.head());
  await deploymentsAre('success');

  await world.final(await world.push(web('demo:2')));
  await deploymentsAre('inactive', 'success');

  const broken = await world.push(web('broken:1'));
  await world.final(broken);
  await deploymentsAre('inactive', 'success', 'failure');

  const { deployments } = world.repository;
  expect(deployments.map(({ environment }) => environment)).toEqual(Array(3).fill(world.grid));
  expect(deployments.at(-1)).toMatchObject({ sha: broken });
  const [, second] = deployments;
  expect(second?.statuses.at(-1)).toMatchObject({
    environmentUrl: 'https://shop.example.com',
    logUrl: expect.stringContaining('https://gridops.example.com/deploys/'),
  });
});

it('a master that comes back wakes no deployment that is over', async () => {
  const web = (image: string) => ({ [stackFile('web')]: stackOf('web', { image }) });
  ({ world } = await startFlowWorld({ files: web('demo:1') }));
  await world.final(await world.work.head());
  await world.final(await world.push(web('demo:2')));
  await deploymentsAre('inactive', 'success');
  const told = () => world.repository.deployments.flatMap(({ statuses }) => statuses).length;
  const before = told();

  await world.stopMaster();
  await world.startMaster();
  await world.final(await world.push(web('demo:1')));
  await deploymentsAre('inactive', 'inactive', 'success');

  expect(world.repository.deployments.slice(0, 2).flatMap(({ statuses }) => statuses)).toHaveLength(
    before + 1,
  );
});
