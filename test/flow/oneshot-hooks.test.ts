import { rm } from 'node:fs/promises';
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

const more = `    hooks:
      pre_start:
        - {name: seed, cmd: bin/seed, oneshot: true}
        - {name: check, cmd: bin/check}
`;
const gridFile = (drained: string | null) =>
  drained === null ? '' : `nodes:\n  ${drained}: {availability: drain}\n`;

async function startWorld(): Promise<string> {
  const files = { 'grid.yml': gridFile(null), [stackFile('web')]: stackOf('web', { more }) };
  ({ world, engine } = await startFlowWorld({ files }));
  await world.final(await world.work.head());
  return await nodeOfWeb();
}

async function nodeOfWeb(): Promise<string> {
  return await eventually(
    async () => (await world.instances()).find((one) => one.state === 'running')?.node ?? null,
    'a ready instance',
  );
}

async function moveAway(from: string): Promise<void> {
  const sha = await world.push({ 'grid.yml': gridFile(from) });
  await world.final(sha);
  expect(await nodeOfWeb()).not.toBe(from);
}

const runs = (hook: string) =>
  engine.journal.filter((line) => line === `start-hook pre-start/${hook}`).length;

describe('a oneshot hook', () => {
  it('does not run again on the node that the instance moves to', async () => {
    const first = await startWorld();

    await moveAway(first);

    expect([runs('seed'), runs('check')]).toEqual([1, 2]);
  });

  it('does not run again when the store is lost before the instance moves', async () => {
    const first = await startWorld();
    await world.stopMaster();
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(world.masterData, `gridops.db${suffix}`), { force: true });
    await world.startMaster();

    await moveAway(first);

    expect([runs('seed'), runs('check')]).toEqual([1, 2]);
  });
});
