import { NodeStatus } from '../protocol/node-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { show } from './output.ts';

export interface AvailabilityOptions {
  readonly grid: string;
  readonly node: string;
  readonly availability: NodeStatus['availability'];
  readonly json: boolean;
}

/** Tells the master what a node is to be, whatever grid.yml says; either word drains it. */
export async function setAvailability(
  io: Io,
  client: Client,
  { grid, node, availability, json }: AvailabilityOptions,
): Promise<ExitCode> {
  const path = `/grids/${encodeURIComponent(grid)}/nodes/${encodeURIComponent(node)}/availability`;
  const value = await client.put(NodeStatus, path, { availability });
  show(io, { json, value, text: availability === 'drain' ? drainText : activeText });
  return EXIT.done;
}

function drainText({ grid, name, instances }: NodeStatus): string {
  if (instances === 0) return `node ${name} of grid ${grid} is drained: nothing comes to it`;
  const left = instances === 1 ? '1 instance leaves' : `${instances} instances leave`;
  return `node ${name} of grid ${grid} is drained: ${left} it as soon as others can take over; stateful ones stay`;
}

function activeText({ grid, name, availability }: NodeStatus): string {
  return availability === 'drain'
    ? `node ${name} of grid ${grid} stays drained: grid.yml says so, too`
    : `node ${name} of grid ${grid} takes instances again`;
}
