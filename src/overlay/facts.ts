import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { compareText } from '../model/identity.ts';
import { isPrivateAddress } from '../model/nat.ts';
import type { NetworkFacts } from '../model/network.ts';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export interface FactsInput {
  /** What a person asked for. */
  readonly mode: NetworkFacts['mode'];
  /** Why there can be no overlay on this host; `null`: there can. */
  readonly obstacle: string | null;
  readonly publicKey: string;
  readonly port: number;
  readonly publicAddress: string | null;
  readonly region: string | null;
  /** When a person named the address that peers of one region are to use first. */
  readonly privateAddress: string | null;
  /** `os.networkInterfaces()`. */
  readonly interfaces: Interfaces;
}

/** What a node says of itself. One that cannot have the overlay has a network of its own host. */
export function networkFacts(input: FactsInput): NetworkFacts {
  const isOverlay = input.mode === 'overlay' && input.obstacle === null;
  const own = ownAddresses(input.interfaces);
  const first = input.privateAddress === null ? [] : [input.privateAddress];
  return {
    mode: input.mode === 'overlay' && !isOverlay ? 'bridge' : input.mode,
    ...(input.mode === 'overlay' && input.obstacle !== null ? { reason: input.obstacle } : {}),
    publicKey: isOverlay ? input.publicKey : null,
    port: input.port,
    publicAddress: input.publicAddress,
    addresses: [...new Set([...first, ...own])].slice(0, MOST_ADDRESSES),
    region: input.region,
  };
}

/** As many as a message takes. */
const MOST_ADDRESSES = 64;

/** Made by programs for guests of this host; behind them is nobody whom a peer could mean. */
const INTERNAL =
  /^(?:lo|docker|br-[0-9a-f]{12}$|veth|gridops|virbr|vnet|cni|flannel|cali|tunl|weave|kube)/;

/** Addresses of the host itself: private IPv4 first, then other IPv4, then IPv6, each in the order of interfaces' names. */
export function ownAddresses(interfaces: Interfaces): readonly string[] {
  return Object.entries(interfaces)
    .filter(([name]) => !INTERNAL.test(name))
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([, infos]) => infos ?? [])
    .filter(({ address, internal }) => !internal && !isLinkLocal(address))
    .map(({ address }) => address)
    .toSorted((a, b) => rank(a) - rank(b));
}

function isLinkLocal(address: string): boolean {
  return /^(?:169\.254\.|fe[89ab])/i.test(address);
}

function rank(address: string): number {
  if (isIP(address) === 4) return isPrivateAddress(address) ? 0 : 1;
  return isPrivateAddress(address) ? 3 : 2;
}
