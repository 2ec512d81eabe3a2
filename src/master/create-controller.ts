import type { Compiler } from '../manifest/compile.ts';
import type { DesiredState } from '../model/desired.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import type { Seed } from '../model/seed.ts';
import type { SourceTree } from '../model/source.ts';
import { explainPlan, summarise } from '../planner/explain.ts';
import { createPlanner, defaultPolicy } from '../planner/plan.ts';
import type { DeployOutline } from '../store/deploys.ts';
import type { Store } from '../store/store.ts';
import { type ControllerPorts, GridController } from './controller.ts';
import { DeployLog } from './deploy-log.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Environments } from './environments.ts';
import type { RecordEvent } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { Freezes } from './freezes.ts';
import { type EnvironmentVerdict, GridEnvironments } from './grid-environments.ts';
import type { NetworkMaps } from './network-maps.ts';
import type { MasterParts } from './parts.ts';
import type { PlanReview } from './plan-review.ts';
import type { CompiledGrid } from './prepare.ts';
import type { Repositories } from './repositories.ts';
import type { GridHead, ReadingPorts } from './revision.ts';
import { createSecretCheck } from './secret-check.ts';
import type { Vault } from './vault.ts';
import type { Verifications } from './verifications.ts';
import { createWireCheck } from './wire-check.ts';

export interface ControllerParts extends MasterParts {
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

export function createController(parts: ControllerParts, grid: string): GridController {
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
      log,
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
export function present(of: ControllerParts, { grid }: DesiredState) {
  const { fleet, uptime, ports, environments } = of;
  const observed = fleet.observedState(grid.name, grid.nodes);
  const scope = environments.scope(grid.name);
  return { observed, now: uptime(), policy: ports.policy ?? defaultPolicy, scope };
}

export function createStackChecks(
  vault: Vault,
): (of: CompiledGrid, grid: string) => Promise<CompiledGrid> {
  const checkWire = createWireCheck();
  const checkSecrets = createSecretCheck(vault);
  return async (compiled, grid) => await checkSecrets(checkWire(compiled), grid);
}

export function readingPorts(parts: ControllerParts, compiler: Compiler): ReadingPorts {
  const { store, vault } = parts;
  const check = createStackChecks(vault);
  return {
    source: async (head, grid) => await parts.readFiles(head, grid),
    compile: async (source, grid) => await check(compiler.compile(source, grid), grid),
    verify: async (head, grid) => await parts.verifications(head.repository).verify(head.sha, grid),
    lastGood: async (grid) => await lastGood(store, grid),
  };
}

/** What was good last, for reading what comes after it. */
export async function lastGood(store: Store, grid: string) {
  const good = await store.revisions.lastGood(grid);
  if (good === null) return null;
  const { sha, inputs, gridDefinition, stacks, held } = good;
  return { sha, inputs, grid: gridDefinition, stacks, held };
}
