import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/agent/containers.ts';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { type AgentPorts, startAgent } from '../../src/agent/main.ts';
import type { InstanceStatus } from '../../src/protocol/instance-api.ts';
import type { NodeList, NodeStatus } from '../../src/protocol/node-api.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import { eventually, startWorld, type World } from '../support/world.ts';
import { docker } from './docker-host.ts';
import { OwnEngine, withoutOwnEngine } from './own-engine.ts';
import { startPushRegistry } from './push-registry.ts';

const LONG = 90_000;

let engine: OwnEngine;
let world: World;

beforeEach(async () => {
  if (withoutOwnEngine) return;
  await ensureTestImages();
  engine = await OwnEngine.start();
  await engine.load(TEST_IMAGES.web1, TEST_IMAGES.web2);
}, 120_000);

afterEach(async () => {
  if (withoutOwnEngine) return;
  await world.stop();
  await engine.end();
});

/** One node on the engine of this test. */
async function start(
  files: Readonly<Record<string, string>>,
  ports: Partial<AgentPorts> = {},
): Promise<void> {
  world = await startWorld({
    files: { 'grid.yml': 'deploy: {timeout: 10m}\n', ...files },
    nodes: ['node-1'],
    launchAgent: async (options) =>
      await startAgent(
        {
          ...options,
          dockerSocket: engine.socket,
          log: silentLog,
          // An engine is called silent after fifteen seconds of the agent's, and its disk looked at every thirty.
          clock: hurriedClock(4),
          random: () => 0.01,
        },
        ports,
      ),
  });
  expect(await world.final(await world.work.head(), LONG)).toMatchObject({ state: 'success' });
}

const web = (image: string, name = 'web') => ({
  [`stacks/${name}/kontena.yml`]: `stack: test/${name}
services:
  ${name}:
    image: ${image}
    deploy: {wait_for_port: 8080}
    stop_grace_period: 1s
`,
});

const keeper = {
  'stacks/data/kontena.yml': `stack: test/data
services:
  keeper:
    image: ${TEST_IMAGES.web1}
    stateful: true
    command: sh -c "echo kept >> /data/note; exec sleep 86400"
    volumes: [/data]
    stop_signal: SIGKILL
`,
};

async function node(): Promise<NodeStatus | undefined> {
  const { nodes } = await world.api<NodeList>(`grids/${world.grid}/nodes`);
  return nodes[0];
}

async function engineIs(state: 'ok' | 'silent'): Promise<NonNullable<NodeStatus['engine']>> {
  return await eventually(
    async () => {
      const found = (await node())?.engine;
      return found?.state === state ? found : null;
    },
    `an engine that is ${state}`,
    LONG,
  );
}

async function instance(
  service: string,
  holds: (one: InstanceStatus) => boolean,
): Promise<InstanceStatus> {
  return await eventually(
    async () => {
      const found = (await world.instances()).find((one) => one.service === service);
      return found !== undefined && holds(found) ? found : null;
    },
    `${service} as expected`,
    LONG,
  );
}

const isRunning = ({ state }: InstanceStatus): boolean => state === 'running';

/** What the keeper has kept. That it runs the master may have heard before its engine was gone. */
async function notes(): Promise<string> {
  return await eventually(
    async () =>
      await engine.command('exec', 'data.keeper-1', 'cat', '/data/note').catch(() => null),
    'the notes',
    LONG,
  );
}

/** The container that makes way goes after its successor is ready, which is when the commit is done. */
async function onlyTwo(): Promise<void> {
  await eventually(
    async () => ((await engine.command('ps', '-q')).split('\n').length === 2 ? true : null),
    'two containers',
    LONG,
  );
}

/** As a person does who wants disk space, again and again. */
async function pruneUntil(over: AbortSignal): Promise<void> {
  while (!over.aborted) await engine.command('system', 'prune', '-af', '--volumes');
}

/** A registry with an image of its own, which nobody has. */
async function registryWith(source: string, beforeBlob?: () => Promise<void>) {
  const registry = await startPushRegistry(beforeBlob);
  const image = `${registry.name}/shop/web:1`;
  await docker('tag', source, image);
  await docker('push', image);
  await docker('rmi', image);
  return { image, stop: registry.stop };
}

/** Of which somebody removes an image as soon as it was pulled for the first time. */
function tidied(image: string): Engine {
  const real = new DockerEngine(new DockerClient({ address: engine.socket }));
  let isTidied = false;
  return {
    facts: async () => await real.facts(),
    host: async (scope) => await real.host(scope),
    ping: async () => await real.ping(),
    disk: async () => await real.disk(),
    pull: async (wanted, options) => {
      const id = await real.pull(wanted, options);
      if (wanted === image && !isTidied) {
        isTidied = true;
        await engine.command('rmi', image);
      }
      return id;
    },
  };
}

describe.skipIf(withoutOwnEngine)('a Docker engine', () => {
  it('that is killed and started again is shown as silent meanwhile, and everything comes back by itself', async () => {
    await start({ ...web(TEST_IMAGES.web1), ...keeper });

    await engine.kill();
    expect((await engineIs('silent')).reason).toContain('does not answer');
    const sha = await world.push(web(TEST_IMAGES.web2));
    await engine.start();

    await engineIs('ok');
    expect(await world.final(sha, LONG)).toMatchObject({ state: 'success' });
    await instance('keeper', isRunning);
    expect(await notes()).toMatch(/^kept(\nkept)*$/);
    await onlyTwo();
  });

  it('that hangs is shown as silent, and nothing is touched when it goes on', async () => {
    await start(web(TEST_IMAGES.web1));
    const before = await engine.command('ps', '-q', '--no-trunc');

    engine.freeze();
    expect((await engineIs('silent')).reason).toContain('no answer within');
    expect(await instance('web', ({ state }) => state === 'unknown')).toBeDefined();
    engine.thaw();

    await engineIs('ok');
    await instance('web', isRunning);
    expect(await engine.command('ps', '-q', '--no-trunc')).toBe(before);
    const kinds = (await world.events()).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['engine-silent', 'engine-back']));
  });

  it('that somebody prunes while a deploy goes on loses nothing that is the grid’s', async () => {
    await start({ ...web(TEST_IMAGES.web1), ...keeper });

    const sha = await world.push(web(TEST_IMAGES.web2));
    const over = new AbortController();
    const prunes = pruneUntil(over.signal);
    // The image of the new version is unused until a container is made from it, and is pruned: there is none to be had.
    const failed = await world.final(sha, LONG);
    over.abort();
    await prunes;
    if (failed.state !== 'success') {
      expect(failed.description).toContain(TEST_IMAGES.web2);
      await engine.load(TEST_IMAGES.web2);
    }

    await instance('web', (one) => isRunning(one) && one.revision === sha);
    expect(await notes()).toBe('kept');
  });

  it('that has no room for an image says so with what to do, and goes on when there is', async () => {
    await start(web(TEST_IMAGES.web1));
    const registry = await registryWith(TEST_IMAGES.web2);
    // Else it would have the layers already.
    await engine.command('rmi', TEST_IMAGES.web2);
    try {
      await engine.fill(600);
      const low = await eventually(
        async () => (await world.events()).find(({ kind }) => kind === 'disk-low') ?? null,
        'a warning',
        LONG,
      );
      expect(low.message).toContain('of 0.1 GiB free');
      const sha = await world.push(web(registry.image));

      const status = await world.final(sha, LONG);
      expect(status.state).toBe('failure');
      expect(status.description).toContain(`cannot pull image ${registry.image}`);
      const failing = await instance('web', ({ state }) => state === 'failing');
      expect(failing.attempt?.failure?.code).toBe('disk-full');
      expect(failing.attempt?.failure?.message).toContain('docker system df');
      // The old one serves on.
      expect(failing.specHash).not.toBeNull();

      await engine.makeRoom();
      await instance('web', (one) => isRunning(one) && one.revision === sha);
    } finally {
      await registry.stop();
    }
  });

  it('whose registry is slow shows that it pulls, and nothing else waits for it', async () => {
    await start(web(TEST_IMAGES.web1));
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const registry = await registryWith(TEST_IMAGES.web2, async () => await gate);
    await engine.command('rmi', TEST_IMAGES.web2);
    try {
      const slow = await world.push(web(registry.image));
      const pulling = await instance('web', ({ attempt }) => attempt?.phase === 'pulling');
      expect(pulling.attempt?.message).toContain('pulling');
      expect(pulling.health).not.toBe('unhealthy');

      const sha = await world.push(web(TEST_IMAGES.web1, 'other'));
      await instance('other', isRunning);
      expect((await world.final(slow, LONG)).description).toContain('superseded');
      open();

      expect(await world.final(sha, LONG)).toMatchObject({ state: 'success' });
      await instance('web', (one) => isRunning(one) && one.specHash !== pulling.specHash);
    } finally {
      open();
      await registry.stop();
    }
  });

  it('from which an image vanishes between pull and create pulls it again, and nothing fails', async () => {
    const registry = await registryWith(TEST_IMAGES.web2);
    await engine.command('rmi', TEST_IMAGES.web2);
    try {
      await start(web(registry.image), { engine: tidied(registry.image) });

      await instance('web', isRunning);
      const kinds = (await world.events()).map(({ kind }) => kind);
      expect(kinds).not.toContain('instance-failed');
    } finally {
      await registry.stop();
    }
  });
});
