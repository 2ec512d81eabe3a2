import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { bridgeName, DockerNetworks } from '../../src/agent/docker-networks.ts';
import { RefusedPorts } from '../../src/agent/refused-ports.ts';
import { errorMessage } from '../../src/model/error.ts';
import { containerName } from '../../src/model/identity.ts';
import {
  aFailure,
  anAssignedInstance,
  anAttempt,
  anObservedInstance,
  aPort,
  aService,
  aSpec,
} from '../support/builders.ts';
import { describeEngineContract } from '../support/engine-contract.ts';
import { describeHandsContract } from '../support/hands-contract.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import {
  bridgedContainers,
  DOCKER_SOCKET,
  docker,
  dockerHands,
  freePort,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';
import { startTinyRegistry } from './tiny-registry.ts';

describe.skipIf(withoutDocker)('Docker', () => {
  describeEngineContract('Docker', async () => {
    await ensureTestImages();
    const client = new DockerClient({ address: DOCKER_SOCKET });
    const grid = testGrid();
    return {
      containers: bridgedContainers(client),
      engine: new DockerEngine(client),
      scope: { grid, node: 'node-1', publishAddress: '127.0.0.1' },
      images: { serves: TEST_IMAGES.web1, exits: TEST_IMAGES.broken },
      freePort: await freePort(),
      end: () => removeGrid(grid),
    };
  });

  describeHandsContract('Docker', async () => {
    await ensureTestImages();
    const client = new DockerClient({ address: DOCKER_SOCKET });
    const grid = testGrid();
    return {
      containers: bridgedContainers(client),
      engine: new DockerEngine(client),
      scope: { grid, node: 'node-1', publishAddress: '127.0.0.1' },
      images: { serves: TEST_IMAGES.web1, exits: TEST_IMAGES.broken },
      freePort: await freePort(),
      end: () => removeGrid(grid),
      hands: dockerHands(grid),
    };
  });

  it('has one network for a grid, however many agents make it at the same moment', async () => {
    const grid = testGrid();
    const agents = Array.from({ length: 6 }, () => {
      return new DockerNetworks(new DockerClient({ address: DOCKER_SOCKET }));
    });

    try {
      const ids = await Promise.all(
        agents.map(
          async (agent) =>
            await agent.ensure({ name: `gridops-${grid}`, grid, bridge: bridgeName(grid) }),
        ),
      );

      expect(new Set(ids).size).toBe(1);
      const name = `name=gridops-${grid}`;
      expect(await docker('network', 'ls', '-q', '--no-trunc', '--filter', name)).toBe(ids[0]);
    } finally {
      await removeGrid(grid);
    }
  });

  it('tells what others have on its host, and for how long', async () => {
    await ensureTestImages();
    const engine = new DockerEngine(new DockerClient({ address: DOCKER_SOCKET }));
    const grid = testGrid();
    const scope = { grid, node: 'node-1', publishAddress: '0.0.0.0' };
    const port = await freePort();
    const mine = async () => {
      const { ports, volumes } = await engine.host(scope);
      return {
        ports: ports.filter(({ container }) => container === grid),
        volumes: volumes.filter((name) => name.startsWith(grid)),
      };
    };
    const label = `io.kontena.grid.name=${grid}`;
    const published = [`127.0.0.1:${port}:8080`, `127.0.0.1:${port}:8080/udp`];

    try {
      await docker('volume', 'create', '--label', label, `${grid}-data`);
      const flags = published.flatMap((one) => ['-p', one]);
      const volumes = ['-v', `${grid}-data:/data`, '-v', '/nameless'];
      await docker('network', 'create', '--label', label, grid);
      const named = ['run', '-d', '--name', grid, '--label', label, '--network', grid];
      await docker(...named, ...flags, ...volumes, TEST_IMAGES.web1);

      const taken = { address: '127.0.0.1', port, container: grid };
      expect(await mine()).toEqual({
        ports: [
          { ...taken, protocol: 'tcp' },
          { ...taken, protocol: 'udp' },
        ],
        volumes: [`${grid}-data`],
      });
      const { images = [] } = await engine.host(scope);
      expect(images.find(({ name }) => name === TEST_IMAGES.web1)?.bytes).toBeGreaterThan(0);

      await docker('stop', '-t', '0', grid);
      expect(await mine()).toEqual({ ports: [], volumes: [`${grid}-data`] });
    } finally {
      await removeGrid(grid);
    }
  });

  it('says it in words that are understood when the host itself has a port', async () => {
    await ensureTestImages();
    const grid = testGrid();
    const scope = { grid, node: 'node-1', publishAddress: '127.0.0.1' };
    const containers = bridgedContainers(new DockerClient({ address: DOCKER_SOCKET }));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const spec = aSpec({ image: TEST_IMAGES.web1, ports: [aPort(port)] });
    const instance = anAssignedInstance(aService({ stack: grid, spec }));

    try {
      const id = await containers.create(scope, instance, containerName(instance));
      const refusal = await containers.start(id).catch((error: unknown) => error);
      const failure = aFailure({ code: 'port-taken', message: errorMessage(refusal) });
      const attempt = anAttempt({ phase: 'failed', failure });
      const refused = new RefusedPorts(scope.publishAddress);
      refused.notice(instance, anObservedInstance({ current: null, attempt }), 0);
      expect(refused.list(0)).toEqual([
        { address: '127.0.0.1', port, protocol: 'tcp', container: null },
      ]);
    } finally {
      server.close();
      await removeGrid(grid);
    }
  });

  describe('pulling', () => {
    const engine = new DockerEngine(new DockerClient({ address: DOCKER_SOCKET }));
    const { signal } = new AbortController();

    it('fetches an image that is absent, once, and says how far it is', async () => {
      const registry = await startTinyRegistry('shop/web');
      const image = `${registry.name}/shop/web:1`;
      const told: number[] = [];
      const options = { onProgress: (percent: number) => told.push(percent), signal };

      try {
        await engine.pull(image, options);
        const first = told.length;
        await registry.stop();
        await engine.pull(image, options);

        expect(told.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
        expect(told).toHaveLength(first);
        expect(await docker('image', 'inspect', '-f', '{{.Config.Cmd}}', image)).toBe('[/hello]');
      } finally {
        await docker('image', 'rm', image).catch(() => undefined);
      }
    });

    it('fetches an image for the platform that is asked for, and knows when it has it', async () => {
      const registry = await startTinyRegistry('shop/web');
      const image = `${registry.name}/shop/web:1`;
      const pull = (platform: string) =>
        engine.pull(image, { platform, onProgress: () => undefined, signal });

      try {
        await pull('linux/amd64');
        await registry.stop();

        await pull('linux/amd64');
        await expect(pull('linux/arm64')).rejects.toMatchObject({ code: 'image-pull-failed' });
      } finally {
        await docker('image', 'rm', image).catch(() => undefined);
      }
    });

    it('tells an image that no registry has from a registry that does not answer', async () => {
      const registry = await startTinyRegistry('shop/web');
      const pull = (name: string) =>
        engine.pull(`${registry.name}/${name}`, { onProgress: () => undefined, signal });

      await expect(pull('shop/other:1')).rejects.toMatchObject({ code: 'image-not-found' });
      await registry.stop();
      await expect(pull('shop/web:1')).rejects.toMatchObject({
        code: 'image-pull-failed',
        retry: 'later',
      });
    });
  });
});
