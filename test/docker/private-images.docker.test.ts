import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { recipientOf } from '../../src/secrets/age.ts';
import { sealValue } from '../../src/secrets/sealed-value.ts';
import { TestEngine } from '../support/test-engine.ts';
import { startWorld, type World } from '../support/world.ts';
import { DOCKER_SOCKET, docker, withoutDocker } from './docker-host.ts';
import {
  PASSWORD,
  type PrivateRegistry,
  startPrivateRegistry,
  USER,
  withoutRegistry,
} from './private-registry.ts';

const engine = new TestEngine();
let registry: PrivateRegistry;
let image: string;

describe.skipIf(withoutDocker || withoutRegistry)('an image that is not for everybody', () => {
  beforeAll(async () => {
    await engine.prepare();
    registry = await startPrivateRegistry();
  }, 120_000);

  afterAll(async () => await registry.stop());

  afterEach(async () => void (await docker('image', 'rm', image).catch(() => undefined)));

  describe('on an engine', () => {
    const own = new DockerEngine(new DockerClient({ address: DOCKER_SOCKET }));
    const { signal } = new AbortController();
    const pulling = { onProgress: () => undefined, signal };
    const signIn = (password: string) => () => ({ host: registry.host, username: USER, password });

    it('is pulled by who may, and refused to everybody else', async () => {
      image = await registry.push(engine.image, 'shop/web');

      await expect(own.pull(image, pulling)).rejects.toMatchObject({ code: 'registry-refused' });
      const wrong = own.pull(image, { ...pulling, signIn: signIn('hunter2') });
      await expect(wrong).rejects.toMatchObject({ code: 'registry-refused', retry: 'later' });
      const right = own.pull(image, { ...pulling, signIn: signIn(PASSWORD) });
      await expect(right).resolves.toMatch(/^sha256:/);
    });

    it('that does not exist is missed, not refused', async () => {
      image = `${registry.host}/shop/other:1`;
      const pull = own.pull(image, { ...pulling, signIn: signIn(PASSWORD) });
      await expect(pull).rejects.toMatchObject({ code: 'image-not-found' });
    });
  });

  describe('in a grid', () => {
    let world: World;

    afterEach(async () => {
      const { violations } = world.github;
      await world.stop();
      await engine.clear(world.grid);
      expect(violations).toEqual([]);
    });

    async function deploy(password: string | null) {
      const key = await readFile(join(world.masterData, 'sealing.key'), 'utf8');
      const of = { grid: world.grid, kind: 'secret', name: 'REGISTRY_PASSWORD' } as const;
      const sealed = await sealValue(await recipientOf(key.trim()), of, password ?? '-');
      const account = `registries: {"${registry.host}": {username: ${USER}, password: REGISTRY_PASSWORD}}`;
      const sha = await world.push({
        'grid.yml': `deploy: {timeout: 60s}\n${password === null ? '' : account}\n`,
        'secrets.yml': `secrets: {REGISTRY_PASSWORD: ${sealed}}\n`,
        'stacks/web/kontena.yml': `services:
  web: {image: "${image}", command: sleep 86400, stop_signal: SIGKILL}
`,
      });
      return await world.final(sha);
    }

    it('runs as soon as the account is right, and says before what is wrong with it', async () => {
      image = await registry.push(engine.image, 'shop/web');
      world = await startWorld({ nodes: ['node-1'], files: { 'grid.yml': '' } });

      const without = await deploy(null);
      expect(without.state).toBe('failure');
      expect(without.description).toContain(`${registry.host} wants an account`);
      const wrong = await deploy('hunter2-hunter2');
      expect(wrong.state).toBe('failure');
      expect(wrong.description).toContain(`${registry.host} refused the user ${USER}`);
      const right = await deploy(PASSWORD);
      expect([right.state, right.description]).toEqual(['success', expect.any(String)]);

      expect(await docker('inspect', '-f', '{{.Config.Image}}', 'web.web-1')).toBe(image);
    }, 120_000);
  });
});
