import type { AgentEvent } from '../../src/agent/agent-event.ts';
import type { Containers } from '../../src/agent/containers.ts';
import { DriftRecord } from '../../src/agent/drift-record.ts';
import type { DeliveredFiles } from '../../src/agent/file-store.ts';
import { HookRecord } from '../../src/agent/hook-record.ts';
import { JobRecord } from '../../src/agent/job-record.ts';
import { createLanes } from '../../src/agent/lanes.ts';
import type { Publisher } from '../../src/agent/publisher.ts';
import { Reconciler } from '../../src/agent/reconciler.ts';
import type { Surroundings } from '../../src/agent/surroundings.ts';
import type { AssignedInstance, Assignment } from '../../src/model/assignment.ts';
import type { Delivery } from '../../src/model/delivery.ts';
import { shortDigest } from '../../src/model/digest.ts';
import type { ObservedInstance } from '../../src/model/observed.ts';
import type { RegistryAccounts } from '../../src/model/registry-account.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { aSpec } from '../support/builders.ts';
import { type Behaviour, FakeEngine } from '../support/fake-engine.ts';
import { HandClock } from './hand-clock.ts';

export const WEB = 'shop.web-1';
export const PATH = 'shop/web-1';

/** For nodes whose containers nobody looks for. */
export const silentPublisher: Publisher = {
  publish: () => undefined,
  settled: () => Promise.resolve(),
};

/** For nodes without load balancers. */
export const noBalancers: Surroundings['balancers'] = {
  apply: () => undefined,
  mountsOf: () => [],
  wake: () => undefined,
};

/** For specs that mount none. */
export const noFiles: DeliveredFiles = {
  offer: () => undefined,
  place: (spec) => Promise.resolve(spec),
  sweep: () => Promise.resolve(),
};

/** For specs that have none. */
export const noSecrets: Surroundings['secrets'] = {
  expect: () => undefined,
  forget: () => Promise.resolve(),
};

const images: Readonly<Record<string, Behaviour>> = {
  'web:1': {},
  'web:2': {},
  'exits:1': { exitAfter: 200, exitCode: 3, log: ['no settings'] },
  'deaf:1': { listensAfter: null },
  'stubborn:1': { stopTakes: 20_000 },
  'refused:1': { startError: 'engine-refused' },
  'large:1': { pullTakes: 60_000 },
};

/** One node: an engine, a clock, and a reconciler that can be stopped and started as often as one likes. */
export class Bench {
  readonly clock = new HandClock();
  readonly engine = new FakeEngine({ clock: this.clock, images });
  readonly events: AgentEvent[] = [];
  readonly scope = { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' };
  /** What the agent's directory holds: it survives the agent. */
  readonly disk: Disk = { text: null, jobs: null, isFull: false };
  readonly driftFile: Disk = { text: null, jobs: null, isFull: false };
  #generation = 0;
  #reconciler: Reconciler | null = null;

  async start(
    options: {
      concurrency?: number;
      containers?: Containers;
      files?: DeliveredFiles;
      publisher?: Publisher;
      jobs?: JobRecord;
    } = {},
  ): Promise<void> {
    this.#reconciler = new Reconciler({
      scope: this.scope,
      containers: options.containers ?? this.engine,
      engine: this.engine,
      probes: this.engine,
      publisher: options.publisher ?? silentPublisher,
      balancers: noBalancers,
      files: options.files ?? noFiles,
      secrets: noSecrets,
      lanes: createLanes(options.concurrency ?? 4),
      hooks: recordOn(this.disk),
      drifts: driftsOn(this.driftFile),
      jobs: options.jobs ?? jobsOn(this.disk),
      clock: this.clock,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
      onEvent: (event) => this.events.push(event),
    });
    await this.clock.settle();
  }

  async stop(): Promise<void> {
    await this.#reconciler?.stop();
  }

  get known(): Promise<void> {
    return this.#reconciler?.known ?? Promise.reject(new Error('not started'));
  }

  /** That the next assignments have. */
  accounts: RegistryAccounts = {};

  /** A newer assignment; time does not pass. */
  async assign(
    instances: readonly AssignedInstance[],
    kept: readonly string[] = [],
    files: Delivery = { bundles: {}, contents: {} },
  ): Promise<void> {
    this.#generation += 1;
    const assignment: Assignment = {
      grid: 'demo',
      node: 'node-1',
      generation: this.#generation,
      roster: ['node-1'],
      instances,
      kept,
      files,
      registries: this.accounts,
    };
    this.#reconciler?.apply(assignment);
    await this.clock.settle();
  }

  observe(path = PATH): ObservedInstance | null {
    return this.#reconciler?.observe(path) ?? null;
  }
}

interface Disk {
  text: string | null;
  jobs: string | null;
  isFull: boolean;
}

/** Written at once, and only as long as the disk takes it. */
function recordOn(disk: Disk): HookRecord {
  const save = async (text: string): Promise<void> => {
    await Promise.resolve();
    if (disk.isFull) throw new Error('no space left on device');
    disk.text = text;
  };
  return new HookRecord({ text: disk.text, save });
}

function driftsOn(disk: Disk): DriftRecord {
  const save = async (text: string): Promise<void> => {
    await Promise.resolve();
    disk.text = text;
  };
  return new DriftRecord({ text: disk.text, save, log: silentLog });
}

function jobsOn(disk: Disk): JobRecord {
  const save = async (text: string): Promise<void> => {
    await Promise.resolve();
    if (disk.isFull) throw new Error('no space left on device');
    disk.jobs = text;
  };
  return new JobRecord({ text: disk.jobs, save });
}

export function web(
  image: string,
  overrides: Partial<AssignedInstance & ContainerSpec> = {},
): AssignedInstance {
  const {
    stack = 'shop',
    service = 'web',
    number = 1,
    mode = 'start-first',
    stateful = false,
    doneHooks,
    drift,
    job,
    ...rest
  } = overrides;
  const spec = aSpec({ image, ...rest });
  const specHash = shortDigest(spec);
  const known = {
    ...(doneHooks === undefined ? {} : { doneHooks }),
    ...(drift === undefined ? {} : { drift }),
  };
  const id = { stack, service, number };
  const ofJob = job === undefined ? {} : { job };
  return { ...id, stateful, spec, specHash, revision: 'c0ffee', mode, ...known, ...ofJob };
}
