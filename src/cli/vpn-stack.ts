import { VPN_PORT } from './vpn-endpoint.ts';

/** What the server's private key is sealed under. */
export const SERVER_KEY = 'vpn-server-key';

export interface VpnStack {
  readonly version: string;
  /** `null`: any node, and the same one from then on. */
  readonly node: string | null;
}

/** Locally administered, and apart from 02:42, which addresses of containers are made into. One VPN is in one grid's network. */
const SERVER_MAC = '02:67:72:76:70:6e';

/** The stack file of a VPN. It is the grid's like any other, and nothing writes it again. */
export function vpnStack({ version, node }: VpnStack): string {
  const affinity = node === null ? '' : `\n    affinity: [node==${node}]`;
  return `# The VPN of this grid: a WireGuard server. Made by \`gridops vpn create\`, and yours from then on.
stack: gridops/vpn
version: ${version}
expose: server
services:
  server:
    image: gridops/vpn:${version}
    stateful: true
    instances: 1${affinity}
    ports: ["${VPN_PORT}:${VPN_PORT}/udp"]
    cap_add: [NET_ADMIN]
    devices: [/dev/net/tun]
    sysctls:
      net.ipv4.ip_forward: 1
      # Containers find people's addresses by asking their network: the server answers for them.
      net.ipv4.conf.all.proxy_arp: 1
    # Kept by each new server: those who know people's addresses by it would else look in the wrong place for a minute.
    mac_address: ${SERVER_MAC}
    configs: [{source: people, target: /etc/gridops-vpn/people}]
    secrets: [{source: ${SERVER_KEY}, mode: "0400"}]
    # Where people were last seen: a new server calls them back at once.
    volumes: ["state:/var/lib/gridops-vpn"]
    stop_grace_period: 5s
configs:
  people: {people: people.yml}
volumes:
  state:
    scope: instance
`;
}
