import { isIP, isIPv4 } from 'node:net';
import { isPrivateAddress } from '../model/nat.ts';
import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { isInSubnet, parseSubnet } from '../model/subnet.ts';

/** Addresses of a host name, as far as they are known. */
export type Resolve = (host: string) => readonly string[];

/**
 * Where a peer may be reached, the likeliest first (Kontena's rule): in one region by its private addresses, from elsewhere by
 * its public one. As WireGuard prints them, so that they can be compared.
 */
export function candidates(
  map: Pick<NetworkMap, 'subnet' | 'tunnelSubnet'>,
  self: NetworkNode,
  peer: NetworkNode,
  resolve: Resolve,
): readonly string[] {
  const ordered = byPreference(self, peer, resolve)
    .map(canonical)
    .filter((address) => isReachable(map, self, address));
  const usable = familiesOf(self);
  // By a family that this host has no address of, only when nothing else is left.
  const last = ordered.filter((address) => !usable.has(isIP(address)));
  const first = ordered.filter((address) => usable.has(isIP(address)));
  return [...new Set([...first, ...last])].map((address) => endpointOf(address, peer.port));
}

function byPreference(self: NetworkNode, peer: NetworkNode, resolve: Resolve): readonly string[] {
  const named = peer.publicAddress === null ? [] : addressesOf(peer.publicAddress, resolve);
  const seen = peer.seenFrom === null ? [] : [peer.seenFrom];
  if (self.region === peer.region) return [...peer.addresses, ...named, ...seen];
  const open = peer.addresses.filter((address) => !isPrivateAddress(canonical(address)));
  return [...named, ...open, ...seen, ...peer.addresses];
}

function addressesOf(host: string, resolve: Resolve): readonly string[] {
  return isIP(host) === 0 ? resolve(host) : [host];
}

/** IPv6 has many spellings of one address, and IPv4 one inside of it. */
function canonical(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') && URL.canParse(`http://[${address}]/`)
    ? new URL(`http://[${address}]/`).hostname.slice(1, -1)
    : address;
}

/** Neither this host itself, nor by way of the overlay that the tunnels are to carry. */
function isReachable(
  map: Pick<NetworkMap, 'subnet' | 'tunnelSubnet'>,
  self: NetworkNode,
  address: string,
): boolean {
  if (isIP(address) === 0 || self.addresses.includes(address)) return false;
  if (/^(?:127\.|0\.|169\.254\.|::1?$|fe[89ab])/i.test(address)) return false;
  return ![map.subnet, map.tunnelSubnet].some((text) => isInSubnet(address, parseSubnet(text)));
}

/** A node that does not say what it has is taken to have IPv4. */
function familiesOf(self: NetworkNode): ReadonlySet<number> {
  return new Set([4, ...self.addresses.map((address) => isIP(address))]);
}

function endpointOf(address: string, port: number): string {
  return isIPv4(address) ? `${address}:${port}` : `[${address}]:${port}`;
}

/** One endpoint that is being tried. */
export interface Attempt {
  readonly endpoint: string;
  readonly since: number;
  /** How many were tried before it since the peer fell silent, or since there is a new one among them. */
  readonly turns: number;
  /** All that were known then. */
  readonly known: readonly string[];
}

/** A peer as the device has it. */
export interface TriedPeer {
  readonly endpoint: string | null;
  readonly isHeard: boolean;
  /** The device does not have it. */
  readonly isAbsent: boolean;
}

export interface Turn {
  /** `null`: nothing is tried, the peer is heard or nothing is known of it. */
  readonly attempt: Attempt | null;
  /** What the peer's endpoint is to be set to; `null`: it is left as it is. */
  readonly endpoint: string | null;
}

/** WireGuard tries every five seconds. */
const PATIENCE = 6_000;
const MOST_PATIENCE = 60_000;

/**
 * What to try next with a peer. One that is heard is left alone wherever it is: WireGuard follows it by itself. Each round
 * through the candidates is slower than the one before, up to a bound: the peer tries as well, and may come back at any time.
 * A candidate that was not known before is tried at once: the peer may have moved there.
 */
export function nextTurn(
  before: Attempt | null,
  peer: TriedPeer,
  known: readonly string[],
  now: number,
): Turn {
  if (peer.isHeard || known.length === 0) return { attempt: null, endpoint: null };
  const { endpoint } = peer;
  const isTried = endpoint !== null && known.includes(endpoint);
  const news = before === null ? -1 : known.findIndex((one) => !before.known.includes(one));
  if (news >= 0) return take(news, 0, known, now);
  if (isTried && before?.endpoint !== endpoint)
    return { attempt: { endpoint, since: now, turns: before?.turns ?? 0, known }, endpoint };
  if (before === null) return take(0, 0, known, now);
  const isTime = now - before.since >= patience(before, known.length);
  if (isTried && (known.length === 1 || !isTime)) return { attempt: before, endpoint: null };
  // The device was made again meanwhile.
  if (peer.isAbsent && !isTime && known.includes(before.endpoint))
    return { attempt: before, endpoint: before.endpoint };
  return take((known.indexOf(before.endpoint) + 1) % known.length, before.turns + 1, known, now);
}

function patience({ turns }: Attempt, known: number): number {
  return Math.min(MOST_PATIENCE, PATIENCE * 2 ** Math.min(10, Math.floor(turns / known)));
}

function take(index: number, turns: number, known: readonly string[], now: number): Turn {
  const endpoint = known[index];
  if (endpoint === undefined) return { attempt: null, endpoint: null };
  return { attempt: { endpoint, since: now, turns, known }, endpoint };
}
