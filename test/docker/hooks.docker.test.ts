import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/agent-event.ts';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { FileStore } from '../../src/agent/file-store.ts';
import { HookRecord } from '../../src/agent/hook-record.ts';
import { JobRecord } from '../../src/agent/job-record.ts';
import { createLanes } from '../../src/agent/lanes.ts';
import { networkProbes } from '../../src/agent/probe.ts';
import { Reconciler } from '../../src/agent/reconciler.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { shortDigest } from '../../src/model/digest.ts';
import type { Hook, HookKind } from '../../src/model/hook.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { noBalancers, noSecrets, silentPublisher } from '../agent/bench.ts';
import { aHook, aPort, aSpec } from '../support/builders.ts';
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

/** One agent's life after the other, on one engine and with one directory. */
class Agents {
  readonly grid = testGrid();
  readonly events: AgentEvent[] = [];
  readonly #directory: string;
  #reconciler: Reconciler | null = null;
  #generation = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async make(): Promise<Agents> {
    return new Agents(await mkdtemp(`${tmpdir()}/gridops-hooks-`));
  }

  get name(): string {
    return `${this.grid}.web-1`;
  }

  async start(): Promise<void> {
    const client = new DockerClient({ address: DOCKER_SOCKET });
    this.#reconciler = new Reconciler({
      scope: { grid: this.grid, node: 'node-1', publishAddress: '127.0.0.1' },
      containers: bridgedContainers(client),
      engine: new DockerEngine(client),
      publisher: silentPublisher,
      balancers: noBalancers,
      probes: networkProbes,
      files: new FileStore(`${this.#directory}/files`),
      secrets: noSecrets,
      lanes: createLanes(2),
      hooks: await HookRecord.open(this.#directory),
      jobs: await JobRecord.open(this.#directory),
      clock: systemClock,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
      onEvent: (event) => this.events.push(event),
    });
  }

  async stop(): Promise<void> {
    await this.#reconciler?.stop();
  }

  async end(): Promise<void> {
    await this.stop();
    await removeGrid(this.grid);
    await rm(this.#directory, { recursive: true, force: true });
  }

  assign(...instances: AssignedInstance[]): void {
    this.#generation += 1;
    const of = { grid: this.grid, node: 'node-1', roster: ['node-1'], kept: [] };
    this.#reconciler?.apply({ ...of, generation: this.#generation, instances });
  }

  observe() {
    return this.#reconciler?.observe(`${this.grid}/web-1`) ?? null;
  }

  async settled(wanted: AssignedInstance): Promise<void> {
    await vi.waitFor(
      () =>
        expect(this.observe()).toMatchObject({
          current: { specHash: wanted.specHash, ready: true },
          attempt: null,
        }),
      { timeout: SECONDS, interval: 20 },
    );
  }

  async gone(): Promise<void> {
    await vi.waitFor(async () => expect(await this.containers('{{.Names}}')).toEqual([]), {
      timeout: SECONDS,
      interval: 50,
    });
  }

  async containers(format: string): Promise<string[]> {
    const filter = `label=io.kontena.grid.name=${this.grid}`;
    const lines = await docker('ps', '-a', '--filter', filter, '--format', format);
    return lines.split('\n').filter((line) => line !== '');
  }

  /** What hooks wrote into the volume that all containers of the instance share. */
  async diary(): Promise<string[]> {
    const mount = `${this.grid}.web.diary-1:/diary`;
    const read = ['cat', '/diary/lines'];
    const text = await docker('run', '--rm', '-v', mount, TEST_IMAGES.web1, ...read);
    return text.split('\n');
  }

  web(image: string, overrides: Partial<AssignedInstance & ContainerSpec> = {}): AssignedInstance {
    const { mode = 'start-first', ...rest } = overrides;
    const volume = { name: 'diary', scope: 'instance', external: false } as const;
    const options = { driver: null, driverOptions: {} };
    const spec = aSpec({
      image,
      waitForPort: 8080,
      stopGracePeriod: 2,
      mounts: [
        { kind: 'volume', target: '/diary', readOnly: false, volume: { ...volume, ...options } },
      ],
      ...rest,
    });
    const id = { stack: this.grid, service: 'web', number: 1, stateful: false };
    return { ...id, spec, specHash: shortDigest(spec), revision: 'c0ffee', mode };
  }
}

function writing(kind: HookKind, name: string, overrides: Partial<Hook> = {}): Hook {
  const script = `echo "${name} of $VERSION" >> /diary/lines`;
  return aHook(kind, name, { command: ['/bin/sh', '-c', script], ...overrides });
}

const hooks = [
  writing('pre-start', 'once', { oneshot: true }),
  writing('pre-start', 'migrate'),
  writing('post-start', 'warm'),
  writing('pre-stop', 'drain'),
];

let agents: Agents;

describe.skipIf(withoutDocker)('hooks on a real engine', () => {
  beforeAll(ensureTestImages);

  afterEach(async () => await agents.end());

  async function started(): Promise<Agents> {
    agents = await Agents.make();
    await agents.start();
    return agents;
  }

  it('run around start, replacement and removal; a oneshot one only once, whoever the agent is', async () => {
    const on = await started();
    const [one, two] = ['1', '2'].map((version) =>
      on.web(TEST_IMAGES[version === '1' ? 'web1' : 'web2'], { hooks, env: { VERSION: version } }),
    );
    if (one === undefined || two === undefined) throw new Error('nothing to run');

    on.assign(one);
    await on.settled(one);
    await on.stop();
    await on.start();
    on.assign(two);
    await on.settled(two);
    expect(await on.containers('{{.Names}}')).toEqual([on.name]);
    expect(on.observe()?.doneHooks).toEqual(['pre-start/once']);
    await on.stop();
    await on.start();
    on.assign();
    await on.gone();

    expect(await on.diary()).toEqual([
      'once of 1',
      'migrate of 1',
      'warm of 1',
      'migrate of 2',
      'warm of 2',
      'drain of 1',
      'drain of 2',
    ]);
    expect(on.events).toEqual([]);
  });

  it('that must succeed and do not leave the old container serving, and say why', async () => {
    const on = await started();
    const first = on.web(TEST_IMAGES.web1);
    const script = 'echo "no such table" >&2; exit 3';
    const failing = [aHook('pre-start', 'migrate', { command: ['/bin/sh', '-c', script] })];
    on.assign(first);
    await on.settled(first);
    const before = on.observe()?.current?.id;

    on.assign(on.web(TEST_IMAGES.web2, { hooks: failing }));

    await vi.waitFor(
      () =>
        expect(on.observe()).toMatchObject({
          current: { id: before, ready: true },
          attempt: {
            failure: {
              code: 'hook-failed',
              message: 'the pre_start hook migrate exited with code 3',
              exitCode: 3,
              log: ['no such table'],
            },
          },
        }),
      { timeout: SECONDS, interval: 20 },
    );
  });

  it('see what the instance sees, but hold neither its port nor its name', async () => {
    const on = await started();
    const script = `{ echo $COLOUR $(grep -c web-1 /etc/hostname)
      wget -q -O - -T 1 http://web-1:8080/ 2>/dev/null || echo nobody; } >> /diary/lines`;
    const look = aHook('pre-start', 'look', { command: ['/bin/sh', '-c', script] });
    const wanted = on.web(TEST_IMAGES.web1, {
      hooks: [look],
      env: { COLOUR: 'red' },
      ports: [aPort(await freePort())],
      mode: 'stop-first',
    });

    on.assign(wanted);
    await on.settled(wanted);

    expect(await on.diary()).toEqual(['red 0', 'nobody']);
  });

  it('inside of a container take the user, the directory and the variables that they name', async () => {
    const on = await started();
    const script = 'echo "$PWD $EXTRA"; cat /proc/self/status';
    const tell = aHook('post-start', 'tell', {
      command: ['/bin/sh', '-c', `{ ${script}; } > /diary/told`],
      user: '0:1234',
      workingDirectory: '/etc',
      env: { EXTRA: 'more' },
    });
    const wanted = on.web(TEST_IMAGES.web1, { hooks: [tell] });

    on.assign(wanted);
    await on.settled(wanted);

    const told = await docker('exec', on.name, 'cat', '/diary/told');
    expect(told).toMatch(/^\/etc more$/m);
    expect(told).toMatch(/^Gid:\s+1234\s/m);
  });

  it('are waited for by the next agent when theirs goes in the middle of one', async () => {
    const on = await started();
    const script = 'echo begun >> /diary/lines; sleep 3; echo ended >> /diary/lines';
    const slow = [
      aHook('pre-start', 'slow', { command: ['/bin/sh', '-c', script], oneshot: true }),
    ];
    const wanted = on.web(TEST_IMAGES.web1, { hooks: slow });
    on.assign(wanted);
    await vi.waitFor(
      async () =>
        expect(await on.containers('{{.Label "io.kontena.container.type"}} {{.State}}')).toContain(
          'service_hook running',
        ),
      { timeout: SECONDS, interval: 20 },
    );

    await on.stop();
    await on.start();
    on.assign(wanted);
    await on.settled(wanted);

    expect(await on.diary()).toEqual(['begun', 'ended']);
    expect(await on.containers('{{.Names}}')).toEqual([on.name]);
  });

  it('inside of a container are waited for by the next agent, too', async () => {
    const on = await started();
    const script = 'echo begun >> /diary/lines; sleep 3; echo ended >> /diary/lines';
    const slow = [
      aHook('post-start', 'slow', { command: ['/bin/sh', '-c', script], oneshot: true }),
    ];
    const wanted = on.web(TEST_IMAGES.web1, { hooks: slow });
    on.assign(wanted);
    await vi.waitFor(
      async () => expect(await docker('exec', on.name, 'cat', '/diary/lines')).toBe('begun'),
      { timeout: SECONDS, interval: 20 },
    );

    await on.stop();
    await on.start();
    on.assign(wanted);
    await on.settled(wanted);

    expect(await on.diary()).toEqual(['begun', 'ended']);
    expect(on.observe()?.doneHooks).toEqual(['post-start/slow']);
    expect(on.events).toEqual([]);
  });

  it('that fail inside of a container are told, and the container serves', async () => {
    const on = await started();
    const failing = [
      aHook('post-start', 'warm', { command: ['/bin/sh', '-c', 'echo cold; exit 4'] }),
      aHook('post-start', 'absent', { command: ['/no/such/program'] }),
    ];
    const wanted = on.web(TEST_IMAGES.web1, { hooks: failing });

    on.assign(wanted);
    await on.settled(wanted);

    expect(on.events).toMatchObject([
      { kind: 'hook-failed', message: 'the post_start hook warm exited with code 4\ncold' },
      { kind: 'hook-failed', message: expect.stringContaining('the post_start hook absent') },
    ]);
  });
});
