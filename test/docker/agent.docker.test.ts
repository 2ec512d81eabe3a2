import { get } from 'node:http';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
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
  freePort,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';

const SECONDS = 30_000;

/** A node of a grid of its own on the real engine. */
class RealNode {
  readonly grid = testGrid();
  readonly #publishAddress: string;
  readonly #node: string;
  #reconciler: Reconciler | null = null;
  #generation = 0;

  constructor(name = 'node-1', publishAddress = '127.0.0.1') {
    this.#node = name;
    this.#publishAddress = publishAddress;
  }

  start(): void {
    const client = new DockerClient({ address: DOCKER_SOCKET });
    this.#reconciler = new Reconciler({
      scope: { grid: this.grid, node: this.#node, publishAddress: this.#publishAddress },
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
      onEvent: () => undefined,
    });
  }

  async stop(): Promise<void> {
    await this.#reconciler?.stop();
  }

  assign(...instances: AssignedInstance[]): void {
    this.#generation += 1;
    this.#reconciler?.apply({
      grid: this.grid,
      node: this.#node,
      generation: this.#generation,
      roster: [this.#node],
      instances,
      kept: [],
    });
  }

  /** Resolves when every instance is ready on its spec and nothing is left to do. */
  async settled(...instances: AssignedInstance[]): Promise<void> {
    await vi.waitFor(
      () => {
        const observed = this.#reconciler?.observed() ?? [];
        const settled = observed.map(({ current, attempt }) => ({
          specHash: current?.specHash,
          ready: current?.ready,
          attempt,
        }));
        const wanted = instances.map(({ specHash }) => ({ specHash, ready: true, attempt: null }));
        expect(settled).toEqual(wanted);
      },
      { timeout: SECONDS, interval: 20 },
    );
  }

  observe(path: string) {
    return this.#reconciler?.observe(path) ?? null;
  }

  /** Milliseconds of the first event `action image` of the grid's containers. */
  async eventTime(since: number, event: string): Promise<number> {
    const [from, until] = [since, Date.now()].map((time) => (time / 1_000).toFixed(3));
    const format = '{{.TimeNano}} {{.Action}} {{.Actor.Attributes.image}}';
    const filter = `label=io.kontena.grid.name=${this.grid}`;
    const range = ['--since', from ?? '', '--until', until ?? ''];
    const lines = await docker('events', ...range, '--filter', filter, '--format', format);
    const line = lines.split('\n').find((one) => one.endsWith(` ${event}`));
    return Number(line?.split(' ')[0] ?? Number.NaN) / 1e6;
  }

  /** `name image status` of every container of the grid, as a person sees them. */
  async seen(): Promise<string[]> {
    const format = '{{.Names}} {{.Image}} {{.State}}';
    const filter = `label=io.kontena.grid.name=${this.grid}`;
    const lines = await docker('ps', '-a', '--filter', filter, '--format', format);
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .toSorted();
  }
}

let nodes: RealNode[] = [];

function node(...args: ConstructorParameters<typeof RealNode>): RealNode {
  const one = new RealNode(...args);
  nodes.push(one);
  one.start();
  return one;
}

/** Names of stacks are the grid's, so that runs beside each other on one engine do not meet. */
function web(
  on: RealNode,
  image: string,
  overrides: Partial<AssignedInstance & ContainerSpec> = {},
): AssignedInstance {
  const { number = 1, stateful = false, mode = 'start-first', ...rest } = overrides;
  const spec = aSpec({ image, waitForPort: 8080, stopGracePeriod: 2, ...rest });
  const specHash = shortDigest(spec);
  const id = { stack: on.grid, service: 'web', number };
  return { ...id, stateful, spec, specHash, revision: 'c0ffee', mode };
}

function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve(text.trim()));
    });
    request.on('error', reject);
  });
}

describe.skipIf(withoutDocker)('an agent on a real engine', () => {
  beforeAll(ensureTestImages);

  afterEach(async () => {
    for (const one of nodes) await one.stop();
    for (const one of nodes) await removeGrid(one.grid);
    nodes = [];
  });

  it('runs, replaces beside the old one, keeps the old one when the new one is broken, and takes away', async () => {
    const on = node();
    const [first, second] = [web(on, TEST_IMAGES.web1), web(on, TEST_IMAGES.web2)];
    const broken = web(on, TEST_IMAGES.broken);
    const name = `${on.grid}.web-1`;

    on.assign(first);
    await on.settled(first);
    expect(await on.seen()).toEqual([`${name} ${TEST_IMAGES.web1} running`]);

    on.assign(second);
    await on.settled(second);
    expect(await on.seen()).toEqual([`${name} ${TEST_IMAGES.web2} running`]);
    const id = await docker('inspect', '-f', '{{.Id}}', name);

    on.assign(broken);
    await vi.waitFor(
      () => expect(on.observe(`${on.grid}/web-1`)?.attempt?.failure?.count).toBeGreaterThan(1),
      SECONDS,
    );
    expect(on.observe(`${on.grid}/web-1`)).toMatchObject({
      current: { id, ready: true },
      attempt: {
        phase: 'failed',
        failure: {
          code: 'container-exited',
          exitCode: 1,
          // One line on each stream: the engine copies them side by side, so their order is not Docker's to promise.
          log: expect.toSatisfy(
            (log: string[]) =>
              log.toSorted().join() === 'cannot find the settings,reading the settings',
          ),
        },
      },
    });

    on.assign();
    await on.settled();
    expect(await on.seen()).toEqual([]);
  });

  it('stops the old container only after the new one answers', async () => {
    const on = node();
    const first = web(on, TEST_IMAGES.web1);
    const second = web(on, TEST_IMAGES.web2, { env: { DELAY: '1' } });
    on.assign(first);
    await on.settled(first);
    const since = Date.now();

    on.assign(second);
    await on.settled(second);

    const started = await on.eventTime(since, `start ${TEST_IMAGES.web2}`);
    const died = await on.eventTime(since, `die ${TEST_IMAGES.web1}`);
    expect(died - started).toBeGreaterThan(1_000);
  });

  it.each([
    ['killed', ['kill']],
    ['stopped', ['stop', '-t', '1']],
    ['removed', ['rm', '-f']],
  ])('brings back what a person %s', async (_, command) => {
    const on = node();
    const wanted = web(on, TEST_IMAGES.web1);
    on.assign(wanted);
    await on.settled(wanted);
    const name = `${on.grid}.web-1`;
    const before = await docker('inspect', '-f', '{{.State.StartedAt}}', name);

    await docker(...command, name);

    await vi.waitFor(async () => {
      const now = await docker('inspect', '-f', '{{.State.Running}} {{.State.StartedAt}}', name);
      expect(now).toMatch(/^true /);
      expect(now).not.toContain(before);
    }, SECONDS);
    await on.settled(wanted);
  });

  it('moves a published port from the old container to the new one', async () => {
    const on = node();
    const ports = [aPort(await freePort())];
    const first = web(on, TEST_IMAGES.web1, { ports, mode: 'stop-first' });
    const second = web(on, TEST_IMAGES.web2, { ports, mode: 'stop-first' });
    const port = ports[0]?.nodePort ?? 0;

    on.assign(first);
    await on.settled(first);
    expect(await ask('127.0.0.1', port)).toBe('1');
    on.assign(second);
    await on.settled(second);

    expect(await ask('127.0.0.1', port)).toBe('2');
  });

  it('shares an engine with another node: same port, another address, other containers', async () => {
    const [one, two] = [node('node-1', '127.0.0.11'), node('node-2', '127.0.0.12')];
    const ports = [aPort(await freePort())];
    const port = ports[0]?.nodePort ?? 0;
    const [first, second] = [
      web(one, TEST_IMAGES.web1, { ports }),
      web(two, TEST_IMAGES.web2, { ports }),
    ];

    one.assign(first);
    two.assign(second);
    await Promise.all([one.settled(first), two.settled(second)]);

    expect(await ask('127.0.0.11', port)).toBe('1');
    expect(await ask('127.0.0.12', port)).toBe('2');
  });

  it('keeps the data of a stateful instance, and not that of a stateless one', async () => {
    const on = node();
    const mounts = [{ kind: 'anonymous', target: '/data' } as const];
    const first = web(on, TEST_IMAGES.web1, { mounts, stateful: true, mode: 'stop-first' });
    const second = web(on, TEST_IMAGES.web2, { mounts, stateful: true, mode: 'stop-first' });
    const name = `${on.grid}.web-1`;
    on.assign(first);
    await on.settled(first);
    await docker('exec', name, 'sh', '-c', 'echo precious > /data/file');

    on.assign(second);
    await on.settled(second);
    const kept = await docker('exec', name, 'cat', '/data/file');
    on.assign();
    await on.settled();
    const filter = `label=io.kontena.grid.name=${on.grid}`;

    expect(kept).toBe('precious');
    expect(await docker('volume', 'ls', '-q', '--filter', filter)).toBe(
      `${name}.${shortDigest('/data')}`,
    );
  });

  it('lets containers find each other by name', async () => {
    const on = node();
    const instances = [1, 2].map((number) => web(on, TEST_IMAGES.web1, { number }));
    on.assign(...instances);
    await on.settled(...instances);

    for (const host of ['web-2', `web-2.${on.grid}.${on.grid}.kontena.local`, `web.${on.grid}`])
      expect(
        await docker('exec', `${on.grid}.web-1`, 'sh', '-c', `wget -q -O - http://${host}:8080/`),
      ).toBe('1');
  });

  it('adopts what another agent left running, without touching it', async () => {
    const on = node();
    const wanted = web(on, TEST_IMAGES.web1);
    on.assign(wanted);
    await on.settled(wanted);
    const name = `${on.grid}.web-1`;
    const before = await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', name);
    await on.stop();

    on.start();
    on.assign(wanted);
    await on.settled(wanted);

    expect(await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', name)).toBe(before);
  });

  it('refuses a missing external volume instead of starting without data', async () => {
    const on = node();
    const volume = { name: `${on.grid}-none`, external: true, driver: null, driverOptions: {} };
    const mount = { kind: 'volume', target: '/data', readOnly: false } as const;
    const mounts = [{ ...mount, volume: { ...volume, scope: 'grid' as const } }];

    on.assign(web(on, TEST_IMAGES.web1, { mounts }));

    await vi.waitFor(() => {
      expect(on.observe(`${on.grid}/web-1`)?.attempt?.failure).toMatchObject({
        code: 'not-found',
        message: expect.stringContaining(`${on.grid}-none`),
      });
    }, SECONDS);
    expect(await docker('volume', 'ls', '-q', '--filter', `name=${on.grid}-none`)).toBe('');
  });

  it('waits for the health check that Docker runs before it takes the old one away', async () => {
    const on = node();
    const checked = (image: string, command: string) =>
      web(on, image, {
        waitForPort: null,
        extras: {
          healthcheck: { test: ['CMD-SHELL', command], interval: 500, timeout: 5_000, retries: 2 },
        },
      });
    const first = checked(TEST_IMAGES.web1, 'wget -q -O - http://127.0.0.1:8080/');
    on.assign(first);
    await on.settled(first);
    expect(on.observe(`${on.grid}/web-1`)?.current).toMatchObject({ health: 'healthy' });

    const ill = checked(TEST_IMAGES.web2, 'echo no database; exit 1');
    on.assign(ill);
    await vi.waitFor(
      () => {
        const failure = on.observe(`${on.grid}/web-1`)?.attempt?.failure;
        expect(failure).toMatchObject({ code: 'not-ready-in-time' });
        expect(failure?.message).toContain('its health check fails: no database');
      },
      { timeout: SECONDS, interval: 50 },
    );
    expect(on.observe(`${on.grid}/web-1`)?.current).toMatchObject({ specHash: first.specHash });

    const second = checked(TEST_IMAGES.web2, 'exit 0');
    on.assign(second);
    await on.settled(second);
    expect(await on.seen()).toEqual([`${on.grid}.web-1 ${TEST_IMAGES.web2} running`]);
  });

  it('lets a service know another by the alias of its link, whenever that one comes and goes', async () => {
    const on = node();
    const links = [{ target: `store.${on.grid}`, alias: 'database' }];
    const client = web(on, TEST_IMAGES.web1, { extras: { links } });
    const store = (image: string) => ({ ...web(on, image), service: 'store' });
    const [first, second] = [store(TEST_IMAGES.web1), store(TEST_IMAGES.web2)];
    const fetchIn = (from: string) =>
      docker('exec', from, 'wget', '-q', '-O', '-', 'http://database:8080/');
    const asClient = () => fetchIn(`${on.grid}.web-1`);
    on.assign(client);
    await on.settled(client);
    await expect(asClient()).rejects.toThrow(/bad address/);

    on.assign(first, client);
    await on.settled(first, client);
    expect(await asClient()).toBe('1');

    on.assign(second, client);
    await on.settled(second, client);
    expect(await asClient()).toBe('2');
    await expect(fetchIn(`${on.grid}.store-1`)).rejects.toThrow(/bad address/);
  });
});
