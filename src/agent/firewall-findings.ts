import { isIPv4 } from 'node:net';
import type { NetworkFinding } from '../model/network-report.ts';
import { deviceNames } from '../overlay/names.ts';
import type { HostLink, HostState, PacketFilter } from './host-state.ts';
import { neededPorts, type Place, peersOf } from './network-place.ts';
import { type FilterTable, type Packet, type Verdict, verdictOf } from './packet-filter.ts';

/** What a host's packet filters drop of the grid's network. */
export function firewallFindings(
  host: HostState,
  place: Place | null,
  links: readonly HostLink[],
): readonly NetworkFinding[] {
  const blocked = neededPorts(place).flatMap((port) => blockedPort(host, { port, place, links }));
  return [...blocked, ...zoneFindings(host, place, links), ...bridgeFindings(host), ...mixed(host)];
}

interface Asked {
  readonly port: number;
  readonly place: Place | null;
  readonly links: readonly HostLink[];
}

function blockedPort({ filters }: HostState, asked: Asked): readonly NetworkFinding[] {
  const { port, place, links } = asked;
  const from = place === null ? [null] : sourcesOf(place);
  for (const filter of filters) {
    for (const link of links) {
      const packets = from.map(
        (source): Packet => ({ protocol: 'udp', port, source, in: link.name, out: null }),
      );
      const drops = packets.flatMap((packet) => {
        const verdict = verdictOf(filter.table, 'INPUT', packet);
        return verdict.kind === 'drop' ? [{ packet, verdict }] : [];
      });
      const [first] = drops;
      if (first !== undefined)
        return [
          blockedFinding({
            port,
            link,
            filter,
            verdict: first.verdict,
            sources:
              drops.length === packets.length
                ? []
                : drops.flatMap(({ packet }) => packet.source ?? []),
          }),
        ];
    }
  }
  return [];
}

/** Addresses that peers may send from, as far as they are known. */
function sourcesOf(place: Place): readonly (string | null)[] {
  const known = peersOf(place).flatMap((peer) => [
    ...peer.addresses,
    peer.publicAddress ?? '',
    peer.seenFrom ?? '',
  ]);
  const usable = [...new Set(known)].filter((address) => isIPv4(address));
  return usable.length === 0 ? [null] : usable;
}

function blockedFinding(of: {
  readonly port: number;
  readonly link: HostLink;
  readonly filter: PacketFilter;
  readonly verdict: Extract<Verdict, { kind: 'drop' }>;
  /** Only from these; none: from anywhere. */
  readonly sources: readonly string[];
}): NetworkFinding {
  const { port, link, filter, verdict, sources } = of;
  const isUfw = [...filter.table.rules.keys()].some((chain) => chain.startsWith('ufw-'));
  const from = sources.length === 0 ? '' : ` from ${sources.slice(0, 3).join(', ')}`;
  return {
    severity: 'error',
    code: 'udp-port-blocked',
    message: `${isUfw ? 'ufw' : 'the packet filter'} drops UDP ${port}${from} on ${link.name} (${isUfw ? 'its rules have' : `chain ${verdict.where} has`} nothing that lets it in): peers cannot open a tunnel to this host`,
    hint: isUfw
      ? `Let it in: ufw allow ${port}/udp`
      : `Let it in: ${command(filter)} -I INPUT -p udp --dport ${port} -j ACCEPT (and in the file that your rules are loaded from)`,
  };
}

function command({ variant }: PacketFilter): string {
  return variant === 'legacy' ? 'iptables-legacy' : 'iptables';
}

function zoneFindings(
  host: HostState,
  place: Place | null,
  links: readonly HostLink[],
): readonly NetworkFinding[] {
  const names = new Set(links.map(({ name }) => name));
  return host.zones
    .filter(({ target, hasMore }) => target !== 'ACCEPT' && !hasMore)
    .flatMap((zone) => {
      const devices = zone.devices.filter((device) => names.has(device));
      const closed = neededPorts(place).filter((port) => !isOpen(zone.ports, port));
      if (devices.length === 0 || closed.length === 0) return [];
      const adding = closed.map((port) => `--add-port=${port}/udp`).join(' ');
      return [
        {
          severity: 'error' as const,
          code: 'udp-port-blocked',
          message: `firewalld's zone ${zone.name} (${devices.join(', ')}) does not let UDP ${closed.join(' and ')} in: peers cannot open a tunnel to this host`,
          hint: `Let it in: firewall-cmd --permanent --zone=${zone.name} ${adding} && firewall-cmd --reload`,
        },
      ];
    });
}

function isOpen(ports: readonly string[], port: number): boolean {
  return ports.some((entry) => {
    const [range = '', protocol] = entry.split('/');
    const [first = '', last = first] = range.split('-');
    return protocol === 'udp' && port >= Number(first) && port <= Number(last);
  });
}

/** Frames between containers stay inside of one bridge, and pass the packet filter where the kernel is told so. */
function bridgeFindings({ filters, filtersBridges, links }: HostState): readonly NetworkFinding[] {
  const { bridge } = deviceNames;
  if (!filtersBridges || !links.some(({ name }) => name === bridge)) return [];
  const packet: Packet = { protocol: 'tcp', port: null, source: null, in: bridge, out: bridge };
  for (const filter of filters) {
    const verdict = verdictOf(filter.table, 'FORWARD', packet);
    if (verdict.kind !== 'drop') continue;
    return [
      {
        severity: 'error',
        code: 'bridge-traffic-dropped',
        message: `the packet filter (chain ${verdict.where}) drops packets between containers of the grid, on this host and to others`,
        hint: `Let them pass: ${command(filter)} -I FORWARD -i ${bridge} -o ${bridge} -j ACCEPT. Look for "iptables": false and icc in Docker's daemon.json: Docker makes that rule by itself otherwise.`,
      },
    ];
  }
  return [];
}

function mixed({ filters }: HostState): readonly NetworkFinding[] {
  const [first, second] = filters;
  if (first === undefined || second === undefined) return [];
  const docker = filters.find(({ table }) => hasDocker(table))?.variant;
  return [
    {
      severity: 'warning',
      code: 'mixed-packet-filters',
      message: `both iptables-nft and iptables-legacy have rules on this host${docker === undefined ? '' : `, Docker's are in iptables-${docker}`}: what one lets through the other may still drop`,
      hint: 'Use one: choose it with update-alternatives --config iptables, remove the rules of the other (or reboot), restart Docker.',
    },
  ];
}

export function hasDocker({ rules }: FilterTable): boolean {
  return [...rules.keys()].some((chain) => chain.startsWith('DOCKER'));
}
