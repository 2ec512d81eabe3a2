import { skewText } from '../model/clock-skew.ts';
import { diskText, isLow } from '../model/engine-condition.ts';
import { GridError } from '../model/error.ts';
import { NodeList, type NodeStatus } from '../protocol/node-api.ts';
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

export async function showNode(
  io: Io,
  client: Client,
  options: { readonly grid: string; readonly node: string; readonly json: boolean },
): Promise<ExitCode> {
  const { grid, node: name, json } = options;
  const { nodes } = await client.get(NodeList, `/grids/${encodeURIComponent(grid)}/nodes`);
  const value = nodes.find((node) => node.name === name);
  if (value === undefined)
    throw new GridError({
      code: 'not-found',
      message: `grid ${grid} has no node ${name}`,
      hint: `List its nodes with \`gridops node ls ${grid}\`.`,
    });
  show(io, { json, value, text: (node) => printNode(io, node) });
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
    ['GRID', 'NODE', 'STATUS', 'INSTANCES', 'NETWORK', 'ENGINE', 'AGENT', 'SEEN', 'LABELS'].map(
      colours.dim,
    ),
    nodes.map((node) => [
      node.grid,
      node.name,
      status(io, node),
      String(node.instances),
      node.network?.address ?? node.network?.mode ?? '-',
      node.facts?.engineVersion ?? '-',
      agentVersion(io, node),
      seen(io, node),
      node.facts?.labels.join(',') ?? '',
    ]),
  );
}

function printNode(io: Io, node: NodeStatus): string {
  const { facts } = node;
  const lines: readonly (readonly [name: string, value: string | null])[] = [
    ['Grid', node.grid],
    ['Node', node.name],
    ['Status', status(io, node)],
    ['Drained', node.drained === undefined ? null : drainedBy(io, node.drained)],
    ['Stays with data', node.stays?.join(', ') ?? null],
    ['Seen', seen(io, node)],
    ['Instances', String(node.instances)],
    ...networkLines(node.network),
    ['Engine', facts?.engineVersion ?? null],
    ...engineLines(io, node),
    ['Agent', facts === null ? null : agentVersion(io, node)],
    ['Clock', clock(io, node)],
    ['System', facts === null ? null : `${facts.operatingSystem}, ${facts.architecture}`],
    ['Labels', facts?.labels.join(', ') || null],
  ];
  const colours = paint(io);
  return lines
    .flatMap(([name, value]) => (value === null ? [] : `${colours.dim(name.padEnd(17))}${value}`))
    .join('\n');
}

function networkLines(
  network: NodeStatus['network'],
): readonly (readonly [name: string, value: string | null])[] {
  if (network === undefined) return [['Network', 'not known: its agent is too old']];
  const { mode, reason, number } = network;
  return [
    ['Network', reason === null ? mode : `${mode}: ${reason}`],
    ['Number', number === null ? null : String(number)],
    ['Grid address', network.address],
    ['Public address', network.publicAddress],
    ['Private address', network.privateAddress],
    ['Region', network.region],
  ];
}

function engineLines(
  io: Io,
  { engine }: NodeStatus,
): readonly (readonly [name: string, value: string | null])[] {
  if (engine === undefined) return [];
  const { state, since, reason, disk } = engine;
  const silent = `silent for ${age(io.clock.now() - since)}: ${reason ?? 'no answer'}`;
  return [
    ['Engine answers', state === 'ok' ? null : paint(io).red(silent)],
    ['Engine disk', disk === null ? null : diskText(disk) + (isLow(disk) ? ', almost full' : '')],
  ];
}

function seen(io: Io, node: NodeStatus): string {
  return node.status === 'online' ? 'now' : `${age(io.clock.now() - node.lastSeenAt)} ago`;
}

function agentVersion(io: Io, { facts, outdated }: NodeStatus): string {
  const version = facts?.agentVersion ?? '-';
  return outdated === true ? `${version} ${paint(io).yellow('(old)')}` : version;
}

function clock(io: Io, { skewSeconds }: NodeStatus): string | null {
  if (skewSeconds === undefined) return null;
  const skew = skewText(skewSeconds);
  return skew === null ? "the master's" : paint(io).yellow(skew);
}

function drainedBy(io: Io, { by, at }: NonNullable<NodeStatus['drained']>): string {
  return `by ${by}, ${age(io.clock.now() - at)} ago`;
}

function status(io: Io, node: NodeStatus): string {
  const colours = paint(io);
  const since = node.drained === undefined ? '' : ` ${drainedBy(io, node.drained)}`;
  const drain = node.availability === 'drain' ? colours.yellow(`, drain${since}`) : '';
  const skew = skewText(node.skewSeconds);
  const more = skew === null ? drain : `${drain}${colours.yellow(`, clock ${skew}`)}`;
  if (node.status === 'online' && node.engine?.state === 'silent')
    return colours.red('engine silent') + more;
  if (node.status === 'online') return colours.green('online') + more;
  return (node.status === 'offline' ? colours.red : colours.yellow)(node.status) + more;
}
