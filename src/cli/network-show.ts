import { NetworkStatus } from '../protocol/network-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { type NodeNetwork, sightOf } from './network-sight.ts';
import { paint, show, table } from './output.ts';

export async function showNetwork(
  io: Io,
  client: Client,
  options: { readonly grid: string; readonly json: boolean },
): Promise<ExitCode> {
  const { grid, json } = options;
  const value = await client.get(NetworkStatus, `/grids/${encodeURIComponent(grid)}/network`);
  show(io, { json, value, text: (status) => printNetwork(io, status) });
  return EXIT.done;
}

function printNetwork(io: Io, status: NetworkStatus): string {
  const { map, nodes, grid } = status;
  if (nodes.length === 0)
    return `Grid ${grid} has no nodes. Make a join token with \`gridops token create --grid ${grid}\` and start \`gridops agent\` with it.`;
  const colours = paint(io);
  const rows = nodes.map((node) => nodeRow(io, status, node));
  const head = ['NO', 'NODE', 'STATUS', 'ADDRESS', 'NETWORK', 'REACHES', 'MAP', 'UNDERLAY'];
  const reasons = nodes.flatMap(({ name, reason }) =>
    reason === null ? [] : [`${name} has no overlay: ${reason}`],
  );
  const parts = [mapLines(map).join('\n'), table(head.map(colours.dim), rows), reasons.join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}

function mapLines(map: NetworkStatus['map']): readonly string[] {
  if (map === null) return ['There is no network map yet: each host has a network of its own.'];
  const trusted = map.trustedSubnets.length === 0 ? 'none' : map.trustedSubnets.join(', ');
  return [
    `subnet   ${map.subnet}, MTU ${map.mtu}`,
    `tunnels  ${map.tunnelSubnet}`,
    `trusted  ${trusted}`,
    `map      version ${map.version}`,
  ];
}

function nodeRow(io: Io, status: NetworkStatus, node: NodeNetwork): readonly string[] {
  const colours = paint(io);
  const tone = node.status === 'online' ? colours.green : colours.red;
  return [
    node.number === null ? '-' : String(node.number),
    node.name,
    tone(node.status),
    node.address ?? '-',
    modeOf(node),
    reachesOf(status, node),
    mapOf(status, node),
    underlayOf(node),
  ];
}

function modeOf({ mode, behindNat, publicAddress }: NodeNetwork): string {
  if (mode === null) return '-';
  return behindNat === true && publicAddress === null ? `${mode}, NAT` : mode;
}

function reachesOf({ nodes }: NetworkStatus, node: NodeNetwork): string {
  const peers = nodes.filter((one) => one !== node && one.number !== null);
  if (node.number === null || node.report === null || node.status !== 'online') return '-';
  const reached = peers.filter((peer) => {
    const sight = sightOf(node, peer);
    return sight !== null && sight.way !== 'none';
  });
  return `${reached.length}/${peers.length}`;
}

function mapOf({ map }: NetworkStatus, { report }: NodeNetwork): string {
  if (report === null) return '-';
  return map !== null && report.version < map.version
    ? `${report.version} (behind)`
    : String(report.version);
}

const MOST_ADDRESSES = 2;

/** What it is reached by. */
function underlayOf(node: NodeNetwork): string {
  const known = [...new Set([node.publicAddress, ...node.addresses])].filter((one) => one !== null);
  const more = known.length - MOST_ADDRESSES;
  return known.slice(0, MOST_ADDRESSES).join(', ') + (more > 0 ? ` +${more}` : '');
}
