import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { DockerImages } from '../../src/agent/docker-images.ts';
import { DockerNetworks } from '../../src/agent/docker-networks.ts';
import { removeIdleNetwork } from '../../src/agent/idle-network.ts';
import { createBridgeNetworks } from '../../src/agent/plain-networks.ts';
import { anAssignedInstance, aService } from '../support/builders.ts';
import { ensureTestImages } from '../support/test-images.ts';
import { DOCKER_SOCKET, docker, removeGrid, testGrid, withoutDocker } from './docker-host.ts';
import { startTinyRegistry } from './tiny-registry.ts';

const client = new DockerClient({ address: DOCKER_SOCKET });
const images = new DockerImages(client);
const pulling = { onProgress: () => undefined, signal: new AbortController().signal };

let registry: Awaited<ReturnType<typeof startTinyRegistry>>;
let image: string;
let grid: string;

beforeEach(async () => {
  if (!withoutDocker) await ensureTestImages();
  registry = await startTinyRegistry('shop/web');
  image = `${registry.name}/shop/web:1`;
  grid = testGrid();
});

afterEach(async () => {
  await registry.stop();
  if (!withoutDocker) await removeGrid(grid);
});

async function isThere(reference: string): Promise<boolean> {
  return await docker('image', 'inspect', reference).then(
    () => true,
    () => false,
  );
}

describe.skipIf(withoutDocker)('an image that was pulled', () => {
  it('is known by its id, stays while any container is made from it, and goes after that', async () => {
    const id = await new DockerEngine(client).pull(image, pulling);
    expect(id).toMatch(/^sha256:/);
    expect(await new DockerEngine(client).pull(image, pulling)).toBeNull();
    const container = await docker('create', image);

    expect((await images.used()).has(id ?? '')).toBe(true);
    expect(await images.remove(image, id ?? '')).toBe(false);
    await docker('rm', container);
    expect((await images.used()).has(id ?? '')).toBe(false);
    expect(await images.remove(image, id ?? '')).toBe(true);

    expect(await isThere(id ?? '')).toBe(false);
    expect(await images.remove(image, id ?? '')).toBe(true);
  });

  it('stays under the name that somebody else gave it, or under which somebody has another one', async () => {
    const id = (await new DockerEngine(client).pull(image, pulling)) ?? '';
    await docker('tag', image, `${grid}:mine`);

    await images.remove(image, id);
    expect(await isThere(image)).toBe(false);
    expect(await isThere(`${grid}:mine`)).toBe(true);

    await docker('tag', `${grid}:mine`, image);
    await images.remove(image, 'sha256:another');
    expect(await isThere(image)).toBe(true);
    await docker('rmi', image, `${grid}:mine`);
  });
});

describe.skipIf(withoutDocker)('the network of a grid', () => {
  it('goes when no container of the grid is left, of whichever node, and comes back', async () => {
    const networks = createBridgeNetworks(new DockerNetworks(client));
    const scope = { grid, node: 'node-1', publishAddress: '127.0.0.1' };
    const attach = async () => await networks.attach(scope, anAssignedInstance(aService()));
    const list = async () =>
      await docker('network', 'ls', '-q', '--filter', `name=gridops-${grid}`);
    (await attach()).release();
    const label = `io.kontena.grid.name=${grid}`;
    const container = await docker('create', '--label', label, 'gridops-test/web:1');

    expect(await removeIdleNetwork(client, grid)).toBe(false);
    expect(await list()).not.toBe('');
    await docker('rm', container);
    expect(await removeIdleNetwork(client, grid)).toBe(true);
    expect(await list()).toBe('');

    networks.forget();
    (await attach()).release();
    expect(await list()).not.toBe('');
  });
});
