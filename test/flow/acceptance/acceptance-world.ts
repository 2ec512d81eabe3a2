import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startAgent } from '../../../src/agent/main.ts';
import { type RunningMaster, startMaster } from '../../../src/master/main.ts';
import type { MasterPorts } from '../../../src/master/parts.ts';
import type { Deploy, DeployList } from '../../../src/protocol/deploy-api.ts';
import type { InstanceList } from '../../../src/protocol/instance-api.ts';
import type { RepositoryList } from '../../../src/protocol/repository-api.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import {
  type BenchName,
  type BenchPull,
  type BenchStatus,
  type ForgeBench,
  type NewBenchPull,
  startBench,
  US,
} from '../../forge/forge-bench.ts';
import { onBridge } from '../../support/builders.ts';
import { API_TOKEN, eventually } from '../../support/world.ts';
import { demoEngine } from '../flow-world.ts';
import { Developer } from './developer.ts';

export const GRID = 'prod';
export const PLAN = 'gridops/plan';
export const WEBHOOK_SECRET = 'it is a secret to everybody';

export interface AcceptanceOptions {
  /** Of the whole repository. */
  readonly files: Readonly<Record<string, string>>;
  /** So long by default that only webhooks tell of anything. */
  readonly pollSeconds?: number;
  readonly masterPorts?: Partial<MasterPorts>;
}

interface Parts {
  readonly options: AcceptanceOptions;
  readonly bench: ForgeBench;
  readonly developer: Developer;
  readonly first: string;
  readonly directory: string;
}

/**
 * A code host, a master that follows a repository there, a node whose containers are made up, and a developer. Everything
 * between them goes through sockets; what is seen is what people see at the code host.
 */
export class AcceptanceWorld {
  readonly bench: ForgeBench;
  readonly developer: Developer;
  /** The commit that everything began with. */
  readonly first: string;
  readonly #parts: Parts;
  #master: RunningMaster | null = null;
  #agent: { stop(): Promise<void> } | null = null;
  #port = 0;

  private constructor(parts: Parts) {
    this.bench = parts.bench;
    this.developer = parts.developer;
    this.first = parts.first;
    this.#parts = parts;
  }

  /** The first commit is deployed. */
  static async start(forge: BenchName, options: AcceptanceOptions): Promise<AcceptanceWorld> {
    const bench = await startBench(forge);
    const { developer, first } = await Developer.begin(bench.pushUrl, options.files);
    await bench.settled();
    const directory = await mkdtemp(join(tmpdir(), 'gridops-acceptance-'));
    const world = new AcceptanceWorld({ options, bench, developer, first, directory });
    await world.startMaster();
    bench.hook(`${world.url}/webhooks/${bench.provider}`, WEBHOOK_SECRET);
    await world.#join();
    await world.deployed(first);
    return world;
  }

  get url(): string {
    if (this.#master === null) throw new Error('the master is stopped');
    return this.#master.url;
  }

  /** At the address that it had before. */
  async startMaster(): Promise<void> {
    const { directory, bench, options } = this.#parts;
    const { pollSeconds = 3_600, masterPorts } = options;
    const repository = {
      url: bench.cloneUrl,
      branch: 'main',
      engine: 'auto',
      pollSeconds,
    } as const;
    this.#master = await startMaster(
      {
        data: join(directory, 'master'),
        listen: { host: '127.0.0.1', port: this.#port },
        publicUrl: 'https://gridops.example.com',
        repositories: [
          {
            name: 'grids',
            holds: 'grids',
            usedBy: null,
            repository,
            forge: bench.options,
            webhookSecrets: [WEBHOOK_SECRET],
          },
        ],
        apiToken: API_TOKEN,
        logLevel: 'silent',
      },
      { log: silentLog, ...masterPorts },
    );
    this.#port = Number(new URL(this.#master.url).port);
  }

  async stopMaster(): Promise<void> {
    await this.#master?.stop();
    this.#master = null;
  }

  /** A pull request of a branch that the developer pushes. */
  async request(
    files: Readonly<Record<string, string | null>>,
    of: Partial<NewBenchPull> = {},
  ): Promise<BenchPull> {
    const { branch = 'topic' } = of;
    await this.developer.branch(branch, files);
    return await this.bench.open({ ...of, branch, files: null });
  }

  /** The first state of a commit that is its last word for now. */
  async final(sha: string, context: string): Promise<BenchStatus> {
    return await this.bench.status(sha, context, ({ verdict }) => verdict !== 'pending');
  }

  async deployed(sha: string): Promise<BenchStatus> {
    return await this.final(sha, `gridops/${GRID}`);
  }

  async planned(sha: string): Promise<BenchStatus> {
    return await this.final(sha, PLAN);
  }

  /** All final states that a commit got in a context. */
  verdicts(sha: string, context = PLAN): readonly BenchStatus[] {
    const all = this.bench.statuses(sha).filter((each) => each.context === context);
    return all.filter(({ verdict }) => verdict !== 'pending');
  }

  /** The comment of ours; there must never be two. */
  async comment(pull: BenchPull, holds = (_body: string): boolean => true): Promise<string> {
    return await eventually(
      async () => {
        const ours = previewsOf(pull);
        expect(ours.length).toBeLessThan(2);
        const [only] = ours;
        return await Promise.resolve(only !== undefined && holds(only) ? only : null);
      },
      'the comment',
      PATIENCE,
    );
  }

  /** The master has seen that the branch points at a commit. */
  async seen(sha: string): Promise<void> {
    await eventually(
      async () => {
        const { repositories } = await this.api<RepositoryList>('repositories');
        return repositories[0]?.head === sha ? true : null;
      },
      `a look at ${short(sha)}`,
    );
  }

  async deploys(): Promise<DeployList['deploys']> {
    return (await this.api<DeployList>(`grids/${GRID}/deploys`)).deploys;
  }

  /** The steps of a commit's deploy, by what they lead from and to. */
  async steps(sha: string): Promise<readonly (string | null)[]> {
    const found = (await this.deploys()).find((one) => one.sha === sha);
    const { plan } = await this.api<Deploy>(`deploys/${found?.id ?? ''}`);
    const steps = plan?.waves.flatMap((wave) => wave.steps) ?? [];
    return steps.flatMap((step) =>
      step.kind === 'replace' ? [step.from, step.specHash] : [step.kind],
    );
  }

  async instances(): Promise<InstanceList['instances']> {
    return (await this.api<InstanceList>(`grids/${GRID}/instances`)).instances;
  }

  async api<T>(path: string, body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/api/v1/${path}`, { headers, ...sent });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.stopMaster();
    await this.bench.close();
    await this.developer.leave();
    await rm(this.#parts.directory, { recursive: true, force: true });
  }

  async #join(): Promise<void> {
    const { token } = await this.api<{ token: string }>('tokens', { grid: GRID });
    const engine = demoEngine();
    this.#agent = await startAgent(
      {
        master: this.url,
        joinToken: token,
        name: 'node-1',
        labels: [],
        directory: join(this.#parts.directory, 'agent'),
        dockerSocket: '/var/run/docker.sock',
        publishAddress: '127.0.0.21',
        network: onBridge,
        log: silentLog,
        clock: systemClock,
        random: () => 0.01,
      },
      { containers: engine, engine, probes: engine, volumes: engine.volumes },
    );
  }
}

export function previewsOf(pull: BenchPull): readonly string[] {
  const ours = pull.comments().filter(({ author }) => author === US);
  return ours.map(({ body }) => body).filter((body) => PREVIEW.test(body));
}

/** Scenarios run side by side. */
const PATIENCE = 60_000;

/** How a preview begins, where HTML is understood and where it is not. */
const PREVIEW = /^(<!-- |\[\/\/\]: # ")gridops:preview /;

export function short(sha: string): string {
  return sha.slice(0, 7);
}
