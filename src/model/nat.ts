import type { NetworkNode } from './network.ts';
import { addressNumber, isInSubnet, parseSubnet } from './subnet.ts';

/**
 * Whether what the node sends has another address outside than it has itself: then nobody can begin to talk to it from there,
 * unless a person forwards a port. `null`: the master does not see it from outside.
 */
export function isBehindNat(node: Pick<NetworkNode, 'addresses' | 'seenFrom'>): boolean | null {
  const { addresses, seenFrom } = node;
  if (seenFrom !== null && !isPrivateAddress(seenFrom)) return !addresses.includes(seenFrom);
  return addresses.some((address) => !isPrivateAddress(address)) ? false : null;
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(parseSubnet);

/** Not routed in the internet. */
export function isPrivateAddress(address: string): boolean {
  if (addressNumber(address) === null) return /^(?:f[cd]|fe[89ab])/i.test(address);
  return PRIVATE.some((subnet) => isInSubnet(address, subnet));
}
