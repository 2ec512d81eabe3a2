import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Forge } from '../forge/forge.ts';
import { createReporter, type Reporter } from '../forge/reporter.ts';
import { createHttpServer } from '../http/server.ts';
import { type Compiler, createCompiler } from '../manifest/compile.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { Seed } from '../model/seed.ts';
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
import type { Repository } from '../sync/repository.ts';
import { createSignatureCheck } from '../sync/signature-check.ts';
import { acceptAgents } from './agent-socket.ts';
import { type Announcer, createAnnouncer } from './announcer.ts';
import { type ControllerPorts, GridController } from './controller.ts';
import { DeployLog } from './deploy-log.ts';
import { Dispatcher } from './dispatcher.ts';
import { createEventLog, type RecordEvent } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import { dispatchRecords, loadFleet, ObservationWriter, pruneDoneHooks } from './fleet-records.ts';
import { Freezes } from './freezes.ts';
import { createGridSwitches } from './grid-switches.ts';
import { Grids } from './grids.ts';
import { pruneJobs } from './job-runs.ts';
import { apiToken, masterKey, masterSeed, sealingKeys } from './key-file.ts';
import { loadNetworkMaps, type NetworkMaps } from './network-maps.ts';
import { NetworkWatch } from './network-watch.ts';
import type { MasterOptions } from './options.ts';
import { createOverview } from './overview.ts';
import { prepare } from './prepare.ts';
import { RepositoryLoop } from './repository-loop.ts';
import { createRollbacks, type Rollbacks } from './rollback.ts';
import { createRollbackRequests } from './rollback-requests.ts';
import { createSecretCheck } from './secret-check.ts';
import {
  createForge,
  framesOf,
  isTracked,
  mayHaveGrid,
  openTracked,
  variablesOf,
  watchTracked,
} from './tracked-repository.ts';
import { UpdateHub } from './update-hub.ts';
import { createVault, type Vault } from './vault.ts';
import { createVerification, type Verification } from './verification.ts';
import { WebhookIntake } from './webhook-intake.ts';
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
    return await compose({ options, ports, clock, random, log, undo });
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
  readonly random: () => number;
  readonly log: Log;
  readonly undo: Teardown;
}

async function compose(parts: Parts): Promise<RunningMaster> {
  const { options, ports, clock, random, log, undo } = parts;
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  const identity = await masterKey(options.data);
  await holdFolder({ data: options.data, identity, undo });
  const token = options.apiToken ?? (await apiToken(options.data));
  const opened = await openStore({ path: join(options.data, 'gridops.db') });
  undo.push('store', async () => await opened.close());
  const store = ports.store?.(opened) ?? opened;
  const made = createForge(options);
  const forge = made === null ? null : (ports.forge?.(made) ?? made);
  const reporter = forge === null ? null : startReporter({ ...parts, store, forge });
  const repository = await openTracked(options, forge);
  undo.push('repository', async () => await repository.close());
  const fleet = await loadFleet({ store, clock, log });
  const freezes = new Freezes({ records: store.freezes, clock });
  await freezes.load();
  const hub = new UpdateHub();
  const version = packageVersion();
  const address: { url: string } = { url: '' };
  const publicUrl = (): string => (options.publicUrl ?? address.url).replace(/\/+$/, '');
  const onEvent = createEventLog({ events: store.events, hub, log });

  const seed = await masterSeed(options.data);
  const vault = createVault({ ...(await sealingKeys(options.data)), seed });
  const onChange = (grid: string): void => {
    grids.of(grid).observed();
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
    log,
    onChange,
    onEvent,
    onNetworkReport: async (from) => await networkWatch.take(from),
  });
  const announcer = createAnnouncer({
    reporter,
    repository:
      options.forge.kind === 'github' ? `${options.forge.owner}/${options.forge.name}` : '',
    publicUrl,
    hub,
    commitOf: async (id) => (await store.deploys.get(id))?.sha ?? null,
  });
  const compiler = createCompiler({ seed });
  const signatures = createSignatureCheck(join(options.data, 'signatures'));
  const verification = createVerification({
    policies: options.verify ?? [],
    repository,
    signatures,
  });
  const shared = {
    verification,
    onDeploy: (deploy: DeployOutline) => {
      if (options.rollbackRequests === true) requests.announced(deploy);
    },
    ...parts,
    seed,
    store,
    repository,
    fleet,
    dispatcher,
    networks,
    compiler,
    vault,
    announcer,
    freezes,
    onEvent,
  };
  const grids = new Grids((grid) => createController(shared, grid));
  undo.push('controllers', async () => await grids.stop());

  const loop = new RepositoryLoop({
    repository,
    clock,
    random,
    log,
    pollInterval: options.repository.pollSeconds * 1_000,
    knownGrids: () => grids.names(),
    onHead: (grid, head) => grids.of(grid).revise(head),
    onLooked: async (head) => await intake.settle(head),
  });
  undo.push('repository loop', async () => await loop.stop());

  const intake = new WebhookIntake({
    secrets: options.webhookSecrets,
    inbox: store.inbox,
    clock,
    concerns: (push) => isTracked(options, push),
    wake: () => loop.wake(),
    isAncestor: async (older, newer) => await repository.isAncestor(older, newer),
    overtaken: async (sha, by) => {
      for (const grid of grids.names())
        if ((await mayHaveGrid(repository, sha, grid)) && !(await wasDeployed(store, grid, sha)))
          await announcer.overtaken({ grid, sha, by });
    },
    onError: (error) =>
      log.error({ error: errorMessage(error) }, 'webhook not processed; the next look tries again'),
  });
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
  const rollbacks = startRollbacks(shared, { forge, wake: () => loop.wake() });
  if (options.rollbackRequests === true && forge === null) throw noRequests();
  const requests = createRollbackRequests({ rollbacks, deploys: store.deploys, log });
  const http = await createHttpServer({
    operations: createOverview({
      switches,
      freezes,
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
      controllers: grids.running,
      repository: () => loop.state,
      frames: async (of) => await framesOf(repository, of),
      variables: async (of) => await variablesOf(repository, of),
    }),
    webhook: intake.handle,
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
  const watcher = await watchTracked(options, { clock, log, onChange: () => loop.wake() });
  if (watcher !== null) undo.push('watcher', async () => await watcher.close());
  loop.wake();
  log.info({ url: address.url, version }, 'master ready');
  return { url: address.url, apiToken: token, stop: async () => await undo.all() };
}

interface ControllerParts extends Parts {
  readonly seed: Seed;
  readonly verification: Verification;
  readonly onDeploy: (deploy: DeployOutline) => void;
  readonly store: Store;
  readonly repository: Repository;
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly networks: NetworkMaps;
  readonly compiler: Compiler;
  readonly vault: Vault;
  readonly announcer: Announcer;
  readonly freezes: Freezes;
  readonly onEvent: RecordEvent;
}

function createController(parts: ControllerParts, grid: string): GridController {
  const { store, ports, fleet, clock, log, announcer, onEvent } = parts;
  const deploys = new DeployLog({
    grid,
    records: store.deploys,
    clock,
    explain: (plan) => ({ summary: summarise(plan), text: explainPlan(plan) }),
    announce: async (deploy, commits) => {
      await announcer.deploy(deploy, commits);
      parts.onDeploy(deploy);
    },
    overtaken: async (sha, by) => await announcer.overtaken({ grid, sha, by }),
  });
  return new GridController({
    grid,
    ports: controllerPorts(parts, grid),
    policy: ports.policy ?? defaultPolicy,
    fleet,
    deploys,
    clock,
    uptime: () => monotonicClock.now(),
    log,
    onEvent: (event) => onEvent({ ...event, grid, node: null, at: clock.now() }),
  });
}

function controllerPorts(parts: ControllerParts, name: string): ControllerPorts {
  const { store, ports, repository, compiler, dispatcher, networks, fleet } = parts;
  const { clock, announcer, freezes } = parts;
  // It remembers what it planned last: one for each grid.
  const planner = createPlanner();
  const previewer = createPlanner();
  const present = ({ grid }: DesiredState) => ({
    observed: fleet.observedState(name, grid.nodes),
    now: clock.now(),
    policy: ports.policy ?? defaultPolicy,
  });
  const checkWire = createWireCheck();
  const checkSecrets = createSecretCheck(parts.vault);
  return {
    source: async (sha, grid) => await repository.source(sha, grid),
    verify: async (sha, grid) => await parts.verification.verify(sha, grid),
    compile: async (source, grid) =>
      await checkSecrets(checkWire(compiler.compile(source, grid)), grid),
    plan: (input) => planner.plan(input),
    network: async (grid, arrivals) => await networks.of(grid.name).prepare(grid, arrivals),
    lastGood: async (grid) => await lastGood(store, grid),
    putLastGood: async (grid, { grid: gridDefinition, ...good }) =>
      await store.revisions.putGood({ ...good, grid, gridDefinition, at: clock.now() }),
    assign: async (assignment) => await dispatcher.assign(assignment),
    proven: {
      list: async () => await store.proven.list(name),
      put: async (services) => await store.proven.put(services, clock.now()),
      remove: async (paths) => await store.proven.remove(name, paths),
    },
    preview: (desired) => previewer.plan({ ...present(desired), desired }),
    freeze: () => freezes.of(name),
    fault: async (fault) => await announcer.fault({ ...fault, grid: name }),
  };
}

function noRequests(): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: 'rollback_requests is on, but this master knows no code host to open them at',
    hint: 'Configure the code host, or leave rollback_requests off.',
  });
}

function startRollbacks(
  parts: ControllerParts,
  of: { readonly forge: Forge | null; readonly wake: () => void },
): Rollbacks {
  const { options, store, repository, fleet, clock, ports, onEvent } = parts;
  // Its own: what the controllers compiled last stays the same.
  const compiler = createCompiler({ seed: parts.seed });
  const compile = async (sha: string, grid: string) => {
    const isThere = (await repository.inputs(sha, grid)) !== null;
    const none = { sha, inputs: '', files: new Map() };
    return compiler.compile(isThere ? await repository.source(sha, grid) : none, grid);
  };
  return createRollbacks({
    repository,
    branch: options.repository.branch,
    forge:
      of.forge === null || options.forge.kind === 'none'
        ? null
        : { port: of.forge, name: { owner: options.forge.owner, name: options.forge.name } },
    deploys: store.deploys,
    wantsSignature: (grid) => parts.verification.isWanted(grid),
    compile,
    plan: async (grid, sha) => {
      const prepared = prepare(await compile(sha, grid), await lastGood(store, grid), sha);
      if (prepared === null) return null;
      const { desired } = prepared;
      const observed = fleet.observedState(grid, desired.grid.nodes);
      const policy = ports.policy ?? defaultPolicy;
      return explainPlan(createPlanner().plan({ desired, observed, policy, now: clock.now() }));
    },
    clock,
    onEvent,
    onPushed: of.wake,
  });
}

function startReporter(of: Parts & { readonly store: Store; readonly forge: Forge }): Reporter {
  const { store, forge, clock, random, log, undo } = of;
  const reporter = createReporter({
    outbox: store.outbox,
    forge,
    clock,
    random,
    log,
    onGaveUp: (status, error) =>
      log.error(
        { sha: status.sha, context: status.context, error: error.message },
        'status refused',
      ),
  });
  undo.push('reporter', async () => await reporter.stop());
  return reporter;
}

/** Among the last deploys: an older one would not be what a push of this moment was overtaken by. */
async function wasDeployed(store: Store, grid: string, sha: string): Promise<boolean> {
  const deploys = await store.deploys.list(grid, { limit: 50 });
  return deploys.some((deploy) => deploy.sha === sha || deploy.carried.includes(sha));
}

async function lastGood(store: Store, grid: string) {
  const good = await store.revisions.lastGood(grid);
  if (good === null) return null;
  const { sha, inputs, gridDefinition, stacks, held } = good;
  return { sha, inputs, grid: gridDefinition, stacks, held };
}

function keepTidy(of: Parts & { readonly store: Store; readonly fleet: Fleet }): void {
  const { store, fleet, clock, log, undo } = of;
  const onError = (error: unknown): void =>
    log.error({ error: errorMessage(error) }, 'store upkeep failed');
  const writer = new ObservationWriter({ store, fleet, onError });
  writer.start();
  undo.push('observations', async () => await writer.stop());
  const timer = setInterval(() => {
    store.prune(clock.now()).catch(onError);
    pruneDoneHooks({ store, fleet }).catch(onError);
    pruneJobs({ store, fleet }).catch(onError);
  }, PRUNE_MILLISECONDS);
  undo.push('upkeep', async () => await Promise.resolve(clearInterval(timer)));
}
