import type {
  Approval,
  EventQuery,
  FreezeWish,
  Operations,
  PageQuery,
  VolumeRemoval,
} from '../../src/http/operations.ts';
import { GridError } from '../../src/model/error.ts';
import type { Deploy, DeploySummary } from '../../src/protocol/deploy-api.ts';
import type { GridEvent } from '../../src/protocol/event-api.ts';
import type { GridStatus } from '../../src/protocol/grid-api.ts';
import type { InstanceStatus } from '../../src/protocol/instance-api.ts';
import type { JobStatus } from '../../src/protocol/job-api.ts';
import type { NetworkStatus } from '../../src/protocol/network-api.ts';
import type { NodeStatus } from '../../src/protocol/node-api.ts';
import type { CurrentPlan } from '../../src/protocol/plan-api.ts';
import type { Preview } from '../../src/protocol/preview-api.ts';
import type { RepositoryStatus } from '../../src/protocol/repository-api.ts';
import type { Rollback, RollbackRequest } from '../../src/protocol/rollback-api.ts';
import type { ServiceStatus } from '../../src/protocol/service-api.ts';
import type { Update } from '../../src/protocol/update-api.ts';
import type { VariableList } from '../../src/protocol/variable-api.ts';
import type { VolumeList } from '../../src/protocol/volume-api.ts';

export const SHA = '4f2a9c1d0b7e63558a4dd1c9f20e7b31a6c5d802';
export const OLD_SHA = '0c11b7a2f9de4a60b7c3e8d15f6a92b4c7d8e9f1';
export const NOW = 1_795_000_000_000;
export const HASH = 'a3f1c2d4e5b60718';
export const RECIPIENT = 'age1pdar46f9ewplqh8xlnle8ka8xn4y4rjgu60da54emg6cwzt37evsxxp4ck';
export const OLD_HASH = '1111c2d4e5b60718';

type Planned = NonNullable<Deploy['plan']>;
export type Step = Planned['waves'][number]['steps'][number];

function doneOf({ pullRequest }: RollbackRequest): Rollback['done'] {
  if (pullRequest !== true) return { kind: 'pushed', commit: SHA };
  const url = 'https://forge.example/pull/7';
  return { kind: 'requested', commit: SHA, branch: 'gridops/rollback', number: 7, url };
}

export function aStep(fields: Partial<Extract<Step, { kind: 'replace' }>> = {}): Step {
  return {
    kind: 'replace',
    stack: 'shop',
    service: 'web',
    number: 1,
    node: 'web-1',
    reason: 'image: nginx:1.26 → nginx:1.27',
    specHash: HASH,
    from: OLD_HASH,
    mode: 'start-first',
    ...fields,
  };
}

export function aPlan(fields: Partial<Planned> = {}): Planned {
  return {
    grid: 'production',
    revision: SHA,
    waves: [{ steps: [aStep()] }, { steps: [aStep({ number: 2, node: 'web-2' })] }],
    blocked: [],
    halted: [],
    waiting: [],
    warnings: [],
    confirmation: null,
    wanted: 3,
    hash: 'f00dfeed12345678',
    ...fields,
  };
}

export function aSummary(fields: Partial<DeploySummary> = {}): DeploySummary {
  return {
    id: '01JD8Z2Q7V',
    grid: 'production',
    sha: SHA,
    phase: 'running',
    trigger: 'webhook',
    actor: null,
    message: '1/3 instances updated',
    progress: { updated: 1, wanted: 3 },
    problemCount: 0,
    createdAt: NOW - 42_000,
    finishedAt: null,
    supersededBy: null,
    ...fields,
  };
}

export function aDeploy(fields: Partial<Deploy> = {}): Deploy {
  return {
    ...aSummary(),
    plan: aPlan(),
    planText: 'wave 1\n  ~ shop/web-1 on web-1',
    remaining: aPlan({ waves: [{ steps: [aStep({ number: 2, node: 'web-2' })] }] }),
    problems: [],
    timeline: [
      {
        at: NOW - 42_000,
        severity: 'info',
        kind: 'queued',
        path: '',
        message: 'webhook: push to main',
      },
    ],
    ...fields,
  };
}

export function aGrid(fields: Partial<GridStatus> = {}): GridStatus {
  return {
    name: 'production',
    head: SHA,
    deployed: OLD_SHA,
    converged: false,
    deploy: aSummary(),
    problems: [],
    fault: null,
    counts: { nodes: 2, nodesOnline: 2, services: 1, wanted: 3, ready: 3, failing: 0, blocked: 0 },
    ...fields,
  };
}

export const nodeNetwork = {
  mode: 'overlay',
  reason: null,
  number: 1,
  address: '10.81.0.1',
  publicAddress: '192.0.2.1',
  privateAddress: '10.77.0.1',
  region: 'eu',
} as const;

export function aNode(fields: Partial<NodeStatus> = {}): NodeStatus {
  return {
    grid: 'production',
    name: 'web-1',
    status: 'online',
    availability: 'active',
    lastSeenAt: NOW - 1_000,
    instances: 2,
    facts: {
      labels: ['az=eu-1a', 'ssd'],
      cpus: 4,
      memory: 8 * 1024 ** 3,
      engineVersion: '27.3.1',
      agentVersion: '0.1.0',
      operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
      architecture: 'x86_64',
      volumeDrivers: ['local'],
      publishAddress: '0.0.0.0',
    },
    network: nodeNetwork,
    ...fields,
  };
}

export function aService(fields: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    grid: 'production',
    stack: 'shop',
    name: 'web',
    image: 'nginx:1.27',
    strategy: 'ha',
    stateful: false,
    wanted: 2,
    ready: 2,
    updated: 1,
    health: 'healthy',
    specHash: HASH,
    position: { file: 'grids/production/stacks/shop/kontena.yml', line: 4, column: 3 },
    held: false,
    ...fields,
  };
}

export function anInstance(fields: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    grid: 'production',
    stack: 'shop',
    service: 'web',
    number: 1,
    state: 'running',
    health: 'healthy',
    node: 'web-1',
    containerId: '9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0',
    specHash: HASH,
    wantedSpecHash: HASH,
    revision: SHA,
    startedAt: NOW - 30_000,
    attempt: null,
    ...fields,
  };
}

export function anEvent(fields: Partial<GridEvent> = {}): GridEvent {
  return {
    id: '7',
    at: NOW - 9_000,
    grid: 'production',
    severity: 'info',
    kind: 'instance-replaced',
    path: 'shop/web-1',
    message: 'runs the new spec on web-1',
    actor: null,
    ...fields,
  };
}

export function aRepository(fields: Partial<RepositoryStatus> = {}): RepositoryStatus {
  return {
    name: 'grids',
    url: 'https://forge.example.com/acme/grids',
    branch: 'main',
    holds: 'grids',
    head: 'a'.repeat(40),
    syncedAt: NOW,
    fault: null,
    grids: ['production'],
    refused: [],
    waiting: [],
    ...fields,
  };
}

/** A master that is plain data: change the fields, then ask over HTTP. `calls` is what it was asked to do. */
export class FakeOperations implements Operations {
  gridList: GridStatus[] = [aGrid()];
  nodeList: NodeStatus[] = [aNode(), aNode({ name: 'web-2' })];
  serviceList: ServiceStatus[] = [aService()];
  instanceList: InstanceStatus[] = [anInstance(), anInstance({ number: 2, node: 'web-2' })];
  jobList: JobStatus[] = [];
  deployList: Deploy[] = [aDeploy()];
  previewList: Preview[] = [];
  volumeList: VolumeList = { volumes: [], silent: [] };
  networkStatus: NetworkStatus = { grid: 'production', now: NOW, map: null, nodes: [] };
  eventList: GridEvent[] = [anEvent()];
  currentPlan: CurrentPlan | null = {
    plan: aPlan(),
    text: 'wave 1\n  ~ shop/web-1',
    converged: false,
  };
  repositoryList: RepositoryStatus[] = [aRepository()];
  isReady = true;
  fault: Error | null = null;
  started = true;
  /** A job that is to run is running. */
  isWaiting = false;
  approval: Approval['kind'] = 'approved';
  /** Thrown at who wants to deploy again, or a job to run. */
  refusal: GridError | null = null;
  readonly calls: string[] = [];
  readonly #listeners = new Set<(update: Update) => void>();

  emit(update: Update): void {
    for (const listener of this.#listeners) listener(update);
  }

  async grids() {
    return this.#give(this.gridList);
  }

  async grid(grid: string) {
    return this.#find(this.gridList, (one) => one.name === grid, `grid '${grid}'`);
  }

  async nodes(grid: string) {
    await this.grid(grid);
    return this.nodeList.filter((node) => node.grid === grid);
  }

  async services(grid: string) {
    await this.grid(grid);
    return this.serviceList;
  }

  async jobs(grid: string) {
    await this.grid(grid);
    return this.jobList;
  }

  async runJob(grid: string, job: { readonly stack: string; readonly service: string }) {
    if (this.refusal !== null) throw this.refusal;
    this.calls.push(`run ${grid} ${job.stack}/${job.service}`);
    return await Promise.resolve({ id: 'request/now', node: 'web-1', isWaiting: this.isWaiting });
  }

  async instances(grid: string) {
    await this.grid(grid);
    return this.instanceList;
  }

  async previews(grid: string) {
    await this.grid(grid);
    return this.previewList;
  }

  async preview(id: string) {
    return this.#find(this.previewList, (one) => one.id === id, `preview '${id}'`);
  }

  async plan(grid: string) {
    await this.grid(grid);
    if (this.currentPlan === null) throw missing('a plan');
    return this.currentPlan;
  }

  async variables(grid: string): Promise<VariableList> {
    await this.grid(grid);
    const position = { file: 'grids/production/grid.yml', line: 3, column: 20 };
    const key = { name: 'key', value: null, secret: true, origin: 'resolver' } as const;
    return {
      stacks: [
        {
          stack: 'shop',
          variables: [
            { name: 'GRID', value: 'production', secret: false, origin: 'built-in' },
            { name: 'tag', value: '2.0', secret: false, origin: 'given', position },
            { ...key, resolver: 'random_string', position },
          ],
        },
      ],
    };
  }

  async deploys(grid: string, page: PageQuery) {
    await this.grid(grid);
    this.calls.push(`deploys ${grid} ${page.limit} ${page.before ?? '-'}`);
    return { deploys: this.deployList.slice(0, page.limit), before: null };
  }

  async deploy(id: string) {
    return this.#find(this.deployList, (one) => one.id === id, `deploy '${id}'`);
  }

  async redeploy(grid: string, { actor, force }: { actor: string; force: boolean }) {
    await this.grid(grid);
    this.calls.push(`redeploy ${grid} ${actor}${force ? ' forced' : ''}`);
    if (this.refusal !== null) throw this.refusal;
    const [deploy] = this.deployList;
    if (deploy === undefined) throw missing('a deploy');
    return { started: this.started, deploy };
  }

  async freeze(grid: string, { until, reason }: FreezeWish, actor: string) {
    this.calls.push(`freeze ${grid} ${until ?? '-'} ${reason} ${actor}`);
    return await this.grid(grid);
  }

  async unfreeze(grid: string, actor: string) {
    await this.grid(grid);
    this.calls.push(`unfreeze ${grid} ${actor}`);
  }

  async setAvailability(
    { grid, node, actor }: { grid: string; node: string; actor: string },
    availability: NodeStatus['availability'],
  ) {
    const isIt = (one: NodeStatus) => one.grid === grid && one.name === node;
    this.calls.push(`${availability} ${grid} ${node} ${actor}`);
    return this.#find(this.nodeList, isIt, `node '${node}'`);
  }

  async approve(id: string, planHash: string, actor: string) {
    this.calls.push(`approve ${id} ${planHash} ${actor}`);
    return { kind: this.approval, deploy: await this.deploy(id) };
  }

  async events(query: EventQuery) {
    this.calls.push(`events ${query.grid ?? '-'} ${query.limit} ${query.before ?? '-'}`);
    return { events: this.eventList.slice(0, query.limit), before: null };
  }

  async rollback(grid: string, wish: RollbackRequest, actor: string): Promise<Rollback> {
    await this.grid(grid);
    if (this.refusal !== null) throw this.refusal;
    this.calls.push(`rollback ${grid} ${JSON.stringify(wish)} ${actor}`);
    return {
      grid,
      branch: 'main',
      head: SHA,
      to: OLD_SHA,
      message: 'Serve <it> over two ports',
      files: [{ path: `grids/${grid}/stacks/shop/kontena.yml`, kind: 'changed' }],
      kept: [`grids/${grid}/secrets.yml`],
      undoes: [{ sha: SHA, author: 'Ada', message: 'Use nginx 1.27' }],
      others: [],
      plan: 'shop/web-1: replace',
      done: wish.dryRun === true ? null : doneOf(wish),
    };
  }

  async createToken(grid: string, ttl: number) {
    await this.grid(grid);
    return { token: `gj1.${grid}.secret`, grid, expiresAt: NOW + ttl * 1_000 };
  }

  async removeNode(grid: string, node: string) {
    this.#find(this.nodeList, (one) => one.grid === grid && one.name === node, `node '${node}'`);
    this.calls.push(`remove ${grid} ${node}`);
  }

  async volumes(grid: string) {
    await this.grid(grid);
    return this.volumeList;
  }

  async removeVolume({ grid, node, volume, confirm, actor }: VolumeRemoval) {
    await this.grid(grid);
    this.calls.push(`remove volume ${volume} of ${node}, confirmed ${confirm}, by ${actor}`);
  }

  async network(grid: string) {
    await this.grid(grid);
    return this.networkStatus;
  }

  subscribe(listener: (update: Update) => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  recipient() {
    return { recipient: RECIPIENT };
  }

  repositories(): readonly RepositoryStatus[] {
    return this.repositoryList;
  }

  ready() {
    return this.isReady;
  }

  #give<T>(value: T): T {
    if (this.fault !== null) throw this.fault;
    return value;
  }

  #find<T>(list: readonly T[], is: (one: T) => boolean, what: string): T {
    const found = this.#give(list).find(is);
    if (found === undefined) throw missing(what);
    return found;
  }
}

function missing(what: string): GridError {
  return new GridError({ code: 'not-found', message: `there is no ${what}` });
}
