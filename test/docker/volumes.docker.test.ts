import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { createDockerVolumes } from '../../src/agent/docker-volumes.ts';
import { removeVolume } from '../../src/agent/volumes.ts';
import { containerName } from '../../src/model/identity.ts';
import { aVolumeMount } from '../support/builders.ts';
import { anInstance } from '../support/engine-contract.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import {
  bridgedContainers,
  DOCKER_SOCKET,
  docker,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';

describe.skipIf(withoutDocker)('volumes on a real engine', () => {
  const grid = testGrid();
  const scope = { grid, node: 'node-1', publishAddress: '127.0.0.1' };
  const client = new DockerClient({ address: DOCKER_SOCKET });
  const containers = bridgedContainers(client);
  const volumes = createDockerVolumes(client);
  const remove = async (name: string) =>
    await removeVolume(volumes, { grid, node: 'node-1', name, assignment: null });

  beforeAll(ensureTestImages);
  afterAll(async () => await removeGrid(grid));

  it('are listed with whose they are, their size and who has them, and go only when nobody has', async () => {
    const mounts = [aVolumeMount({ name: `data-${grid}` })];
    const instance = anInstance(900, { image: TEST_IMAGES.web1, mounts });
    const name = containerName(instance);
    const id = await containers.create(scope, instance, name);

    const [found, ...others] = await volumes.list(grid, 'node-1');

    expect(others).toEqual([]);
    expect(found).toMatchObject({
      name: `contract.web.data-${grid}-900`,
      driver: 'local',
      stack: 'contract',
      service: 'web',
      number: 900,
      createdAt: expect.any(Number),
      usedBy: [name],
    });
    // Adding up everything on a busy engine may take too long.
    expect(found?.size ?? 0).toBeGreaterThanOrEqual(0);
    expect(await volumes.list(grid, 'node-2')).toEqual([]);
    const volume = found?.name ?? '';
    await expect(remove(volume)).rejects.toThrow(`in use by ${name}`);
    await expect(volumes.remove(volume)).rejects.toMatchObject({ code: 'engine-refused' });
    await containers.remove(id);
    expect(await volumes.list(grid, 'node-1')).toMatchObject([{ name: volume, usedBy: [] }]);
    await remove(volume);
    expect(await volumes.list(grid, 'node-1')).toEqual([]);
  }, 60_000);

  it('of others are nobody’s to remove', async () => {
    const strange = `strange-${grid}`;
    await docker('volume', 'create', strange);
    try {
      await expect(remove(strange)).rejects.toThrow('there is no volume');
      expect(await docker('volume', 'inspect', '-f', '{{.Name}}', strange)).toBe(strange);
    } finally {
      await docker('volume', 'rm', strange);
    }
  });
});
