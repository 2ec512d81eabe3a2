export interface ClientFile {
  readonly grid: string;
  readonly name: string;
  readonly address: string;
  readonly privateKey: string;
  /** Of the server. */
  readonly publicKey: string;
  readonly endpoint: string;
  readonly subnet: string;
  readonly resolvers: readonly string[];
}

/**
 * Bytes. What WireGuard adds, 60 over IPv4 and 80 over IPv6, still fits into the network of containers (1370) that the server
 * is in: nothing is fragmented on its last few metres.
 */
const MTU = 1280;
/** Seconds: shorter than any NAT forgets, so that the server can call its people. */
const KEEPALIVE = 25;

/** What a person hands to WireGuard: `wg-quick`, or an app. */
export function clientFile(of: ClientFile): string {
  const { grid, name, address, resolvers } = of;
  return `# ${name}, VPN of grid ${grid}
[Interface]
PrivateKey = ${of.privateKey}
Address = ${address}/32
DNS = ${[...resolvers, `${grid}.kontena.local`].join(', ')}
MTU = ${MTU}

[Peer]
PublicKey = ${of.publicKey}
AllowedIPs = ${of.subnet}
Endpoint = ${of.endpoint}
PersistentKeepalive = ${KEEPALIVE}
`;
}
