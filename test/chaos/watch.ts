import { setTimeout as delay } from 'node:timers/promises';
import type { GridStatus } from '../../src/protocol/grid-api.ts';
import type { InstanceStatus } from '../../src/protocol/instance-api.ts';
import type { JobStatus } from '../../src/protocol/job-api.ts';
import type { NodeStatus } from '../../src/protocol/node-api.ts';
import { API_TOKEN, type World } from '../support/world.ts';
import type { Branch } from './branch.ts';
import { earlyOnes } from './jobs.ts';
import type { PlannedFault } from './schedule.ts';

/** What the master says of everything at one moment; `null`: it does not answer. */
export interface Sight {
  readonly at: number;
  readonly grid: GridStatus;
  readonly nodes: readonly NodeStatus[];
  readonly instances: readonly InstanceStatus[];
  /** Of a moment after that of the instances. */
  readonly jobs: readonly JobStatus[];
}

const PAUSE_MS = 300;
const LIMIT_MS = 3_000;

/** Looks at the grid all the time, as a person at its page does. */
export class Watch {
  readonly #world: World;
  readonly #branch: Branch;
  readonly #early = new Set<string>();
  readonly #over = new AbortController();
  readonly #loop: Promise<void>;
  /** Faults that are mended, with the moment, until their target is seen well. */
  readonly #waiting = new Map<PlannedFault, number>();
  /** Milliseconds from the end of a fault until its target was seen well. */
  readonly #recoveries = new Map<PlannedFault, number>();

  constructor(world: World, branch: Branch) {
    this.#world = world;
    this.#branch = branch;
    this.#loop = this.#look();
  }

  get recoveries(): ReadonlyMap<PlannedFault, number> {
    return this.#recoveries;
  }

  /** What served before it should have. */
  get early(): readonly string[] {
    return [...this.#early];
  }

  mended(fault: PlannedFault): void {
    this.#waiting.set(fault, Date.now());
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  async #look(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const asked = Date.now();
      const sight = await sightOf(this.#world);
      if (sight !== null) this.#judge(sight, asked);
      await delay(PAUSE_MS);
    }
  }

  #judge(sight: Sight, asked: number): void {
    for (const early of earlyOnes(sight.instances, sight.jobs, this.#branch))
      this.#early.add(early);
    for (const [fault, since] of this.#waiting) {
      if (since > asked || !isWell(sight, fault.target)) continue;
      this.#recoveries.set(fault, sight.at - since);
      this.#waiting.delete(fault);
    }
  }
}

export async function sightOf(world: World): Promise<Sight | null> {
  try {
    const [grid, { nodes }, { instances }] = await Promise.all([
      get<GridStatus>(world, `grids/${world.grid}`),
      get<{ nodes: readonly NodeStatus[] }>(world, `grids/${world.grid}/nodes`),
      get<{ instances: readonly InstanceStatus[] }>(world, `grids/${world.grid}/instances`),
    ]);
    const { jobs } = await get<{ jobs: readonly JobStatus[] }>(world, `grids/${world.grid}/jobs`);
    return { at: Date.now(), grid, nodes, instances, jobs };
  } catch {
    return null;
  }
}

/** The master answers; the repository can be read; the node reports, and all that is placed on it runs, or is a job. */
function isWell({ grid, nodes, instances }: Sight, target: PlannedFault['target']): boolean {
  if (target === 'master') return true;
  if (target === 'forge') return grid.fault === null;
  const name = `h${target}`;
  const isOnline = nodes.some((node) => node.name === name && node.status === 'online');
  const own = instances.filter(({ node }) => node === name);
  return isOnline && own.every(({ state }) => state === 'running' || state === 'idle');
}

async function get<T>(world: World, path: string): Promise<T> {
  const response = await fetch(`${world.master.url}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${API_TOKEN}` },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}
