import { bySeverity } from '../model/network-report.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';
import { pairFindings } from './network-pairs.ts';
import type { DoctorFinding, NodeNetwork } from './network-sight.ts';

/** Pure: what is wrong with a grid's network, by what its nodes say and by comparing it. The worst first. */
export function diagnose(status: NetworkStatus): readonly DoctorFinding[] {
  const own = status.nodes.flatMap((node) => [
    ...nodeFindings(node, status),
    ...(isFresh(node) ? (node.report?.findings ?? []) : []).map((one) => ({
      ...one,
      at: node.name,
    })),
  ]);
  const grid = status.map === null && status.nodes.length > 0 ? [withoutMap(status)] : [];
  return [...grid, ...own, ...pairFindings(status)].toSorted(bySeverity);
}

/** What a node said before it went away need not be so any more. */
export function isFresh(node: NodeNetwork): boolean {
  return node.status === 'online' && node.report !== null;
}

/** Three reports of one a minute. */
const OLD = 180_000;

function nodeFindings(
  node: NodeNetwork,
  { map, nodes, now }: NetworkStatus,
): readonly DoctorFinding[] {
  const at = node.name;
  if (node.mode === null && node.status !== 'unobserved')
    return [
      {
        at,
        severity: 'error',
        code: 'agent-too-old',
        message: 'its agent does not know of networks: its containers are not in the grid’s',
        hint: 'Update gridops on this host and restart the agent.',
      },
    ];
  if (node.mode === 'bridge' || node.mode === 'none')
    return [withoutOverlay(node, node.mode, nodes.length > 1)];
  if (node.status !== 'online') return [offline(node)];
  if (node.number === null)
    return [
      {
        at,
        severity: 'error',
        code: 'not-in-network',
        message:
          'has no place in the grid’s network: no number or no pool of addresses is free, or its map is just being made',
        hint: 'gridops plan says which. Nodes that are gone for good keep their numbers until: gridops node rm <grid> <node>.',
      },
    ];
  const findings: DoctorFinding[] = [];
  if (node.report === null)
    findings.push({
      at,
      severity: 'warning',
      code: 'no-report',
      message:
        'has not told how it reaches the others: it has just connected, or its agent is older than the master',
      hint: 'Ask again in a minute; else update gridops on this host.',
    });
  else if (now - node.report.at > OLD)
    findings.push({
      at,
      severity: 'warning',
      code: 'no-report',
      message: `last told ${Math.round((now - node.report.at) / 60_000)} min ago how it reaches the others`,
      hint: 'Look at the agent’s log on this host: what looks at the network may hang.',
    });
  if (map !== null && node.report !== null && node.report.version < map.version)
    findings.push({
      at,
      severity: 'warning',
      code: 'map-behind',
      message: `goes by version ${node.report.version} of the network map, the newest is ${map.version}`,
      hint: 'It passes within seconds. If it stays: look at the agent’s log on this host, and whether its disk is full.',
    });
  return findings;
}

function withoutOverlay(node: NodeNetwork, mode: string, hasPeers: boolean): DoctorFinding {
  const what =
    mode === 'none'
      ? 'gridops connects no containers here'
      : 'its containers reach only those of the same host';
  const isChosen = node.reason === null;
  return {
    at: node.name,
    severity: hasPeers && !isChosen ? 'error' : 'info',
    code: 'no-overlay',
    message: isChosen
      ? `is in network mode ${mode}: ${what}`
      : `has no overlay, ${what}: ${node.reason}`,
    hint: isChosen
      ? 'To have it in the grid’s network: start the agent without --network.'
      : 'Mend that and restart the agent; on the host, `gridops network doctor --local` looks again.',
  };
}

function offline({ name, status }: NodeNetwork): DoctorFinding {
  const message =
    status === 'offline'
      ? 'is not connected to the master; nothing is known of its network now'
      : 'has not connected to this master yet';
  return {
    at: name,
    severity: 'warning',
    code: 'node-offline',
    message,
    hint: 'Start the agent on it. If the host is gone for good: gridops node rm <grid> <node>.',
  };
}

function withoutMap({ nodes }: NetworkStatus): DoctorFinding {
  const isAny = nodes.some(({ mode }) => mode === 'overlay');
  return {
    at: '',
    severity: isAny ? 'warning' : 'info',
    code: 'no-network',
    message: isAny
      ? 'the master has made no network map yet'
      : 'no node can have the overlay: each host has a network of its own',
    hint: isAny
      ? 'It comes with the first good revision of the grid: gridops status <grid>.'
      : 'That is all right for one host.',
  };
}
