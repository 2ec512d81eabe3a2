import type { ContainerSpec } from '../model/spec.ts';
import type { HostNode } from './host-nodes.ts';

/** What of a node a container may use up, by its limits. Whole numbers, so that sums come out even. */
export interface Needs {
  /** Bytes; 0 when it says nothing (kontena.md 4.3, filter 8). */
  readonly memory: number;
  /** Billionths of a CPU, as Docker counts them; 0 when it says nothing. */
  readonly nanoCpus: number;
}

export const NANO_CPUS = 1_000_000_000;

export function needsOf({ memory, memorySwap, cpus }: ContainerSpec): Needs {
  return { memory: memory ?? memorySwap ?? 0, nanoCpus: Math.round((cpus ?? 0) * NANO_CPUS) };
}

/** All that a node has. */
export function capacityOf({ facts }: Pick<HostNode, 'facts'>): Needs {
  return { memory: facts?.memory ?? 0, nanoCpus: Math.round((facts?.cpus ?? 0) * NANO_CPUS) };
}
