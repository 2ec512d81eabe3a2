import { createHash, randomBytes } from 'node:crypto';
import type { Operations, PageQuery } from '../http/operations.ts';
import type { Freeze } from '../model/deploy-window.ts';
import { GridError } from '../model/error.ts';
import type { Stack } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { isConverged, type Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { shownProblem } from '../model/problem-code.ts';
import type { SourceTree } from '../model/source.ts';
import { explainPlan } from '../planner/explain.ts';
import type { GridEvent } from '../protocol/event-api.ts';
import type { GridStatus } from '../protocol/grid-api.ts';
import { printJoinToken } from '../protocol/join-token.ts';
import { fingerprint, type KeyPair } from '../protocol/sign.ts';
import { type Clock, wallTime } from '../runtime/clock.ts';
import type { Deploy } from '../store/deploys.ts';
import type { StoredEvent } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import type { GridController } from './controller.ts';
import { closedMessage } from './deploy-gate.ts';
import { deployReply, deploySummary } from './deploy-view.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Environments } from './environments.ts';
import type { Fleet } from './fleet.ts';
import type { Freezes } from './freezes.ts';
import type { GridOwners } from './grid-owners.ts';
import type { GridSwitches } from './grid-switches.ts';
import { jobStatuses, requestRun } from './job-status.ts';
import type { NetworkMaps } from './network-maps.ts';
import type { NetworkWatch } from './network-watch.ts';
import { previewSummary, previewView } from './preview-view.ts';
import type { Repositories } from './repositories.ts';
import { faultReply, repositoryStatuses } from './repository-status.ts';
import type { GridHead } from './revision.ts';
import type { Rollbacks } from './rollback.ts';
import {
  type GridView,
  instanceStatuses,
  nodeStatuses,
  readyPaths,
  serviceStatuses,
} from './status.ts';
import { framesOf, variablesOf } from './tracked-repository.ts';
import type { UpdateHub } from './update-hub.ts';
import { gridVolumes, removeVolume } from './volumes.ts';

export interface OverviewOptions {
  readonly store: Store;
  readonly fleet: Fleet;
  readonly networks: NetworkMaps;
  readonly dispatcher: Dispatcher;
  readonly networkWatch: NetworkWatch;
  readonly hub: UpdateHub;
  readonly switches: GridSwitches;
  readonly freezes: Freezes;
  readonly environments: Environments;
  readonly rollbacks: Rollbacks;
  readonly identity: KeyPair;
  /** What values are sealed for. */
  readonly recipient: string;
  readonly clock: Clock;
  /** Milliseconds of the clock that the fleet goes by. */
  readonly uptime: () => number;
  /** The running controllers by grid. */
  readonly controllers: ReadonlyMap<string, GridController>;
  readonly repositories: Repositories;
  readonly readFiles: (head: GridHead, grid: string) => Promise<SourceTree>;
  readonly owners: GridOwners;
}

/** Of one grid: more open requests than that are looked for at the forge. */
const MOST_PREVIEWS = 100;

/** What the API asks, answered from the store, the fleet and the controllers. It decides nothing. */
export function createOverview(options: OverviewOptions): Operations {
  const { store, hub } = options;
  return {
    grids: async () => {
      const statuses: GridStatus[] = [];
      // One after the other: each may read a commit's files.
      for (const name of [...options.controllers.keys()].toSorted())
        statuses.push(await gridStatus(options, name));
      return statuses;
    },
    grid: async (grid) => await gridStatus(options, grid),
    nodes: async (grid) => {
      const statuses = await Promise.resolve(nodeStatuses(viewOf(options, grid)));
      return statuses.map((one) => ({ ...one, ...options.dispatcher.remarkOn(grid, one.name) }));
    },
    services: async (grid) => await Promise.resolve(serviceStatuses(viewOf(options, grid))),
    instances: async (grid) => await Promise.resolve(instanceStatuses(viewOf(options, grid))),
    jobs: async (grid) => {
      const services = controllerOf(options, grid).view.all?.services.values() ?? [];
      return await Promise.resolve(jobStatuses(grid, services, options.fleet));
    },
    runJob: async (grid, job) => {
      const controller = controllerOf(options, grid);
      return await requestRun({ ...options, controller }, { grid, service: servicePath(job) });
    },
    plan: async (grid) => {
      const { view } = await Promise.resolve(controllerOf(options, grid));
      const plan = view.waiting?.plan ?? view.plan;
      if (plan === null) throw notFound(`grid ${grid} has no plan yet: no good revision is known`);
      return { plan, text: explainPlan(plan), converged: isConverged(plan) };
    },
    previews: async (grid) => {
      controllerOf(options, grid);
      return (await store.previews.ofGrid(grid, MOST_PREVIEWS)).map(previewSummary);
    },
    preview: async (id) => {
      const preview = await store.previews.get(id);
      if (preview === null) throw notFound(`there is no preview ${id}`);
      return previewView(preview, await store.previews.standing(id));
    },
    variables: async (grid) => {
      const sha = controllerOf(options, grid).view.prepared?.desired.revision;
      if (sha === undefined) throw notFound(`grid ${grid} has no good revision yet`);
      const source = await options.readFiles(headAt(options, { grid, repository: '', sha }), grid);
      return { stacks: variablesOf(source, grid) };
    },
    deploys: async (grid, page) => await deployList(options, grid, page),
    deploy: async (id) => await deployById(options, id),
    redeploy: async (grid, by) => await redeploy(options, grid, by),
    freeze: async (grid, wish, actor) => {
      controllerOf(options, grid);
      await options.switches.freeze(grid, wish, actor);
      return await gridStatus(options, grid);
    },
    unfreeze: async (grid, actor) => {
      controllerOf(options, grid);
      await options.switches.unfreeze(grid, actor);
    },
    setAvailability: async (of, availability) => {
      await options.switches.setAvailability(of, availability);
      const changed = nodeStatuses(viewOf(options, of.grid)).find((one) => one.name === of.node);
      if (changed === undefined) throw notFound(`grid ${of.grid} has no node ${of.node}`);
      return changed;
    },
    rollback: async (grid, wish, actor) => {
      controllerOf(options, grid);
      return await options.rollbacks.rollBack(grid, wish, actor);
    },
    approve: async (id, planHash, actor) => {
      const deploy = await storedDeploy(store, id);
      const kind = await controllerOf(options, deploy.grid).approve({ id, planHash, actor });
      return { kind, deploy: deploySummary(await storedDeploy(store, id)) };
    },
    events: async (query) => {
      const events = await store.events.list({
        limit: query.limit,
        ...(query.grid === null ? {} : { grid: query.grid }),
        ...(query.before === null ? {} : { before: query.before }),
      });
      return { events: events.map(eventReply), before: nextPage(events, query.limit) };
    },
    createToken: async (grid, ttl) => await createToken(options, grid, ttl),
    removeNode: async (grid, node) => {
      await removeNode(options, grid, node);
    },
    subscribe: (listener) => hub.subscribe(listener),
    network: async (grid) => {
      controllerOf(options, grid);
      return await options.networkWatch.status(grid);
    },
    volumes: async (grid) => {
      controllerOf(options, grid);
      return await gridVolumes(options, grid);
    },
    removeVolume: async (of) => {
      controllerOf(options, of.grid);
      await removeVolume(options, of);
    },
    recipient: () => ({ recipient: options.recipient }),
    repositories: () => repositoryStatuses(options),
    ready: () =>
      options.repositories.parts.some(
        ({ holdsGrids, loop }) => holdsGrids && loop.state.head !== null,
      ),
  };
}

export function eventReply(event: StoredEvent): GridEvent {
  return {
    id: event.id,
    at: event.at,
    grid: event.grid ?? '',
    severity: event.severity,
    kind: event.kind,
    path: event.path !== '' ? event.path : (event.node ?? ''),
    message: event.message,
    actor: null,
  };
}

async function gridStatus(options: OverviewOptions, grid: string): Promise<GridStatus> {
  const { view: state } = controllerOf(options, grid);
  const view = viewOf(options, grid);
  const deploys = await options.store.deploys.list(grid, { limit: 50 });
  const owner = options.repositories.ofGrid(grid);
  const error = owner?.loop.state.error ?? null;
  const { problems } = state;
  const frames = await framesIn(options, {
    sha: state.head?.sha ?? '',
    repository: state.head?.repository ?? '',
    grid,
    problems,
  });
  return {
    name: grid,
    ...(owner === null ? {} : { repository: owner.name }),
    head: state.head?.sha ?? null,
    deployed: deploys.find((deploy) => deploy.phase === 'succeeded')?.sha ?? null,
    converged: state.plan !== null && isConverged(state.plan),
    deploy: deploys[0] === undefined ? null : deploySummary(deploys[0]),
    ...closedReply(options, grid),
    ...freezeReply(options.freezes.of(grid)),
    problems: problems.map((problem) => shownProblem(problem, frames.get(problem) ?? null)),
    ...originsReply(state.prepared?.desired.stacks ?? []),
    fault: faultReply(error),
    counts: countsOf(options, grid, view),
  };
}

/** Of what the branch wants: what runs for pull requests comes and goes. */
function countsOf(options: OverviewOptions, grid: string, view: GridView): GridStatus['counts'] {
  const { view: state } = controllerOf(options, grid);
  const { visitors } = options.environments.scope(grid);
  const isOwn = (stack: string): boolean => !visitors.has(stack);
  const instances = instanceStatuses(view).filter(({ stack }) => isOwn(stack));
  return {
    nodes: view.nodes.length,
    nodesOnline: view.nodes.filter((node) => node.online).length,
    services: state.prepared?.services.size ?? 0,
    wanted: state.plan?.wanted ?? 0,
    ready: [...readyPaths(view)].filter((path) => isOwn(path.split('/')[0] ?? '')).length,
    failing: instances.filter((one) => one.state === 'failing').length,
    blocked: instances.filter((one) => one.state === 'blocked').length,
  };
}

function originsReply(stacks: readonly Stack[]): Pick<GridStatus, 'foreign'> {
  const foreign = stacks.flatMap(({ name, from }) =>
    from === undefined ? [] : [{ stack: name, ...from }],
  );
  return foreign.length === 0 ? {} : { foreign };
}

async function framesIn(
  options: OverviewOptions,
  of: {
    readonly repository: string;
    readonly sha: string;
    readonly grid: string;
    readonly problems: readonly Problem[];
  },
): Promise<ReadonlyMap<Problem, string>> {
  const { grid, problems } = of;
  return await framesOf(() => options.readFiles(headAt(options, of), grid), problems);
}

/** The head as it is, where it is of this commit: what its stacks from elsewhere were at is not known of any other. */
function headAt(
  options: OverviewOptions,
  { grid, repository, sha }: Pick<GridHead, 'repository' | 'sha'> & { readonly grid: string },
): GridHead {
  const head = options.controllers.get(grid)?.view.head ?? null;
  return head?.sha === sha ? head : { repository, sha, inputs: null };
}

/** As the commit that waits says it, or what is wanted where none does. */
function closedReply(options: OverviewOptions, grid: string): Pick<GridStatus, 'closed'> {
  const { waiting, gate: now } = controllerOf(options, grid).view;
  const gate = waiting?.gate ?? now;
  if (gate.open) return {};
  const { because, until } = gate;
  const message = waiting?.verdict.message ?? closedMessage(gate, options.freezes.of(grid));
  return { closed: { because, until, message } };
}

function freezeReply(freeze: Freeze | null): Pick<GridStatus, 'freeze'> {
  return freeze === null ? {} : { freeze };
}

function viewOf(options: OverviewOptions, grid: string): GridView {
  const { all: prepared, plan, failedStacks } = controllerOf(options, grid).view;
  const nodes = options.fleet.nodes(grid);
  const network = options.networks.of(grid).outlook;
  const ofWall = (moment: number): number => wallTime(moment, options);
  const environments = options.environments.of(grid);
  return { grid, prepared, plan, nodes, failedStacks, network, environments, wallTime: ofWall };
}

function controllerOf(options: OverviewOptions, grid: string): GridController {
  const controller = options.controllers.get(grid);
  if (controller === undefined) throw notFound(`there is no grid ${grid}`);
  return controller;
}

async function deployList(options: OverviewOptions, grid: string, page: PageQuery) {
  controllerOf(options, grid);
  const deploys = await options.store.deploys.list(grid, {
    limit: page.limit,
    ...(page.before === null ? {} : { before: page.before }),
  });
  return { deploys: deploys.map(deploySummary), before: nextPage(deploys, page.limit) };
}

async function deployById(options: OverviewOptions, id: string) {
  const deploy = await storedDeploy(options.store, id);
  const view = options.controllers.get(deploy.grid)?.view;
  const isNewest = view?.deployId === id;
  const frames = await framesIn(options, deploy);
  return deployReply({
    deploy,
    entries: await options.store.deploys.entries(id),
    remaining: isNewest
      ? remainingOf(view.waiting?.plan ?? view.plan)
      : parsePlan(deploy.remainingJson),
    closed: isNewest && view.waiting !== null ? closedReply(options, deploy.grid) : {},
    frame: (problem) => frames.get(problem) ?? null,
  });
}

function parsePlan(json: string | null): Plan | null {
  return json === null ? null : (JSON.parse(json) as Plan);
}

function remainingOf(plan: Plan | null): Plan | null {
  return plan !== null && !isConverged(plan) ? plan : null;
}

async function redeploy(
  options: OverviewOptions,
  grid: string,
  { actor, force }: { readonly actor: string; readonly force: boolean },
) {
  const controller = controllerOf(options, grid);
  const { started, id } = await controller.redeploy(actor, { force });
  return { started, deploy: deploySummary(await storedDeploy(options.store, id)) };
}

async function createToken(options: OverviewOptions, grid: string, ttl: number) {
  const { store, clock, identity } = options;
  const secret = randomBytes(32).toString('base64url');
  const now = clock.now();
  const expiresAt = now + ttl * 1_000;
  const hash = createHash('sha256').update(secret).digest('hex');
  await store.tokens.create({ hash, grid, createdAt: now, expiresAt });
  const token = printJoinToken({ grid, secret, fingerprint: fingerprint(identity.publicKey) });
  return { token, grid, expiresAt };
}

async function removeNode(options: OverviewOptions, grid: string, name: string): Promise<void> {
  const { store, fleet, networks, dispatcher } = options;
  if (fleet.get(grid, name) === null) throw notFound(`grid ${grid} has no node ${name}`);
  if (dispatcher.isConnected(grid, name))
    throw new GridError({
      code: 'invalid-request',
      message: `node ${name} is online`,
      hint: 'Stop its agent first; its containers run on until you remove them there.',
    });
  const known = await store.nodes.get(grid, name);
  if (known !== null) await store.nodes.revoke(known.publicKey, options.clock.now());
  await store.assignments.remove(grid, name);
  await store.observations.remove(grid, name);
  // At last: while it is known it can be removed again, and what is left of it would be in the way of who gets its name.
  await store.nodes.remove(grid, name);
  fleet.remove(grid, name);
  await networks.of(grid).removed(name);
  options.networkWatch.removed(grid, name);
  options.controllers.get(grid)?.wake();
}

async function storedDeploy(store: Store, id: string): Promise<Deploy> {
  const deploy = await store.deploys.get(id);
  if (deploy === null) throw notFound(`there is no deploy ${id}`);
  return deploy;
}

function nextPage(items: readonly { readonly id: string }[], limit: number): string | null {
  return items.length < limit ? null : (items.at(-1)?.id ?? null);
}

function notFound(message: string): GridError {
  return new GridError({ code: 'not-found', message });
}
