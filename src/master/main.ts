import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Forge } from '../forge/forge.ts';
import { createHttpServer } from '../http/server.ts';
import { type Compiler, createCompiler } from '../manifest/compile.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import type { Seed } from '../model/seed.ts';
import type { SourceTree } from '../model/source.ts';
import { explainPlan, summarise } from '../planner/explain.ts';
import { createPlanner, defaultPolicy, type PlanPolicy } from '../planner/plan.ts';
import { type KeyPair, keyPairToPem } from '../protocol/sign.ts';
import { type Clock, monotonicClock, systemClock } from '../runtime/clock.ts';
import { createLog, type Log } from '../runtime/log.ts';
import { holdAlone } from '../runtime/sole-use.ts';
import { Teardown } from '../runtime/teardown.ts';
import { packageVersion } from '../runtime/version.ts';
import type { DeployOutline } from '../store/deploys.ts';
import { openStore, type Store } from '../store/store.ts';
import { acceptAgents } from './agent-socket.ts';
import { type ControllerPorts, GridController } from './controller.ts';
import { DeployLog } from './deploy-log.ts';
import { Dispatcher } from './dispatcher.ts';
import { createEnvironmentReading } from './environment-reading.ts';
import { Environments } from './environments.ts';
import { createEventLog, type RecordEvent } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import { dispatchRecords, loadFleet, ObservationWriter, pruneDoneHooks } from './fleet-records.ts';
import { Freezes } from './freezes.ts';
import { type EnvironmentVerdict, GridEnvironments } from './grid-environments.ts';
import { createGridRollbacks } from './grid-rollbacks.ts';
import { createGridSwitches } from './grid-switches.ts';
import { Grids } from './grids.ts';
import { pruneJobs } from './job-runs.ts';
import { apiToken, masterKey, masterSeed, sealingKeys } from './key-file.ts';
import { loadNetworkMaps, type NetworkMaps } from './network-maps.ts';
import { NetworkWatch } from './network-watch.ts';
import { openRepositories } from './open-repositories.ts';
import type { MasterOptions } from './options.ts';
import { createOverview } from './overview.ts';
import type { PlanReview } from './plan-review.ts';
import type { CompiledGrid } from './prepare.ts';
import { PullRequestDesks } from './pull-request-desks.ts';
import type { Repositories } from './repositories.ts';
import type { GridHead, ReadingPorts } from './revision.ts';
import { createRollbackRequests } from './rollback-requests.ts';
import { createSecretCheck } from './secret-check.ts';
import { watchTracked } from './tracked-repository.ts';
import { UpdateHub } from './update-hub.ts';
import { createVault, type Vault } from './vault.ts';
import type { Verifications } from './verifications.ts';
import { createWireCheck } from './wire-check.ts';

/** What tests put in place of the real thing. */
export interface MasterPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly policy: PlanPolicy;
  /** Wraps the store once it is open. */
  readonly store: (store: Store) => Store;
  readonly forge: (forge: Forge) => Forge;
}

export interface RunningMaster {
  /** Base URL of API, pages and agents. */
  readonly url: string;
  readonly apiToken: string;
  stop(): Promise<void>;
}

const HEARTBEAT_SECONDS = 15;
const PRUNE_MILLISECONDS = 3_600_000;

/**
 * Builds a master from its options, starts it, and stops it in the reverse order. Everything is made here and handed on as
 * arguments. Throws `GridError` when something that it cannot run without is missing; nothing is left running then.
 */
export async function startMaster(
  options: MasterOptions,
  ports: Partial<MasterPorts> = {},
): Promise<RunningMaster> {
  const { clock = systemClock, random = Math.random } = ports;
  const log = ports.log ?? createLog({ level: options.logLevel, name: 'master' });
  const undo = new Teardown(log);
  try {
    const clocks = { clock, uptime: () => monotonicClock.now() };
    return await compose({ options, ports, ...clocks, random, log, undo });
  } catch (error) {
    await undo.all();
    throw error;
  }
}

/** Two masters on one store would each do what the other one does, and undo it. */
async function holdFolder(of: {
  readonly data: string;
  readonly identity: KeyPair;
  readonly undo: Teardown;
}): Promise<void> {
  const letGo = await holdAlone(keyPairToPem(of.identity));
  if (letGo === null)
    throw new GridError({
      code: 'invalid-configuration',
      message: `another master runs with ${of.data}`,
      hint: 'Stop it, or give this one a folder of its own: --data.',
    });
  of.undo.push('folder', letGo);
}

interface Parts {
  readonly options: MasterOptions;
  readonly ports: Partial<MasterPorts>;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly uptime: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly undo: Teardown;
}

async function compose(parts: Parts): Promise<RunningMaster> {
  const { options, ports, clock, uptime, log, undo } = parts;
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  const identity = await masterKey(options.data);
  await holdFolder({ data: options.data, identity, undo });
  const token = options.apiToken ?? (await apiToken(options.data));
  const opened = await openStore({ path: join(options.data, 'gridops.db') });
  undo.push('store', async () => await opened.close());
  const store = ports.store?.(opened) ?? opened;
  const hub = new UpdateHub();
  const address: { url: string } = { url: '' };
  const publicUrl = (): string => (options.publicUrl ?? address.url).replace(/\/+$/, '');
  const followed = await openRepositories({
    ...parts,
    store,
    hub,
    publicUrl,
    knownGrids: () => grids.names(),
    onHead: (grid, head) => grids.of(grid).revise(head),
    onHint: async (name, hint) => await desks.hint(name, hint),
    onLooked: (name) => desks.looked(name),
  });
  const { repositories, owners, foreign, verifications, readFiles } = followed;
  const fleet = await loadFleet({ store, uptime, log });
  const freezes = new Freezes({ records: store.freezes, clock });
  await freezes.load();
  const environments = new Environments({
    records: store.previewEnvironments,
    onChange: (grid) => {
      grids.of(grid).wake();
      hub.touch(grid);
    },
  });
  await environments.load();
  const version = packageVersion();
  const onEvent = createEventLog({ events: store.events, hub, log });

  const seed = await masterSeed(options.data);
  const vault = createVault({ ...(await sealingKeys(options.data)), seed });
  const onChange = (grid: string): void => {
    grids.of(grid).observed();
    desks.observed(grid);
    hub.touch(grid);
  };
  const networks = await loadNetworkMaps({ identity, fleet, clock, log, onChange }, store);
  undo.push('networks', async () => await networks.stop());
  const networkWatch = new NetworkWatch({
    fleet,
    map: (grid) => networks.of(grid).outlook.map,
    clock,
    onEvent,
  });
  const dispatcher = new Dispatcher({
    identity,
    version,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    fleet,
    records: dispatchRecords(store),
    vault,
    networks,
    clock,
    uptime,
    log,
    onChange,
    onEvent,
    onNetworkReport: async (from) => await networkWatch.take(from),
  });
  const compiler = createCompiler({ seed });
  const shared = {
    verifications,
    onDeploy: (deploy: DeployOutline) => {
      if (repositories.ofGrid(deploy.grid)?.options.rollbackRequests === true)
        requests.announced(deploy);
    },
    ...parts,
    seed,
    store,
    repositories,
    readFiles,
    fleet,
    dispatcher,
    networks,
    compiler,
    vault,
    freezes,
    environments,
    onEvent,
    review: (grid: string) => desks.review(grid),
    onEnvironment: async (of: PreviewEnvironment, verdict: EnvironmentVerdict) =>
      await desks.environment(of, verdict),
  };
  const grids = new Grids((grid) => createController(shared, grid));
  undo.push('controllers', async () => await grids.stop());

  undo.push('repository loops', async () => await repositories.stop());
  const switches = createGridSwitches({
    freezes,
    nodes: store.nodes,
    fleet,
    clock,
    onEvent,
    onChange: (grid) => {
      grids.of(grid).wake();
      hub.touch(grid);
    },
  });
  const desks = new PullRequestDesks({
    repositories,
    store,
    grids,
    fleet,
    freezes,
    switches,
    complete: async (grid, head, signal) => await foreign.preview(grid, head, signal),
    reading: (_grid, previewing) => ({ ...readingPorts(shared, previewing), verify: unsigned }),
    verifications,
    compiler: createCompiler({ seed }),
    environments,
    readEnvironment: createEnvironmentReading({
      seed,
      readFiles,
      verify: async (head, grid) => await verifications(head.repository).verify(head.sha, grid),
      check: createStackChecks(vault),
    }),
    plan: (desired) => createPlanner().plan({ ...present(shared, desired), desired }),
    publicUrl,
    clock,
    log,
  });
  await desks.start();
  undo.push('pull requests', async () => await desks.stop());
  const rollbacks = createGridRollbacks({
    ...shared,
    complete: async (grid, head, signal) => await foreign.preview(grid, head, signal),
    lastGood: async (grid) => await lastGood(store, grid),
    plan: (desired) => createPlanner().plan({ ...present(shared, desired), desired }),
    deploys: store.deploys,
  });
  const requests = createRollbackRequests({ rollbacks, deploys: store.deploys, log });
  const http = await createHttpServer({
    operations: createOverview({
      switches,
      freezes,
      environments,
      rollbacks,
      store,
      fleet,
      networks,
      dispatcher,
      networkWatch,
      hub,
      identity,
      recipient: vault.recipient,
      clock,
      uptime,
      controllers: grids.running,
      repositories,
      readFiles,
      owners,
    }),
    webhook: repositories.webhook,
    apiToken: token,
    publicUrl: options.publicUrl,
    version,
    clock,
    log,
  });
  acceptAgents(http.server, (socket, from) => dispatcher.accept(socket, from));
  undo.push('http', async () => await http.close());
  // Ends first: the server would wait for its upgraded sockets for ever.
  undo.push('sessions', async () => await Promise.resolve(dispatcher.close()));

  address.url = await http.listen(options.listen);
  // Not before the address is known: they resume what was to be told of deploys, and that leads to their pages.
  for (const grid of new Set([...fleet.grids(), ...(await store.revisions.grids())]))
    grids.of(grid).wake();
  keepTidy({ ...parts, store, fleet });
  for (const { options: tracked, loop } of repositories.parts) {
    const watcher = await watchTracked(tracked, { clock, log, onChange: () => loop.wake() });
    if (watcher !== null) undo.push('watcher', async () => await watcher.close());
  }
  repositories.wake();
  log.info({ url: address.url, version }, 'master ready');
  return { url: address.url, apiToken: token, stop: async () => await undo.all() };
}

interface ControllerParts extends Parts {
  readonly seed: Seed;
  /** By the name of the repository. */
  readonly verifications: Verifications;
  readonly onDeploy: (deploy: DeployOutline) => void;
  readonly store: Store;
  readonly repositories: Repositories;
  readonly readFiles: (head: GridHead, grid: string) => Promise<SourceTree>;
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly networks: NetworkMaps;
  readonly compiler: Compiler;
  readonly vault: Vault;
  readonly freezes: Freezes;
  readonly onEvent: RecordEvent;
  readonly review: (grid: string) => PlanReview;
  readonly environments: Environments;
  readonly onEnvironment: (of: PreviewEnvironment, verdict: EnvironmentVerdict) => Promise<void>;
}

function createController(parts: ControllerParts, grid: string): GridController {
  const { store, ports, fleet, clock, uptime, log, repositories, onEvent } = parts;
  const deploys = new DeployLog({
    grid,
    records: store.deploys,
    clock,
    explain: (plan) => ({ summary: summarise(plan), text: explainPlan(plan) }),
    announce: async (deploy, commits) => {
      await repositories.announcer(deploy).deploy(deploy, commits);
      parts.onDeploy(deploy);
    },
    announceSources: async (deploy, sources) => {
      for (const source of sources)
        await repositories.announcer({ ...source, grid }).sources(deploy, [source]);
    },
    overtaken: async (commit) =>
      await repositories.announcer({ ...commit, grid }).overtaken({ ...commit, grid }),
  });
  const policy = ports.policy ?? defaultPolicy;
  const visitors = createPlanner();
  return new GridController({
    grid,
    ports: controllerPorts(parts, grid),
    policy,
    fleet,
    environments: new GridEnvironments({
      grid,
      environments: parts.environments,
      plan: (input) => visitors.plan(input),
      policy,
      fleet,
      uptime,
      tell: parts.onEnvironment,
    }),
    deploys,
    clock,
    uptime,
    log,
    onEvent: (event) => onEvent({ ...event, grid, node: null, at: clock.now() }),
  });
}

function controllerPorts(parts: ControllerParts, name: string): ControllerPorts {
  const { store, repositories, compiler, dispatcher, networks } = parts;
  const { clock, freezes } = parts;
  // It remembers what it planned last: one for each grid.
  const planner = createPlanner();
  const previewer = createPlanner();
  return {
    ...readingPorts(parts, compiler),
    plan: (input) => planner.plan(input),
    scope: () => parts.environments.scope(name),
    network: async (grid, arrivals) => await networks.of(grid.name).prepare(grid, arrivals),
    putLastGood: async (grid, { grid: gridDefinition, ...good }) =>
      await store.revisions.putGood({ ...good, grid, gridDefinition, at: clock.now() }),
    assign: async (assignment) => await dispatcher.assign(assignment),
    proven: {
      list: async () => await store.proven.list(name),
      put: async (services) => await store.proven.put(services, clock.now()),
      remove: async (paths) => await store.proven.remove(name, paths),
    },
    preview: (desired) => previewer.plan({ ...present(parts, desired), desired }),
    freeze: () => freezes.of(name),
    review: parts.review(name),
    fault: async (fault) =>
      await repositories.announcer({ repository: '', grid: name }).fault({ ...fault, grid: name }),
  };
}

/** As a plan that nothing comes of is made. */
function present(of: ControllerParts, { grid }: DesiredState) {
  const { fleet, uptime, ports, environments } = of;
  const observed = fleet.observedState(grid.name, grid.nodes);
  const scope = environments.scope(grid.name);
  return { observed, now: uptime(), policy: ports.policy ?? defaultPolicy, scope };
}

function createStackChecks(
  vault: Vault,
): (of: CompiledGrid, grid: string) => Promise<CompiledGrid> {
  const checkWire = createWireCheck();
  const checkSecrets = createSecretCheck(vault);
  return async (compiled, grid) => await checkSecrets(checkWire(compiled), grid);
}

function readingPorts(parts: ControllerParts, compiler: Compiler): ReadingPorts {
  const { store, vault } = parts;
  const check = createStackChecks(vault);
  return {
    source: async (head, grid) => await parts.readFiles(head, grid),
    compile: async (source, grid) => await check(compiler.compile(source, grid), grid),
    verify: async (head, grid) => await parts.verifications(head.repository).verify(head.sha, grid),
    lastGood: async (grid) => await lastGood(store, grid),
  };
}

/** What merging would make is nobody's commit yet; whoever merges it signs it. */
async function unsigned(): Promise<null> {
  return await Promise.resolve(null);
}

async function lastGood(store: Store, grid: string) {
  const good = await store.revisions.lastGood(grid);
  if (good === null) return null;
  const { sha, inputs, gridDefinition, stacks, held } = good;
  return { sha, inputs, grid: gridDefinition, stacks, held };
}

function keepTidy(of: Parts & { readonly store: Store; readonly fleet: Fleet }): void {
  const { store, fleet, clock, uptime, log, undo } = of;
  const onError = (error: unknown): void =>
    log.error({ error: errorMessage(error) }, 'store upkeep failed');
  const writer = new ObservationWriter({ store, fleet, clock, uptime, onError });
  writer.start();
  undo.push('observations', async () => await writer.stop());
  const timer = setInterval(() => {
    store.prune(clock.now()).catch(onError);
    pruneDoneHooks({ store, fleet }).catch(onError);
    pruneJobs({ store, fleet }).catch(onError);
  }, PRUNE_MILLISECONDS);
  undo.push('upkeep', async () => await Promise.resolve(clearInterval(timer)));
}
