import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { networkPorts } from '../model/network.ts';
import { parseSubnet, subnetText } from '../model/subnet.ts';
import { chainNames, deviceNames, PROBE_PORT } from './names.ts';
import type { SeenChains } from './seen-rules.ts';
import { trustedSources } from './trust.ts';

/** A chain of ours, reached from the first rule of one of the kernel's. */
export interface Chain {
  readonly name: string;
  readonly from: 'INPUT' | 'FORWARD' | 'PREROUTING';
  /** As `iptables -S` prints them, without `-A <name>`: what is there is compared with them as text. */
  readonly rules: readonly string[];
}

/** All chains of ours in one table, written in one go: at no moment is there half of one. */
export interface RuleTable {
  readonly family: 'ipv4' | 'ipv6';
  readonly table: 'filter' | 'raw';
  readonly chains: readonly Chain[];
}

const { bridge, wireguard } = deviceNames;
const VXLAN = `-p udp -m udp --dport ${networkPorts.vxlan}`;

/** The guard and the isolation of a node's grid. */
export function ruleTables(
  map: NetworkMap,
  self: NetworkNode,
  peers: readonly NetworkNode[],
): readonly RuleTable[] {
  const trusted = [...new Set(peers.flatMap((peer) => trustedSources(map, self, peer)))].toSorted();
  return [
    {
      family: 'ipv4',
      table: 'filter',
      chains: [
        { name: chainNames.input, from: 'INPUT', rules: inputRules(map, self, trusted) },
        { name: chainNames.forward, from: 'FORWARD', rules: forwardRules(map, trusted) },
      ],
    },
    {
      family: 'ipv4',
      table: 'raw',
      chains: [{ name: chainNames.isolation, from: 'PREROUTING', rules: isolationRules(map) }],
    },
    {
      family: 'ipv6',
      table: 'filter',
      chains: [{ name: chainNames.input, from: 'INPUT', rules: ipv6InputRules(self) }],
    },
  ];
}

/** The tables without anything in them: what is left when a node has left its grid. */
export const noRules: readonly RuleTable[] = [
  { family: 'ipv4', table: 'filter', chains: [] },
  { family: 'ipv4', table: 'raw', chains: [] },
  { family: 'ipv6', table: 'filter', chains: [] },
];

/**
 * A VXLAN socket takes frames from anybody who reaches its port, and one frame poisons a container's neighbour table: only
 * what comes out of the tunnels, and trusted peers, get there. The rest is accepted for hosts that drop by default.
 */
function inputRules(
  map: NetworkMap,
  self: NetworkNode,
  trusted: readonly string[],
): readonly string[] {
  const zone = `-p tcp -m tcp --dport ${networkPorts.zone}`;
  return [
    `-i ${wireguard} ${VXLAN} -j ACCEPT`,
    // How the doctor measures a pair. Nothing else of a host is for its peers.
    `-i ${wireguard} -p icmp -j ACCEPT`,
    // How a peer asks whether this host is there: nobody listens, and the answer is that nobody does.
    `-i ${wireguard} -p udp -m udp --dport ${PROBE_PORT} -j ACCEPT`,
    `-i ${wireguard} -j DROP`,
    ...trusted.map((address) => `-s ${address}/32 ${VXLAN} -j ACCEPT`),
    `${VXLAN} -j DROP`,
    `-p udp -m udp --dport ${self.port} -j ACCEPT`,
    `-i ${bridge} -p udp -m udp --dport 53 -j ACCEPT`,
    `-i ${bridge} -p tcp -m tcp --dport 53 -j ACCEPT`,
    // Nodes tell each other of their names; a container must not.
    `-s ${nodeAddresses(map)} -i ${bridge} ${zone} -j ACCEPT`,
    `-i ${bridge} ${zone} -j DROP`,
  ];
}

/** Forwarding entries of a VXLAN device are of one family, and ours is IPv4: by IPv6 nobody has a frame for us. */
function ipv6InputRules(self: NetworkNode): readonly string[] {
  return [`${VXLAN} -j DROP`, `-p udp -m udp --dport ${self.port} -j ACCEPT`];
}

/**
 * A relay passes on what is between two tunnels. What containers send to a VXLAN port leaves the host with the host's own
 * address, which its peers believe: it must not leave.
 */
function forwardRules(map: NetworkMap, trusted: readonly string[]): readonly string[] {
  return [
    `-s ${map.tunnelSubnet} -d ${map.tunnelSubnet} -i ${wireguard} -o ${wireguard} -j ACCEPT`,
    `-i ${wireguard} -j DROP`,
    `-o ${wireguard} -j DROP`,
    // A trusted peer whose way to another one is by this host.
    ...trusted.map((address) => `-s ${address}/32 ${VXLAN} -j RETURN`),
    `${VXLAN} -j DROP`,
  ];
}

/** Nobody gets at an address of the grid by routing to it over this host. Published ports have the host's own address here. */
function isolationRules(map: NetworkMap): readonly string[] {
  return [
    '-i lo -j RETURN',
    `-d ${map.subnet} ! -i ${bridge} -j DROP`,
    `-s ${map.subnet} ! -i ${bridge} -j DROP`,
    `-d ${map.tunnelSubnet} ! -i ${wireguard} -j DROP`,
    `-s ${map.tunnelSubnet} ! -i ${wireguard} -j DROP`,
  ];
}

/** The first quarter of the subnet. */
function nodeAddresses(map: NetworkMap): string {
  const { base, length } = parseSubnet(map.subnet);
  return subnetText({ base, length: length + 2 });
}

/** Whether a table has exactly these rules of ours, and comes to them first. */
export function isInPlace(wanted: RuleTable, seen: SeenChains): boolean {
  return (
    wanted.chains.every((chain) => isChainInPlace(chain, seen)) &&
    strayChains(wanted, seen).length === 0
  );
}

function isChainInPlace(chain: Chain, seen: SeenChains): boolean {
  const before = seen.get(chain.from) ?? [];
  const jump = jumpTo(chain.name);
  return (
    before[0] === jump &&
    before.lastIndexOf(jump) === 0 &&
    sameList(seen.get(chain.name) ?? [], chain.rules)
  );
}

/** What `iptables-restore --noflush` needs to make a table like this: all of it happens, or none. */
export function restoreText(wanted: RuleTable, seen: SeenChains): string {
  const stray = strayChains(wanted, seen);
  return [
    `*${wanted.table}`,
    // Makes it, or empties it.
    ...wanted.chains.map(({ name }) => `:${name} - [0:0]`),
    ...wanted.chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...[...wanted.chains.map(({ name }) => name), ...stray].flatMap((name) => removals(name, seen)),
    ...wanted.chains.map(({ name, from }) => `-I ${from} ${jumpTo(name)}`),
    ...stray.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
    'COMMIT',
    '',
  ].join('\n');
}

/** Chains of ours that are not wanted in this table. */
function strayChains(wanted: RuleTable, seen: SeenChains): readonly string[] {
  const names = new Set(wanted.chains.map(({ name }) => name));
  return Object.values(chainNames).filter((name) => seen.has(name) && !names.has(name));
}

/** Rules that lead to a chain, in whatever chains they stand. */
function removals(name: string, seen: SeenChains): readonly string[] {
  return [...seen].flatMap(([chain, rules]) =>
    rules.filter((rule) => rule.endsWith(jumpTo(name))).map((rule) => `-D ${chain} ${rule}`),
  );
}

function jumpTo(name: string): string {
  return `-j ${name}`;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index]);
}
