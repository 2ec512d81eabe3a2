import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
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

const SECRET = 'correct horse battery staple';

const files = {
  [stackFile('web')]: `${stackOf('web', {
    instances: 2,
    more: '    volumes: ["./html:/html:ro"]\n    secrets: [key]\n',
  })}  plain: {image: "demo:1"}
secrets: {key: {file: ./key}}
`,
  'stacks/web/html/index.html': 'one',
  'stacks/web/key': SECRET,
};

/** Where the container's mount comes from. */
function sourceOf(container: string, target: string): string {
  const { mounts } = engine.get(container).instance.spec;
  const mount = mounts.find((one) => one.target === target);
  if (mount?.kind !== 'bind') throw new Error(`${target} is not mounted`);
  return mount.source;
}

async function start(): Promise<void> {
  ({ world, engine } = await startFlowWorld({ files }));
  expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });
}

describe('files of the repository', () => {
  it('go from a push to every node, and a changed one replaces who mounts it', async () => {
    await start();
    const before = sourceOf('web.web-1', '/html');
    expect(await readFile(path.join(before, 'index.html'), 'utf8')).toBe('one');
    const plain = engine.get('web.plain-1').id;

    const logo = Buffer.from([0x89, 0, 0xff]);
    await world.work.write(`grids/${world.grid}/stacks/web/html/logo.png`, logo);
    const sha = await world.push({ 'stacks/web/html/index.html': 'two' });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    for (const container of ['web.web-1', 'web.web-2']) {
      const after = sourceOf(container, '/html');
      expect(after).not.toBe(before);
      expect(await readFile(path.join(after, 'index.html'), 'utf8')).toBe('two');
      expect(await readFile(path.join(after, 'logo.png'))).toEqual(logo);
    }
    expect(engine.get('web.plain-1').id).toBe(plain);
  });

  it('come back from the assignment while the master is away', async () => {
    await start();
    const source = sourceOf('web.web-1', '/run/secrets/key');
    await world.stopMaster();
    await rm(path.dirname(source), { recursive: true });
    engine.removeByHand('web.web-1');

    await eventually(
      async () => await Promise.resolve(engine.names.includes('web.web-1') ? true : null),
      'the container',
    );
    expect(await readFile(sourceOf('web.web-1', '/run/secrets/key'), 'utf8')).toBe(SECRET);
  });

  it('are shown by nothing that tells of a deploy', async () => {
    await start();
    const [deploy] = await world.deploys();
    const shown = JSON.stringify([
      await world.gridStatus(),
      await world.events(),
      await world.deploys(),
      await world.deploy(deploy?.id ?? ''),
    ]);

    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain(Buffer.from(SECRET).toString('base64'));
  });
});
