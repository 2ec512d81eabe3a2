import type { SeenChains } from './seen-rules.ts';

/** What a host has of the things that we make, as its own tools print it. */
export interface SeenHost {
  /** Whether the bridge is there, Docker's part. */
  readonly bridge: boolean;
  readonly wireguard: SeenWireguard | null;
  readonly vxlan: SeenLink | null;
  readonly entries: readonly SeenEntry[];
  /** Those that carry our mark. */
  readonly routes: readonly SeenRoute[];
  /** Of each table that the kernel has and that could be read. */
  readonly rules: ReadonlyMap<RuleTableName, SeenChains>;
  /** The kernel passes packets on that come in by WireGuard. */
  readonly forwards: boolean;
}

export type RuleTableName = `${'ipv4' | 'ipv6'}-${'filter' | 'raw'}`;

export interface SeenLink {
  /** `wireguard`, `tun`, `vxlan`, or whatever else has the name; empty when it is not said. */
  readonly kind: string;
  readonly up: boolean;
  readonly mtu: number;
  /** Bridge that it is a port of. */
  readonly master: string | null;
  /** IPv4, with their lengths. */
  readonly addresses: readonly string[];
  /** Of VXLAN. */
  readonly vni: number | null;
  readonly port: number | null;
  readonly learning: boolean;
}

export interface SeenWireguard {
  readonly link: SeenLink;
  /** `null`: nobody answers for the device, its program is gone. */
  readonly state: WireguardState | null;
}

export interface WireguardState {
  /** `null`: no key was set. */
  readonly publicKey: string | null;
  readonly port: number;
  readonly peers: readonly SeenPeer[];
}

export interface SeenPeer {
  readonly publicKey: string;
  readonly endpoint: string | null;
  readonly allowed: readonly string[];
  /** Milliseconds since the epoch; `null`: never. */
  readonly handshake: number | null;
  /** Bytes. */
  readonly received: number;
  readonly sent: number;
  /** Seconds; 0: off. */
  readonly keepalive: number;
}

/** One line of the forwarding table of our VXLAN device that names a remote end. */
export interface SeenEntry {
  readonly mac: string;
  readonly address: string;
}

export interface SeenRoute {
  readonly destination: string;
  /** `null`: a route that leads nowhere. */
  readonly device: string | null;
}

/** Told of what could not be read; it counts as not there. */
export type OnUnreadable = (what: string) => void;

/** `ip -json -details address show dev <name>`. */
export function parseLink(output: string, onUnreadable: OnUnreadable): SeenLink | null {
  const link = parseList(output, 'a device', onUnreadable).find((entry) => 'ifname' in entry);
  if (link === undefined) return null;
  const info = record(link['linkinfo']);
  const data = record(info['info_data']);
  return {
    kind: text(info['info_kind']) ?? '',
    up: list(link['flags']).includes('UP'),
    mtu: number(link['mtu']) ?? 0,
    master: text(link['master']),
    addresses: list(link['addr_info']).map(record).flatMap(ipv4Address),
    vni: number(data['id']),
    port: number(data['port']),
    learning: data['learning'] === true,
  };
}

function ipv4Address(entry: Fields): readonly string[] {
  const local = text(entry['local']);
  const length = number(entry['prefixlen']);
  return entry['family'] === 'inet' && local !== null && length !== null
    ? [`${local}/${length}`]
    : [];
}

/** `bridge -json fdb show dev <name>`: lines without a remote end are the bridge's own. */
export function parseEntries(output: string, onUnreadable: OnUnreadable): readonly SeenEntry[] {
  return parseList(output, 'forwarding entries', onUnreadable).flatMap((entry) => {
    const mac = text(entry['mac']);
    const address = text(entry['dst']);
    return mac === null || address === null ? [] : [{ mac, address }];
  });
}

/** `ip -json -details route show proto <ours>`. */
export function parseRoutes(output: string, onUnreadable: OnUnreadable): readonly SeenRoute[] {
  return parseList(output, 'routes', onUnreadable).flatMap((entry) => {
    const destination = text(entry['dst']);
    return destination === null ? [] : [{ destination, device: text(entry['dev']) }];
  });
}

/** `wg show <name> dump`: the first line is the device's, and holds its private key, which goes no further. */
export function parseWireguard(output: string, onUnreadable: OnUnreadable): WireguardState | null {
  const [device = '', ...peers] = output.split('\n').filter((line) => line !== '');
  const [, publicKey = '', port = ''] = device.split('\t');
  if (!/^\d+$/.test(port)) {
    onUnreadable('the state of WireGuard');
    return null;
  }
  return {
    publicKey: isKey(publicKey) ? publicKey : null,
    port: Number(port),
    peers: peers.flatMap((line) => parsePeer(line, onUnreadable)),
  };
}

function parsePeer(line: string, onUnreadable: OnUnreadable): readonly SeenPeer[] {
  const [publicKey = '', , endpoint, allowed, handshake, received, sent, keepalive] =
    line.split('\t');
  if (!isKey(publicKey) || keepalive === undefined) {
    onUnreadable('a peer of WireGuard');
    return [];
  }
  return [
    {
      publicKey,
      endpoint: unless(endpoint, '(none)'),
      allowed: unless(allowed, '(none)')?.split(',') ?? [],
      handshake: count(handshake) === 0 ? null : count(handshake) * 1_000,
      received: count(received),
      sent: count(sent),
      // `off` is no number.
      keepalive: count(keepalive),
    },
  ];
}

function isKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(value);
}

function unless(value: string | undefined, none: string): string | null {
  return value === undefined || value === none ? null : value;
}

function count(value: string | undefined): number {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : 0;
}

type Fields = Readonly<Record<string, unknown>>;

/** iproute2 prints nothing at all, or `[{}]`, where it has nothing to say. */
function parseList(output: string, what: string, onUnreadable: OnUnreadable): readonly Fields[] {
  if (output.trim() === '') return [];
  try {
    const value = JSON.parse(output) as unknown;
    if (Array.isArray(value)) return value.map(record);
  } catch {
    // Said below.
  }
  onUnreadable(what);
  return [];
}

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
