import { isIPv4 } from 'node:net';
import { isBehindNat } from '../model/nat.ts';
import { DEFAULT_MTU } from '../model/network.ts';
import { bySeverity, type NetworkFinding } from '../model/network-report.ts';
import { overlaps, parseSubnet } from '../model/subnet.ts';
import { deviceNames } from '../overlay/names.ts';
import { engineFindings } from './engine-findings.ts';
import { firewallFindings } from './firewall-findings.ts';
import type { HostLink, HostState } from './host-state.ts';
import { listed, type Place, peersOf } from './network-place.ts';

export interface Found {
  readonly host: HostState;
  readonly place: Place | null;
  /** Milliseconds by which the clock was turned back. */
  readonly wentBack: number;
}

/** What is in the way of the grid's network on this host, the worst first. Pure. */
export function networkFindings(found: Found): readonly NetworkFinding[] {
  const { host, place } = found;
  return [
    ...missingPrograms(host),
    ...firewallFindings(host, place, underlayLinks(host, place)),
    ...clockFindings(found),
    ...mtuFindings(host, place),
    ...overlapFindings(host, place),
    ...addressFamilies(host, place),
    ...natFindings(place),
    ...engineFindings(host.engine, host.filters),
  ].toSorted(bySeverity);
}

/** Made by us, by Docker, or by other programs for guests of this host. */
const GUESTS =
  /^(?:lo|docker|br-[0-9a-f]{12}$|veth|gridops|virbr|vnet|cni|flannel|cali|tunl|weave|kube)/;

/** The devices that packets of peers come in by: those with the addresses that the node names, else those of default routes. */
export function underlayLinks(host: HostState, place: Place | null): readonly HostLink[] {
  const named = place?.self.addresses ?? [];
  const defaults = new Set(
    host.routes.filter(({ isDefault }) => isDefault).map(({ device }) => device),
  );
  const own = host.links.filter(({ name }) => !GUESTS.test(name));
  const by = own.filter(({ addresses }) => addresses.some((address) => named.includes(address)));
  return by.length > 0 ? by : own.filter(({ name }) => defaults.has(name));
}

function missingPrograms({ missing }: HostState): readonly NetworkFinding[] {
  if (missing.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'program-missing',
      message: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not on this host: the agent cannot make the overlay`,
      hint: 'Install the packages iproute2, iptables and wireguard-tools, or run the agent from its image.',
    },
  ];
}

/** Less comes from steering the clock, and WireGuard does not mind. */
const TURN = 2_000;

function clockFindings({ host, wentBack }: Found): readonly NetworkFinding[] {
  const findings: NetworkFinding[] = [];
  if (wentBack > TURN)
    findings.push({
      severity: 'error',
      code: 'clock-went-back',
      message: `the clock went back by ${Math.round(wentBack / 1_000)} s: WireGuard on other nodes refuses new tunnels of this one until the clock is where it was before`,
      hint: 'Set the clock right, and let it be kept by NTP. If it was wrong before and is right now: restart WireGuard on the other nodes (remove their device gridops-wg; the agent makes it anew).',
    });
  if (host.synchronised === false)
    findings.push({
      severity: 'warning',
      code: 'clock-not-synchronised',
      message:
        'nothing keeps the clock right: when it jumps back, as after a reboot without a battery, no tunnel opens any more',
      hint: 'Run systemd-timesyncd or chrony (timedatectl set-ntp true).',
    });
  return findings;
}

/** What WireGuard and VXLAN put around a packet of the grid. */
const AROUND = { ipv6: 130, ipv4: 110 } as const;

function mtuFindings(host: HostState, place: Place | null): readonly NetworkFinding[] {
  const mtu = place?.map.mtu ?? DEFAULT_MTU;
  return underlayLinks(host, place)
    .filter((link) => link.mtu > 0 && link.mtu < mtu + AROUND.ipv6)
    .map((link) => ({
      severity: 'warning',
      code: 'underlay-mtu',
      message:
        link.mtu < mtu + AROUND.ipv4
          ? `packets on ${link.name} have ${link.mtu} bytes at most, those of the grid need ${mtu + AROUND.ipv6}: large ones are cut in pieces, or lost`
          : `packets on ${link.name} have ${link.mtu} bytes at most: enough for the grid's by IPv4, not by IPv6 (${mtu + AROUND.ipv6})`,
      hint: `Set the MTU of ${link.name} to ${mtu + AROUND.ipv6}, or found the grid with \`mtu: ${link.mtu - AROUND.ipv6}\` in grid.yml (it is fixed when the first node joins).`,
    }));
}

function overlapFindings(host: HostState, place: Place | null): readonly NetworkFinding[] {
  if (place === null) return [];
  const { grid, subnet, tunnelSubnet } = place.map;
  const ours = [
    { text: subnet, what: `the subnet of grid ${grid}` },
    { text: tunnelSubnet, what: 'the subnet of its tunnels' },
  ];
  const networks = (host.engine?.networks ?? []).filter(
    ({ device }) => device !== deviceNames.bridge,
  );
  const devices = new Set(networks.map(({ device }) => device));
  const findings: NetworkFinding[] = [];
  for (const { text, what } of ours) {
    for (const network of networks)
      for (const theirs of network.subnets)
        if (overlaps(parseSubnet(theirs), parseSubnet(text)))
          findings.push(
            overlap(
              `the Docker network ${network.name} (${theirs})`,
              `${what}, ${text}`,
              `Remove it (docker network rm ${network.name}), or give it other addresses.`,
            ),
          );
    for (const route of host.routes) {
      if (route.isDefault || route.device.startsWith('gridops') || devices.has(route.device))
        continue;
      const theirs = parseSubnet(route.destination);
      if (!overlaps(theirs, parseSubnet(text))) continue;
      const isWider = theirs.length < parseSubnet(text).length;
      findings.push({
        ...overlap(
          `the route to ${route.destination} by ${route.device || 'no device'}`,
          `${what}, ${text}`,
          'Take the route away, or found the grid with another `subnet` in grid.yml (it is fixed when the first node joins).',
        ),
        ...(isWider ? { severity: 'info' } : {}),
      });
    }
  }
  return findings;
}

function overlap(theirs: string, ours: string, hint: string): NetworkFinding {
  return {
    severity: 'error',
    code: 'subnet-overlap',
    message: `${theirs} overlaps with ${ours}: packets to addresses that both have go to one of them only`,
    hint,
  };
}

function addressFamilies(host: HostState, place: Place | null): readonly NetworkFinding[] {
  if (place === null || host.hasIpv6) return [];
  const only6 = peersOf(place).filter((peer) => {
    const known = [...peer.addresses, peer.publicAddress, peer.seenFrom].filter(
      (one) => one !== null,
    );
    return known.length > 0 && known.every((address) => address.includes(':'));
  });
  if (only6.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'ipv6-disabled',
      message: `IPv6 is switched off on this host, and ${listed(only6.map(({ name }) => name))} can be reached by IPv6 only`,
      hint: 'Switch it on (sysctl net.ipv6.conf.all.disable_ipv6=0), or give those nodes an IPv4 address. Until then they are reached by way of a node that has both.',
    },
  ];
}

function natFindings(place: Place | null): readonly NetworkFinding[] {
  if (place === null || isBehindNat(place.self) !== true) return [];
  const { self } = place;
  if (self.publicAddress !== null) return [];
  const peers = peersOf(place);
  const hidden = peers.filter(
    (peer) =>
      isBehindNat(peer) === true && peer.publicAddress === null && peer.seenFrom !== self.seenFrom,
  );
  const forward = `forward UDP ${self.port} at ${self.seenFrom} to ${self.addresses.find(isIPv4) ?? self.addresses[0] ?? 'this host'}, and start the agent with --public-address ${self.seenFrom}`;
  if (hidden.length === 0)
    return [
      {
        severity: 'info',
        code: 'behind-nat',
        message: `this host is behind NAT (seen as ${self.seenFrom}): it opens its tunnels by itself, nobody else can`,
        hint: `Nothing has to be done. To be reached from outside: ${forward}.`,
      },
    ];
  const hasRelay = hidden.length < peers.length;
  return [
    {
      severity: hasRelay ? 'info' : 'error',
      code: 'behind-nat',
      message: `this host is behind NAT (seen as ${self.seenFrom}), and so ${hidden.length === 1 ? 'is' : 'are'} ${listed(hidden.map(({ name }) => name))}: ${hasRelay ? 'they reach each other by way of another node only' : 'they cannot reach each other, and no node is there that could pass packets on'}`,
      hint: `For a direct way ${forward}${hasRelay ? '' : '; or add a node with a public address to the grid: it becomes the relay'}.`,
    },
  ];
}
