import type { Assignment } from '../model/assignment.ts';
import { errorMessage } from '../model/error.ts';
import type { Stack } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { decodeAssignment, wireAssignment } from '../protocol/codec.ts';
import { type Clocks, wallTime } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { StoredAssignment } from '../store/assignments.ts';
import type { Store } from '../store/store.ts';
import type { DispatchRecords } from './dispatch-records.ts';
import { Fleet, type FleetNode, unheard } from './fleet.ts';
import { loadJobs } from './job-runs.ts';
import { toldBy } from './untold.ts';

/** The fleet as the last process left it. Nobody counts as heard yet: what runs now, the agents must say. */
export async function loadFleet(of: {
  readonly store: Store;
  readonly uptime: () => number;
  readonly log: Log;
}): Promise<Fleet> {
  const { store, uptime } = of;
  const fleet = new Fleet();
  const now = uptime();
  const nodes = await store.nodes.list();
  for (const { grid, name, facts, drained } of nodes)
    fleet.put({ ...unheard({ grid, name, now }), facts, drained });
  for (const grid of fleet.grids()) {
    for (const stored of await store.assignments.list(grid)) {
      const assignment = await readAssignment(of, stored);
      change(fleet, { grid, node: stored.node }, { assignment });
    }
    for (const { node, instances, generation } of await store.observations.list(grid)) {
      const known = fleet.get(grid, node);
      if (known === null) continue;
      const told = toldBy(known, generation);
      fleet.put({ ...known, instances, observedGeneration: generation, told });
    }
  }
  await loadJobs({ store, fleet });
  for (const grid of await store.doneHooks.grids())
    fleet.doneHooks.add(await store.doneHooks.list(grid));
  return fleet;
}

/** What cannot be read is forgotten: the node brings back what it goes by, signed by this master. */
async function readAssignment(
  { store, log }: { readonly store: Store; readonly log: Log },
  { grid, node, payload }: StoredAssignment,
): Promise<Assignment | null> {
  try {
    return decodeAssignment(payload);
  } catch (error) {
    log.error({ grid, node, error: errorMessage(error) }, 'stored assignment is damaged');
    await store.assignments.remove(grid, node);
    return null;
  }
}

function change(
  fleet: Fleet,
  { grid, node }: { readonly grid: string; readonly node: string },
  to: Partial<FleetNode>,
): void {
  const known = fleet.get(grid, node);
  if (known !== null) fleet.put({ ...known, ...to });
}

export function dispatchRecords(store: Store): DispatchRecords {
  return {
    node: async (grid, name) => await store.nodes.get(grid, name),
    nodeOf: async (publicKey) => await store.nodes.byKey(publicKey),
    putNode: async ({ grid, name, publicKey, facts, at }) => {
      await store.nodes.put({ grid, name, publicKey, facts, lastSeenAt: at });
    },
    isRevoked: async (publicKey) => await store.nodes.isRevoked(publicKey),
    takeToken: async ({ hash, grid, node, publicKey, now }) => {
      const taken = await store.tokens.take({ hash, node, publicKey, now });
      return taken.kind === 'taken' && taken.grid === grid;
    },
    putDoneHooks: async (hooks, at) => await store.doneHooks.put(hooks, at),
    putJobRuns: async (runs) => await store.jobRuns.put(runs),
    putAssignment: async (assignment: Assignment, at) =>
      await store.assignments.put({
        grid: assignment.grid,
        node: assignment.node,
        generation: assignment.generation,
        payload: JSON.stringify(wireAssignment(assignment)),
        at,
      }),
  };
}

/** What is kept within bounds, and by what. */
export interface Tidying {
  readonly store: Store;
  readonly fleet: Fleet;
  /** What runs in a grid beside what its good revision wants. */
  readonly visiting: (grid: string) => readonly Stack[];
}

/** Forgets what services have done that nobody wants any more: whoever brings one back begins anew. */
export async function pruneDoneHooks({ store, fleet, visiting }: Tidying): Promise<void> {
  for (const grid of await store.doneHooks.grids()) {
    const good = await store.revisions.lastGood(grid);
    if (good === null) continue;
    const services = new Set(
      [...good.stacks, ...visiting(grid)].flatMap((stack) =>
        stack.services.map((one) => servicePath({ stack: stack.name, service: one.name })),
      ),
    );
    const isHeld = (service: string): boolean =>
      good.held.some((stack) => service.startsWith(`${stack}/`));
    for (const service of fleet.doneHooks.services(grid)) {
      if (services.has(service) || isHeld(service)) continue;
      await store.doneHooks.remove(grid, service);
      fleet.doneHooks.remove(grid, service);
    }
  }
}

const FLUSH_MILLISECONDS = 2_000;
/** One write is much cheaper than many, and must not hold up the others for long. */
const FLUSHED_AT_ONCE = 250;

/**
 * Writes observations behind: agents tell everything again when they reconnect, so what a crash loses is lost for seconds.
 * Writing each report at once would cost a write for every health flap of every node.
 */
export class ObservationWriter {
  readonly #store: Store;
  readonly #fleet: Fleet;
  readonly #clocks: Clocks;
  readonly #onError: (error: unknown) => void;
  readonly #written = new WeakSet<FleetNode>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(of: Clocks & { store: Store; fleet: Fleet; onError: (error: unknown) => void }) {
    this.#store = of.store;
    this.#fleet = of.fleet;
    this.#clocks = of;
    this.#onError = of.onError;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.flush()
        .catch(this.#onError)
        .finally(() => this.start());
    }, FLUSH_MILLISECONDS);
  }

  async flush(): Promise<void> {
    const news = this.#fleet.grids().flatMap((grid) => this.#news(grid));
    for (let at = 0; at < news.length; at += FLUSHED_AT_ONCE)
      await this.#write(news.slice(at, at + FLUSHED_AT_ONCE));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
  }

  #news(grid: string): readonly FleetNode[] {
    return this.#fleet.nodes(grid).filter((node) => node.observed && !this.#written.has(node));
  }

  async #write(nodes: readonly FleetNode[]): Promise<void> {
    await this.#store.observations.put(
      nodes.map(({ grid, name, observedGeneration, instances, heardAt }) => {
        const at = wallTime(heardAt, this.#clocks);
        return { grid, node: name, generation: observedGeneration, instances, at };
      }),
    );
    await this.#store.nodes.touch(
      nodes.map(({ grid, name, heardAt }) => {
        return { grid, name, lastSeenAt: wallTime(heardAt, this.#clocks) };
      }),
    );
    for (const node of nodes) this.#written.add(node);
  }
}
