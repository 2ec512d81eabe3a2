import { DEFAULT_MTU } from '../model/network.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';
import { type DoctorFinding, type NodeNetwork, type PeerSight, sightOf } from './network-sight.ts';

/** What nodes say of each other, compared. */
export function pairFindings({ map, nodes }: NetworkStatus): readonly DoctorFinding[] {
  const present = nodes.filter((node) => node.status === 'online' && node.number !== null);
  const cutOff = present.filter((node) => isCutOff(node, present));
  const findings = cutOff.map((node) => cutOffFinding(node, present));
  const names = new Map(nodes.map(({ number, name }) => [number, name]));
  const relayed: string[] = [];
  for (const [at, a] of present.entries())
    for (const b of present.slice(at + 1)) {
      const [there, back] = [sightOf(a, b), sightOf(b, a)];
      const isTold = cutOff.includes(a) || cutOff.includes(b);
      const lost = isTold ? [] : lostFindings({ a, b, there, back });
      findings.push(...lost, ...sizeFindings({ a, b, there, back }, map?.mtu ?? DEFAULT_MTU));
      const relay = there?.relay ?? back?.relay ?? null;
      if (relay !== null) relayed.push(`${a.name} ↔ ${b.name} by ${names.get(relay) ?? relay}`);
    }
  return [...findings, ...relayFinding(relayed)];
}

interface Pair {
  readonly a: NodeNetwork;
  readonly b: NodeNetwork;
  readonly there: PeerSight | null;
  readonly back: PeerSight | null;
}

/** It has no way to any of at least two others: the fault is there, not with each of them. */
function isCutOff(node: NodeNetwork, present: readonly NodeNetwork[]): boolean {
  const peers = present.filter((peer) => peer !== node);
  return peers.length >= 2 && peers.every((peer) => isLost(node, peer));
}

function isLost(a: NodeNetwork, b: NodeNetwork): boolean {
  const ways = [sightOf(a, b)?.way, sightOf(b, a)?.way];
  return ways.includes('none') && ways.every((way) => way === 'none' || way === undefined);
}

function cutOffFinding(node: NodeNetwork, present: readonly NodeNetwork[]): DoctorFinding {
  const behind = blockedBy(node);
  return {
    at: node.name,
    severity: 'error',
    code: 'node-cut-off',
    message: `has no way to any of the ${present.length - 1} other nodes, nor they to it; tried ${addressesOf(node)}`,
    hint:
      behind === null
        ? `Open UDP ${node.port} on ${node.name} and in whatever is before it (security group, router), in and out. Who hears: tcpdump -ni any udp port ${node.port}.`
        : `First mend ${behind} on ${node.name}.`,
  };
}

function lostFindings({ a, b, there, back }: Pair): readonly DoctorFinding[] {
  const at = `${a.name} ↔ ${b.name}`;
  if (isLost(a, b))
    return [
      {
        at,
        severity: 'error',
        code: 'pair-without-way',
        message: `do not reach each other; tried ${b.name} at ${addressesOf(b)}, and ${a.name} at ${addressesOf(a)}`,
        hint: wayHint(a, b),
      },
    ];
  if (there?.way !== 'none' && back?.way !== 'none') return [];
  const [hears, deaf] = there?.way === 'none' ? [b, a] : [a, b];
  return [
    {
      at,
      severity: 'error',
      code: 'pair-one-way',
      message: `${hears.name} says it reaches ${deaf.name}, ${deaf.name} does not hear it`,
      hint: `It passes within a minute while a way is being found. If it stays: let UDP ${deaf.port} from ${addressesOf(hears)} in on ${deaf.name}, and check that both clocks are right.`,
    },
  ];
}

function wayHint(a: NodeNetwork, b: NodeNetwork): string {
  const blocked = [a, b].flatMap((node) => {
    const code = blockedBy(node);
    return code === null ? [] : [`${code} on ${node.name}`];
  });
  if (blocked.length > 0) return `First mend ${blocked.join(' and ')}.`;
  if (isHidden(a) && isHidden(b))
    return `Both are behind NAT: add a node with a public address to the grid, which passes their packets on; or forward UDP ${a.port} to ${a.name} at its router and start its agent with --public-address.`;
  const open = isHidden(a) ? [b] : isHidden(b) ? [a] : [a, b];
  const where = open.map(({ name, port }) => `UDP ${port} on ${name}`).join(' and ');
  return `Open ${where}, and in whatever is before it (security group, router).`;
}

/** Nobody can begin to talk to it from outside. */
function isHidden({ behindNat, publicAddress }: NodeNetwork): boolean {
  return behindNat === true && publicAddress === null;
}

/** What a node itself found that explains it. */
function blockedBy({ report }: NodeNetwork): string | null {
  const explaining = new Set([
    'udp-port-blocked',
    'clock-went-back',
    'subnet-overlap',
    'ipv6-disabled',
  ]);
  const found = report?.findings.find(
    ({ severity, code }) => severity === 'error' && explaining.has(code),
  );
  return found?.code ?? null;
}

const MOST_ADDRESSES = 4;

function addressesOf({ publicAddress, addresses, seenFrom }: NodeNetwork): string {
  const all = [publicAddress, ...addresses, seenFrom].filter((one) => one !== null);
  const known = [...new Set(all)];
  if (known.length === 0) return 'no address (it names none)';
  const more = known.length - MOST_ADDRESSES;
  return known.slice(0, MOST_ADDRESSES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What WireGuard and VXLAN put around a packet. */
const AROUND = 130;

function sizeFindings({ a, b, there, back }: Pair, mtu: number): readonly DoctorFinding[] {
  const [to, from] = [there?.fullSize, back?.fullSize];
  if (to !== false && from !== false) return [];
  const isBoth = to === false && from === false;
  const [sender, receiver] = to === false ? [a, b] : [b, a];
  const way = isBoth ? 'in both directions' : `from ${sender.name} to ${receiver.name}`;
  return [
    {
      at: `${a.name} ↔ ${b.name}`,
      severity: 'error',
      code: 'full-size-lost',
      message: `large packets are lost ${way}, small ones arrive: connections open and then hang`,
      hint: `Something between ${isBoth ? 'them' : `${sender.name} and ${receiver.name}`} carries packets of less than ${mtu + AROUND} bytes and says nothing (a tunnel, PPPoE, a cloud’s network). Set the MTU right on ${isBoth ? 'both hosts' : sender.name}, or found the grid with a smaller \`mtu\` in grid.yml.`,
    },
  ];
}

const MOST_PAIRS = 5;

function relayFinding(pairs: readonly string[]): readonly DoctorFinding[] {
  if (pairs.length === 0) return [];
  const more = pairs.length - MOST_PAIRS;
  const shown = pairs.slice(0, MOST_PAIRS).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [
    {
      at: '',
      severity: 'info',
      code: 'pair-by-relay',
      message: `by way of another node: ${shown}`,
      hint: 'It works, more slowly, and only while that node runs. For a direct way one of the two needs its UDP port open or forwarded.',
    },
  ];
}
