import type { Assignment } from '../model/assignment.ts';
import { decodeAssignment } from '../protocol/codec.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Store } from '../store/store.ts';
import type { DispatchRecords } from './dispatcher.ts';
import { Fleet, type FleetNode, unheard } from './fleet.ts';

/** The fleet as the last process left it. Nobody counts as heard yet: what runs now, the agents must say. */
export async function loadFleet(store: Store, clock: Clock): Promise<Fleet> {
  const fleet = new Fleet();
  const now = clock.now();
  for (const stored of await store.nodes.list()) {
    const { grid, name, facts } = stored;
    const assignment = await store.assignments.get(grid, name);
    const observation = await store.observations.get(grid, name);
    fleet.put({
      ...unheard({ grid, name, now }),
      facts,
      assignment: assignment === null ? null : decodeAssignment(assignment.payload),
      instances: observation?.instances ?? [],
      observedGeneration: observation?.generation ?? 0,
    });
  }
  return fleet;
}

export function dispatchRecords(store: Store): DispatchRecords {
  return {
    node: async (grid, name) => await store.nodes.get(grid, name),
    putNode: async ({ grid, name, publicKey, facts, at }) => {
      await store.nodes.put({ grid, name, publicKey, facts, lastSeenAt: at });
    },
    isRevoked: async (publicKey) => await store.nodes.isRevoked(publicKey),
    takeToken: async ({ hash, grid, node, publicKey, now }) => {
      const taken = await store.tokens.take({ hash, node, publicKey, now });
      return taken.kind === 'taken' && taken.grid === grid;
    },
    putAssignment: async (assignment: Assignment, at) =>
      await store.assignments.put({
        grid: assignment.grid,
        node: assignment.node,
        generation: assignment.generation,
        payload: JSON.stringify(assignment),
        at,
      }),
  };
}

const FLUSH_MILLISECONDS = 2_000;

/**
 * Writes observations behind: agents tell everything again when they reconnect, so what a crash loses is lost for seconds.
 * Writing each report at once would cost a write for every health flap of every node.
 */
export class ObservationWriter {
  readonly #store: Store;
  readonly #fleet: Fleet;
  readonly #onError: (error: unknown) => void;
  readonly #written = new WeakSet<FleetNode>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(of: { store: Store; fleet: Fleet; onError: (error: unknown) => void }) {
    this.#store = of.store;
    this.#fleet = of.fleet;
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
    for (const grid of this.#fleet.grids())
      for (const node of this.#fleet.nodes(grid)) {
        if (!node.observed || this.#written.has(node)) continue;
        await this.#store.observations.put({
          grid,
          node: node.name,
          generation: node.observedGeneration,
          instances: node.instances,
          at: node.lastSeenAt,
        });
        await this.#store.nodes.touch(grid, node.name, node.lastSeenAt);
        this.#written.add(node);
      }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
  }
}
