import { get } from 'node:http';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/agent-event.ts';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { HookRecord } from '../../src/agent/hook-record.ts';
import { JobRecord } from '../../src/agent/job-record.ts';
import { createLanes, defaultConcurrency } from '../../src/agent/lanes.ts';
import { networkProbes } from '../../src/agent/probe.ts';
import { Reconciler } from '../../src/agent/reconciler.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { shortDigest } from '../../src/model/digest.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { noBalancers, noFiles, noSecrets, silentPublisher } from '../agent/bench.ts';
import { aPort, aSpec } from '../support/builders.ts';
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

const SECONDS = 30_000;
const MEBIBYTE = 1024 ** 2;

describe.skipIf(withoutDocker)('drift on a real engine', () => {
  let grid = '';
  let name = '';
  let reconciler: Reconciler | null = null;
  let events: AgentEvent[] = [];
  let generation = 0;

  beforeAll(ensureTestImages);

  afterEach(async () => {
    await reconciler?.stop();
    await removeGrid(grid);
  });

  function web(overrides: Partial<AssignedInstance & ContainerSpec> = {}): AssignedInstance {
    const { drift, ...rest } = overrides;
    const image = TEST_IMAGES.web1;
    const spec = aSpec({ image, waitForPort: 8080, stopGracePeriod: 1, ...rest });
    const id = {
      stack: grid,
      service: 'web',
      number: 1,
      stateful: false,
      mode: 'start-first',
    } as const;
    const wish = drift === undefined ? {} : { drift };
    return { ...id, spec, specHash: shortDigest(spec), revision: 'c0ffee', ...wish };
  }

  async function run(overrides: Partial<AssignedInstance & ContainerSpec> = {}) {
    grid = testGrid();
    name = `${grid}.web-1`;
    events = [];
    const client = new DockerClient({ address: DOCKER_SOCKET });
    reconciler = new Reconciler({
      scope: { grid, node: 'node-1', publishAddress: '127.0.0.1' },
      containers: bridgedContainers(client),
      engine: new DockerEngine(client),
      publisher: silentPublisher,
      balancers: noBalancers,
      probes: networkProbes,
      files: noFiles,
      secrets: noSecrets,
      lanes: createLanes(defaultConcurrency()),
      hooks: new HookRecord({ text: null, save: async () => await Promise.resolve() }),
      jobs: new JobRecord({ text: null, save: async () => await Promise.resolve() }),
      clock: systemClock,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
      onEvent: (event) => events.push(event),
    });
    assign(web(overrides));
    await settled();
    return { hands: dockerHands(grid), id: await inspect('{{.Id}}') };
  }

  function assign(instance: AssignedInstance): void {
    generation += 1;
    const roster = ['node-1'];
    reconciler?.apply({
      grid,
      node: 'node-1',
      generation,
      roster,
      instances: [instance],
      kept: [],
    });
  }

  const observe = () => reconciler?.observe(`${grid}/web-1`) ?? null;
  const inspect = async (format: string): Promise<string> =>
    await docker('inspect', '-f', format, name).catch(() => '');
  const settled = async () =>
    await vi.waitFor(() => {
      expect(observe()).toMatchObject({ current: { ready: true }, attempt: null });
    }, SECONDS);
  const becomes = async (format: string, value: string) => {
    await vi.waitFor(async () => expect(await inspect(format)).toBe(value), SECONDS);
    await settled();
  };

  it('unpauses what a person has paused', async () => {
    const { hands, id } = await run();

    await hands.pause(name);

    await becomes('{{.State.Paused}} {{.Id}}', `false ${id}`);
  });

  it('gives back its name to what a person has renamed', async () => {
    const { hands, id } = await run();

    await hands.rename(name, `${name}-mine`);

    await becomes('{{.Id}}', id);
  });

  it('sets back a limit that a person has changed, and replaces what got one that it had not', async () => {
    const { hands, id } = await run({ memory: 64 * MEBIBYTE });

    await hands.limitMemory(name, 128 * MEBIBYTE);
    await becomes('{{.HostConfig.Memory}} {{.Id}}', `${64 * MEBIBYTE} ${id}`);
    await docker('update', '--restart', 'always', name);
    await becomes('{{.HostConfig.RestartPolicy.Name}} {{.Id}}', `no ${id}`);
    await docker('update', '--cpu-shares', '100', name);

    await becomes('{{.HostConfig.CpuShares}}', '0');
    expect(await inspect('{{.Id}}')).not.toBe(id);
  });

  it('connects again what a person has cut off, ports included, and takes it out of other networks', async () => {
    const port = await freePort();
    const { hands, id } = await run({ ports: [aPort(port)] });
    expect(await ask(port)).toBe('1');

    await hands.disconnect(name);
    await becomes('{{len .NetworkSettings.Networks}} {{.Id}}', `1 ${id}`);
    await vi.waitFor(async () => expect(await ask(port)).toBe('1'), SECONDS);
    await hands.connectElsewhere(name);

    await becomes('{{len .NetworkSettings.Networks}} {{.Id}}', `1 ${id}`);
    expect(await ask(port)).toBe('1');
  });

  it.each([
    ['paused', ['pause'], '{{.State.Status}}', 'paused'],
    ['stopped', ['stop', '-t', '1'], '{{.State.Status}}', 'exited'],
    ['removed', ['rm', '-f'], '{{.State.Status}}', ''],
  ])(
    'leaves what a person has %s where that is only told, until somebody asks for it',
    async (_, command, format, value) => {
      const { id } = await run({ drift: 'report' });

      await docker(...command, name);
      await vi.waitFor(
        () => expect(observe()?.drift).toMatchObject({ state: 'reported' }),
        SECONDS,
      );
      // Whatever wakes it changes nothing about that.
      const other = web({ drift: 'report' });
      reconciler?.apply({
        grid,
        node: 'node-1',
        generation: 99,
        roster: ['a'],
        instances: [other],
        kept: ['x/y-1'],
      });
      await vi.waitFor(() => expect(observe()?.attempt).toBeNull(), SECONDS);

      expect(await inspect(format)).toBe(value);
      assign(other);
      assign(other);
      await settled();
      expect(observe()?.drift).toBeUndefined();
      expect((await inspect('{{.Id}}')) === id).toBe(value !== '');
    },
  );

  it('starts again what exits by itself where drift is only told', async () => {
    const { id } = await run({ drift: 'report' });

    await docker('exec', name, 'sh', '-c', 'kill -9 -1').catch(() => undefined);
    await vi.waitFor(
      () => expect(events.map(({ kind }) => kind)).toContain('instance-crashed'),
      SECONDS,
    );

    await becomes('{{.State.Running}} {{.Id}}', `true ${id}`);
    expect(observe()?.drift).toBeUndefined();
  });

  it('meets whoever removes it each second ever more rarely, and has it back when a person asks for it', async () => {
    await run();
    let removals = 0;
    const removeIt = async () => {
      const answer = await docker('rm', '-f', name).catch(() => '');
      if (answer === name) removals += 1;
    };
    const actor = setInterval(() => void removeIt(), 1_000);
    try {
      await vi.waitFor(() => expect(observe()?.drift).toMatchObject({ state: 'stalled' }), SECONDS);
    } finally {
      clearInterval(actor);
    }

    expect(observe()?.drift).toMatchObject({
      count: 5,
      differences: [{ what: 'container', wanted: 'running', found: 'removed' }],
    });
    expect(removals).toBeLessThanOrEqual(6);
    expect(observe()?.attempt).toMatchObject({ phase: 'failed', failure: { code: 'stalled' } });
    assign(web());
    await settled();
  }, 60_000);
});

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve(text.trim()));
    });
    request.on('error', reject);
  });
}
