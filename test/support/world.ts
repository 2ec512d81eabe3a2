import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentOptions, type AgentPorts, startAgent } from '../../src/agent/main.ts';
import { startMaster } from '../../src/master/main.ts';
import type { ForgeAuth, MasterOptions, TrackedOptions } from '../../src/master/options.ts';
import type { MasterPorts } from '../../src/master/parts.ts';
import type { Deploy, DeployList } from '../../src/protocol/deploy-api.ts';
import type { EventList } from '../../src/protocol/event-api.ts';
import type { GridStatus } from '../../src/protocol/grid-api.ts';
import type { InstanceList, InstanceStatus } from '../../src/protocol/instance-api.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { type Log, silentLog } from '../../src/runtime/log.ts';
import { type FakeGithub, startFakeGithub } from '../forge/fake-github.ts';
import type { FakeRepository } from '../forge/fake-repository.ts';
import type { CommitStatus } from '../forge/world.ts';
import { onBridge } from './builders.ts';
import { createWorkRepository, type WorkRepository } from './temp-repo.ts';

export const WEBHOOK_SECRET = 'it is a secret to everybody';
export const API_TOKEN = 'test-token-test-token-test-token';

export interface WorldOptions {
  /** Names of the nodes that join before `startWorld` returns. */
  readonly nodes?: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly engine?: TrackedOptions['repository']['engine'];
  /** Repositories that the master follows beside the world's own. */
  readonly others?: (world: World) => readonly TrackedOptions[];
  /** Seconds between polls; so long by default that only webhooks tell of a push. */
  readonly pollSeconds?: number;
  /** Where the master listens; by default for this machine only. */
  readonly listen?: string;
  /** `null`: none is configured. */
  readonly publicUrl?: string | null;
  readonly masterPorts?: Partial<MasterPorts>;
  /** What the forge goes by. */
  readonly forgeClock?: Clock;
  /** The master signs in as an App; by default with somebody's token. */
  readonly asApp?: boolean;
  /** More of what the master is started with. */
  readonly tracked?: Partial<TrackedOptions>;
  readonly agentPorts?: (node: string) => Partial<AgentPorts>;
  /** What agents tell of what they do; by default nobody listens. */
  readonly agentLog?: Log;
  /** What agents go by; by default this machine's. */
  readonly agentClock?: Clock;
  /** Starts the processes in another way than inside the test's own. */
  readonly launchMaster?: (options: MasterOptions) => Promise<Running & { readonly url: string }>;
  readonly launchAgent?: (options: LaunchedAgent) => Promise<Running>;
}

interface Running {
  stop(): Promise<void>;
}

/** An agent's options as plain data. */
export type LaunchedAgent = Omit<AgentOptions, 'log' | 'clock' | 'random'>;

/**
 * Everything between a person's push and a running container, real but for GitHub itself: a stand-in forge with a real
 * repository behind smart HTTP, a master, agents with the engine that the test gives them. Conditions are waited for by
 * events, never by sleeping.
 */
export class World {
  readonly grid: string;
  readonly github: FakeGithub;
  readonly repository: FakeRepository;
  readonly work: WorkRepository;
  readonly agents = new Map<string, Running>();
  readonly #options: WorldOptions;
  readonly #directory: string;
  readonly #forgeAuth: ForgeAuth;
  #master: (Running & { readonly url: string }) | null = null;
  #port = 0;

  constructor(of: {
    grid: string;
    github: FakeGithub;
    repository: FakeRepository;
    work: WorkRepository;
    options: WorldOptions;
    directory: string;
    forgeAuth: ForgeAuth;
  }) {
    this.grid = of.grid;
    this.github = of.github;
    this.repository = of.repository;
    this.work = of.work;
    this.#options = of.options;
    this.#directory = of.directory;
    this.#forgeAuth = of.forgeAuth;
  }

  get master(): Running & { readonly url: string } {
    if (this.#master === null) throw new Error('the master is stopped');
    return this.#master;
  }

  get masterData(): string {
    return join(this.#directory, 'master');
  }

  /** Starts the master, on the port it had before when it had one. */
  async startMaster(): Promise<void> {
    const { launchMaster, masterPorts } = this.#options;
    const options = this.masterOptions();
    this.#master =
      launchMaster === undefined
        ? await startMaster(options, { log: silentLog, ...masterPorts })
        : await launchMaster(options);
    this.#port = Number(new URL(this.#master.url).port);
  }

  masterOptions(): MasterOptions {
    return {
      data: this.masterData,
      listen: { host: this.#options.listen ?? '127.0.0.1', port: this.#port },
      publicUrl:
        this.#options.publicUrl === undefined
          ? 'https://gridops.example.com'
          : this.#options.publicUrl,
      repositories: [
        this.tracked('grids', this.repository),
        ...(this.#options.others?.(this) ?? []),
      ],
      apiToken: API_TOKEN,
      logLevel: 'silent',
    };
  }

  /** How a repository of the stand-in forge is followed. */
  tracked(name: string, repository: FakeRepository): TrackedOptions {
    return {
      name,
      holds: 'grids',
      usedBy: null,
      repository: {
        url: repository.cloneUrl,
        branch: 'main',
        engine: this.#options.engine ?? 'auto',
        pollSeconds: this.#options.pollSeconds ?? 3_600,
      },
      forge: {
        kind: 'github',
        baseUrl: this.github.baseUrl,
        auth: this.#forgeAuth,
        owner: repository.owner,
        name: repository.name,
      },
      webhookSecrets: [WEBHOOK_SECRET],
      ...this.#options.tracked,
    };
  }

  async stopMaster(): Promise<void> {
    await this.#master?.stop();
    this.#master = null;
  }

  addWebhook(): void {
    this.repository.addHook({
      url: `${this.master.url}/webhooks/github`,
      secret: WEBHOOK_SECRET,
      events: ['push', 'pull_request', 'issue_comment', 'merge_group', 'check_run'],
    });
  }

  async startAgent(name: string): Promise<Running> {
    const { launchAgent, agentPorts, agentLog = silentLog } = this.#options;
    const { agentClock: clock = systemClock } = this.#options;
    const options = await this.agentOptions(name);
    const agent =
      launchAgent === undefined
        ? await startAgent(
            { ...options, log: agentLog, clock, random: hardlyAnyJitter },
            agentPorts?.(name),
          )
        : await launchAgent(options);
    this.agents.set(name, agent);
    return agent;
  }

  async agentOptions(name: string): Promise<LaunchedAgent> {
    const directory = join(this.#directory, `agent-${name}`);
    const hasJoined = existsSync(join(directory, 'membership.json'));
    return {
      master: this.master.url,
      joinToken: hasJoined ? null : await this.joinToken(),
      name,
      labels: [],
      directory,
      dockerSocket: '/var/run/docker.sock',
      publishAddress: publishAddress(name),
      network: onBridge,
    };
  }

  async joinToken(): Promise<string> {
    const { token } = await this.api<{ token: string }>('tokens', { grid: this.grid });
    return token;
  }

  /** Writes the files, commits and pushes; the paths are relative to the grid's folder. Returns the commit. */
  async push(files: Readonly<Record<string, string | null>>, message?: string): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      const file = `grids/${this.grid}/${path}`;
      if (text === null) await this.work.remove(file);
      else await this.work.write(file, text);
    }
    const sha = await this.work.commit(message);
    await this.work.push();
    return sha;
  }

  async status(
    sha: string,
    predicate: (status: CommitStatus) => boolean,
    timeout = 30_000,
  ): Promise<CommitStatus> {
    return await this.github.waitForStatus(sha, `gridops/${this.grid}`, predicate, timeout);
  }

  /** The first status of the commit that is not pending. */
  async final(sha: string, timeout?: number): Promise<CommitStatus> {
    return await this.status(sha, (status) => status.state !== 'pending', timeout);
  }

  /** The webhook of a push that is not the newest any more when it arrives. */
  async announcePush(sha: string, cloneUrl = this.repository.cloneUrl): Promise<void> {
    const { id, fullName } = this.repository;
    const repository = { id, full_name: fullName, clone_url: cloneUrl };
    const body = JSON.stringify({ ref: 'refs/heads/main', before: sha, after: sha, repository });
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex');
    const answer = await fetch(`${this.master.url}/webhooks/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
    });
    if (answer.status !== 202) throw new Error(`the webhook was answered with ${answer.status}`);
  }

  async gridStatus(): Promise<GridStatus> {
    return await this.api<GridStatus>(`grids/${this.grid}`);
  }

  async instances(): Promise<readonly InstanceStatus[]> {
    return (await this.api<InstanceList>(`grids/${this.grid}/instances`)).instances;
  }

  async deploys(): Promise<DeployList['deploys']> {
    return (await this.api<DeployList>(`grids/${this.grid}/deploys`)).deploys;
  }

  async deploy(id: string): Promise<Deploy> {
    return await this.api<Deploy>(`deploys/${id}`);
  }

  async events(): Promise<EventList['events']> {
    return (await this.api<EventList>(`events?grid=${this.grid}&limit=200`)).events;
  }

  async api<T>(path: string, body?: object, method?: string): Promise<T> {
    const response = await fetch(`${this.master.url}/api/v1/${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${API_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? null : await response.json()) as T;
  }

  /** The status that a request without a body is answered with. */
  async apiStatus(method: string, path: string): Promise<number> {
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    return (await fetch(`${this.master.url}/api/v1/${path}`, { method, headers })).status;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.agents.values()].map(async (agent) => await agent.stop()));
    await this.stopMaster();
    await this.github.close();
    await this.work.dispose();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const grid = `t-${randomBytes(4).toString('hex')}`;
  const { forgeClock } = options;
  const github = await startFakeGithub(forgeClock === undefined ? {} : { clock: forgeClock });
  const repository = await github.createRepository();
  const forgeToken = github.createToken();
  const remote = repository.cloneUrl.replace('://', `://octocat:${forgeToken}@`);
  const work = await createWorkRepository({ remote });
  const directory = await mkdtemp(join(tmpdir(), 'gridops-world-'));
  const forgeAuth = await authOf(github, { isApp: options.asApp === true, token: forgeToken });
  const world = new World({ grid, github, repository, work, options, directory, forgeAuth });
  await world.push(options.files, 'first');
  await world.startMaster();
  world.addWebhook();
  for (const name of options.nodes ?? []) await world.startAgent(name);
  return world;
}

async function authOf(
  github: FakeGithub,
  { isApp, token }: { readonly isApp: boolean; readonly token: string },
): Promise<ForgeAuth> {
  if (!isApp) return { kind: 'token', token };
  const write = { statuses: 'write', pull_requests: 'write', deployments: 'write' } as const;
  const app = await github.createApp({
    permissions: { metadata: 'read', contents: 'read', checks: 'write', ...write },
  });
  const { appId, privateKey, installationId } = app;
  return { kind: 'app', appId, privateKey, installationId };
}

/** Waits for a condition that no event tells of. `probe` resolves to null until it holds. */
export async function eventually<T>(
  probe: () => Promise<T | null>,
  what: string,
  timeout = 30_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Agents come back at once: what jitter is for does not happen among a few. */
function hardlyAnyJitter(): number {
  return 0.01;
}

/** Two nodes on one engine publish on addresses of their own. */
export function publishAddress(node: string): string {
  const number = Number(/\d+$/.exec(node)?.[0] ?? '1');
  return `127.0.0.${20 + number}`;
}
