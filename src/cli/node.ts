import { NodeList, type NodeStatus } from '../protocol/api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { age, paint, show, table } from './output.ts';

export async function listNodes(
  io: Io,
  client: Client,
  options: { readonly grid: string | null; readonly json: boolean },
): Promise<ExitCode> {
  const { grid, json } = options;
  const path = grid === null ? '/nodes' : `/grids/${encodeURIComponent(grid)}/nodes`;
  const value = await client.get(NodeList, path);
  show(io, { json, value, text: ({ nodes }) => printNodes(io, nodes) });
  return EXIT.done;
}

export async function removeNode(
  io: Io,
  client: Client,
  options: { readonly grid: string; readonly node: string; readonly json: boolean },
): Promise<ExitCode> {
  const { grid, node, json } = options;
  await client.delete(`/grids/${encodeURIComponent(grid)}/nodes/${encodeURIComponent(node)}`);
  if (json) io.stdout(`${JSON.stringify({ grid, node, forgotten: true })}\n`);
  else io.stderr(`node ${node} of grid ${grid} is forgotten\n`);
  return EXIT.done;
}

export function printNodes(io: Io, nodes: readonly NodeStatus[]): string {
  if (nodes.length === 0)
    return 'No nodes. Make a join token with `gridops token create --grid <grid>` and start `gridops agent` with it.';
  const colours = paint(io);
  return table(
    ['GRID', 'NODE', 'STATUS', 'INSTANCES', 'ENGINE', 'AGENT', 'SEEN', 'LABELS'].map(colours.dim),
    nodes.map((node) => [
      node.grid,
      node.name,
      status(io, node),
      String(node.instances),
      node.facts?.engineVersion ?? '-',
      node.facts?.agentVersion ?? '-',
      node.status === 'online' ? 'now' : `${age(io.clock.now() - node.lastSeenAt)} ago`,
      node.facts?.labels.join(',') ?? '',
    ]),
  );
}

function status(io: Io, node: NodeStatus): string {
  const colours = paint(io);
  const drain = node.availability === 'drain' ? colours.yellow(', drain') : '';
  if (node.status === 'online') return colours.green('online') + drain;
  return (node.status === 'offline' ? colours.red : colours.yellow)(node.status) + drain;
}
