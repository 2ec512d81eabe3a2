import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
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
import type { AssignedJob, Job } from '../../src/model/job.ts';
import type { JobList } from '../../src/protocol/job-api.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { noBalancers, noSecrets, silentPublisher } from '../agent/bench.ts';
import { aSpec } from '../support/builders.ts';
import { TestEngine } from '../support/test-engine.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import { startWorld } from '../support/world.ts';
import {
  bridgedContainers,
  DOCKER_SOCKET,
  docker,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';

const SECONDS = 30_000;
const HOUR = 3_600_000;
const rules = { timeout: null, retries: 0, history: 10 };
const onDeploy: Job = { kind: 'on-deploy', ...rules };

/** One agent's life after the other, on one engine and with one directory. */
class Agents {
  readonly grid = testGrid();
  readonly #directory: string;
  readonly #clock: Clock;
  #reconciler: Reconciler | null = null;
  #generation = 0;

  private constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  static async make(clock: Clock = systemClock): Promise<Agents> {
    return new Agents(await mkdtemp(`${tmpdir()}/gridops-jobs-`), clock);
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
      clock: this.#clock,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
      onEvent: () => undefined,
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

  assign(script: string, job: Omit<AssignedJob, 'from'>): void {
    this.#generation += 1;
    const command = ['sh', '-c', script];
    const spec = aSpec({ image: TEST_IMAGES.web1, entrypoint: command, stopGracePeriod: 1 });
    const instance: AssignedInstance = {
      stack: this.grid,
      service: 'job',
      number: 1,
      stateful: false,
      spec,
      specHash: shortDigest(spec),
      revision: 'c0ffee',
      mode: 'stop-first',
      job: { from: this.#clock.now(), ...job },
    };
    const of = { grid: this.grid, node: 'node-1', roster: ['node-1'], kept: [] };
    this.#reconciler?.apply({ ...of, generation: this.#generation, instances: [instance] });
  }

  observe() {
    return this.#reconciler?.observe(`${this.grid}/job-1`) ?? null;
  }

  async outcomes(expected: readonly string[]): Promise<void> {
    await vi.waitFor(
      () => expect(this.observe()?.job?.runs.map((run) => run.outcome)).toEqual(expected),
      { timeout: SECONDS, interval: 20 },
    );
  }

  async containers(): Promise<string[]> {
    const filter = `label=io.kontena.grid.name=${this.grid}`;
    const lines = await docker('ps', '-a', '--filter', filter, '--format', '{{.Names}}');
    return lines.split('\n').filter((line) => line !== '');
  }
}

describe.skipIf(withoutDocker)('a job on a real engine', () => {
  let on: Agents;

  beforeAll(ensureTestImages, 120_000);

  afterEach(async () => {
    await on.end();
  });

  it('runs when its time comes, and leaves nothing but what is remembered of it', async () => {
    // Two seconds before the hour, whatever the time is.
    const ahead = HOUR - 2_000 - (Date.now() % HOUR);
    on = await Agents.make({ ...systemClock, now: () => Date.now() + ahead });
    await on.start();
    const schedule = { kind: 'schedule', schedule: '0 * * * *', timeZone: 'UTC' } as const;

    on.assign('echo "backed up"; sleep 0.2', {
      rules: { ...schedule, startWithin: 600, ...rules },
    });

    await on.outcomes(['succeeded']);
    expect(on.observe()?.job?.runs).toMatchObject([{ exitCode: 0, log: ['backed up'] }]);
    await vi.waitFor(async () => expect(await on.containers()).toEqual([]), { timeout: SECONDS });
  });

  it('that fails is remembered by the next agent, and run again when that is wanted', async () => {
    on = await Agents.make();
    await on.start();
    on.assign('echo "no table" >&2; exit 3', { rules: onDeploy });
    await on.outcomes(['failed']);
    expect(on.observe()?.attempt).toMatchObject({
      phase: 'failed',
      failure: { exitCode: 3, log: ['no table'] },
    });
    await on.stop();

    await on.start();
    on.assign('echo "no table" >&2; exit 3', { rules: onDeploy });
    await vi.waitFor(() => expect(on.observe()?.attempt?.phase).toBe('failed'));
    on.assign('echo "no table" >&2; exit 3', { rules: onDeploy, retry: '2' });

    await on.outcomes(['failed', 'failed']);
  });

  it('that is stopped in time has failed, although it says that all is well', async () => {
    on = await Agents.make();
    await on.start();

    on.assign('trap "exit 0" TERM; while true; do sleep 0.1; done', {
      rules: { ...onDeploy, timeout: 1 },
    });

    await on.outcomes(['failed']);
    expect(on.observe()?.job).toMatchObject({ succeeded: false });
    expect(on.observe()?.job?.runs).toMatchObject([{ exitCode: 0 }]);
  });

  it('that somebody pauses goes on', async () => {
    on = await Agents.make();
    await on.start();
    on.assign('sleep 1; echo "done"', { rules: onDeploy });
    await vi.waitFor(() => expect(on.observe()?.job?.running).not.toBeNull(), { timeout: SECONDS });

    await docker('pause', `${on.grid}.job-1`);

    await on.outcomes(['succeeded']);
    expect(on.observe()?.job?.runs).toMatchObject([{ attempt: 1, log: ['done'] }]);
  });

  it('that runs while its agent is away is taken over by the next one', async () => {
    on = await Agents.make();
    await on.start();
    on.assign('sleep 2; echo "done"', { rules: onDeploy });
    await vi.waitFor(() => expect(on.observe()?.job?.running).not.toBeNull(), { timeout: SECONDS });
    await on.stop();

    await on.start();
    on.assign('sleep 2; echo "done"', { rules: onDeploy });

    await on.outcomes(['succeeded']);
    expect(on.observe()?.job?.runs).toMatchObject([{ attempt: 1, log: ['done'] }]);
  });
});

describe.skipIf(withoutDocker)('a migration of a Compose file on real containers', () => {
  it('has ended before anything starts that waits for it to complete', async () => {
    const engine = new TestEngine();
    await engine.prepare();
    const world = await startWorld({
      nodes: ['node-1'],
      files: {
        'grid.yml': 'deploy: {timeout: 60s}\n',
        'stacks/shop/docker-compose.yml': `services:
  migrate:
    image: ${engine.image}
    command: sh -c "sleep 1; echo migrated"
    restart: "no"
  web:
    image: ${engine.image}
    command: sleep 86400
    stop_signal: SIGKILL
    depends_on: {migrate: {condition: service_completed_successfully}}
`,
      },
    });
    try {
      expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });

      const { jobs } = await world.api<JobList>(`grids/${world.grid}/jobs`);
      const runs = jobs[0]?.runs ?? [];
      expect(runs).toMatchObject([{ outcome: 'succeeded', exitCode: 0, log: ['migrated'] }]);
      const started = await docker('inspect', '-f', '{{.State.StartedAt}}', 'shop.web-1');
      expect(Date.parse(started)).toBeGreaterThan(runs[0]?.finishedAt ?? Infinity);
    } finally {
      await world.stop();
      await engine.clear(world.grid);
    }
  });
});
