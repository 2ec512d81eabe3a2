import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const seeded = `    hooks:
      pre_start:
        - {name: seed, cmd: bin/seed, oneshot: true}
`;
const web = (image: string) => ({
  [stackFile('web')]: stackOf('web', { instances: 4, image, more: seeded }),
});
const FILES = ['', '-wal', '-shm'].map((suffix) => `gridops.db${suffix}`);

const backup = () => join(world.masterData, '../backup');

/** Of a master that is stopped. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of FILES) {
    await rm(join(to, name), { force: true });
    await cp(join(from, name), join(to, name), { force: true }).catch(() => undefined);
  }
}

/** The store as it was when the second commit had not been pushed yet. Returns that commit. */
async function restored(options: { readonly reachable: boolean }): Promise<string> {
  ({ world, engine } = await startFlowWorld({
    files: { 'grid.yml': '', ...web('demo:1') },
    pollSeconds: 1,
  }));
  await world.final(await world.work.head());
  await world.stopMaster();
  await copy(world.masterData, backup());
  await world.startMaster();
  const sha = await world.push(web('demo:2'));
  expect(await world.final(sha)).toMatchObject({ state: 'success' });
  await world.stopMaster();
  await copy(backup(), world.masterData);
  engine.journal.length = 0;
  if (!options.reachable) world.github.git.fault({ kind: 'status', status: 503 });
  await world.startMaster();
  await eventually(
    async () => ((await world.gridStatus()).counts.nodesOnline === 2 ? true : null),
    'both nodes',
  );
  return sha;
}

describe('a master that was restored from an old backup', () => {
  it('touches nothing, calls the newest commit deployed, and goes on from the generations of the nodes', async () => {
    const sha = await restored({ reachable: true });

    await eventually(
      async () => ((await world.gridStatus()).deployed === sha ? true : null),
      'the newest commit',
    );

    expect(engine.journal).toEqual([]);
    expect((await world.instances()).map((one) => one.state)).toEqual(Array(4).fill('running'));
    const next = await world.push(web('demo:1'));
    expect(await world.final(next)).toMatchObject({ state: 'success' });
    const seeds = engine.journal.filter((line) => line.startsWith('start-hook'));
    expect(seeds).toEqual([]);
  });

  it('does not go back to the older commit that it remembers while it cannot read the repository', async () => {
    const sha = await restored({ reachable: false });

    await eventually(
      async () => ((await world.gridStatus()).fault === null ? null : true),
      'a fault',
    );
    // Long enough for a pass over what the nodes say.
    await eventually(
      async () => ((await world.instances()).length === 4 ? true : null),
      'all that runs',
    );
    expect(engine.journal).toEqual([]);
    const since = Date.now();
    await eventually(
      async () => await Promise.resolve(Date.now() - since > 1_000 ? true : null),
      'time',
    );
    expect(engine.journal).toEqual([]);
    expect(engine.get('web.web-1').instance.spec.image).toBe('demo:2');

    world.github.calm();
    await eventually(
      async () => ((await world.gridStatus()).deployed === sha ? true : null),
      'the newest commit',
    );
    expect(engine.journal).toEqual([]);
  });
});
