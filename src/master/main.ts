import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createHttpServer } from '../http/server.ts';
import { createCompiler } from '../manifest/compile.ts';
import { GridError } from '../model/error.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import { createPlanner } from '../planner/plan.ts';
import { type KeyPair, keyPairToPem } from '../protocol/sign.ts';
import { monotonicClock, systemClock } from '../runtime/clock.ts';
import { createLog } from '../runtime/log.ts';
import { holdAlone } from '../runtime/sole-use.ts';
import { Teardown } from '../runtime/teardown.ts';
import { packageVersion } from '../runtime/version.ts';
import type { DeployOutline } from '../store/deploys.ts';
import { openStore } from '../store/store.ts';
import { acceptAgents } from './agent-socket.ts';
import {
  createController,
  createStackChecks,
  lastGood,
  present,
  readingPorts,
} from './create-controller.ts';
import { Dispatcher } from './dispatcher.ts';
import { createEnvironmentReading } from './environment-reading.ts';
import { Environments } from './environments.ts';
import { createEventLog } from './event-log.ts';
import { dispatchRecords, loadFleet } from './fleet-records.ts';
import { Freezes } from './freezes.ts';
import type { EnvironmentVerdict } from './grid-environments.ts';
import { createGridRollbacks } from './grid-rollbacks.ts';
import { createGridSwitches } from './grid-switches.ts';
import { Grids } from './grids.ts';
import { apiToken, masterKey, masterSeed, sealingKeys } from './key-file.ts';
import { loadNetworkMaps } from './network-maps.ts';
import { NetworkWatch } from './network-watch.ts';
import { openRepositories } from './open-repositories.ts';
import type { MasterOptions } from './options.ts';
import { createOverview } from './overview.ts';
import type { MasterParts, MasterPorts } from './parts.ts';
import { PullRequestDesks } from './pull-request-desks.ts';
import { createRollbackRequests } from './rollback-requests.ts';
import { watchTracked } from './tracked-repository.ts';
import { UpdateHub } from './update-hub.ts';
import { keepTidy } from './upkeep.ts';
import { createVault } from './vault.ts';

export interface RunningMaster {
  /** Base URL of API, pages and agents. */
  readonly url: string;
  readonly apiToken: string;
  stop(): Promise<void>;
}

const HEARTBEAT_SECONDS = 15;

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

async function compose(parts: MasterParts): Promise<RunningMaster> {
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
    isDeserted: (grid) => fleet.nodes(grid).length === 0,
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
  acceptAgents(http.server, (socket, from, line) => dispatcher.accept(socket, from, line));
  undo.push('http', async () => await http.close());
  // Ends first: the server would wait for its upgraded sockets for ever.
  undo.push('sessions', async () => await Promise.resolve(dispatcher.close()));

  address.url = await http.listen(options.listen);
  // Not before the address is known: they resume what was to be told of deploys, and that leads to their pages.
  for (const grid of new Set([...fleet.grids(), ...(await store.revisions.grids())]))
    grids.of(grid).wake();
  keepTidy({ ...parts, store, fleet, visiting: (grid) => environments.stacks(grid) });
  for (const { options: tracked, loop } of repositories.parts) {
    const watcher = await watchTracked(tracked, { clock, log, onChange: () => loop.wake() });
    if (watcher !== null) undo.push('watcher', async () => await watcher.close());
  }
  repositories.wake();
  log.info({ url: address.url, version }, 'master ready');
  return { url: address.url, apiToken: token, stop: async () => await undo.all() };
}

/** What merging would make is nobody's commit yet; whoever merges it signs it. */
async function unsigned(): Promise<null> {
  return await Promise.resolve(null);
}
