import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { isInSubnet, parseSubnet } from '../model/subnet.ts';

/**
 * Where a peer is reached in the clear: its address in a trusted subnet that this node has an address in, too. `null`: the
 * pair is encrypted. Both ends come to the same answer, because both look for one subnet that has them both.
 */
export function trustedAddress(
  map: Pick<NetworkMap, 'trustedSubnets'>,
  self: Pick<NetworkNode, 'addresses'>,
  peer: Pick<NetworkNode, 'addresses'>,
): string | null {
  // Two networks may use the same private addresses; one that both have would lead back to its sender.
  const own = without(self.addresses, peer.addresses);
  const theirs = without(peer.addresses, self.addresses);
  for (const text of map.trustedSubnets) {
    const subnet = parseSubnet(text);
    if (!own.some((address) => isInSubnet(address, subnet))) continue;
    const found = theirs.find((address) => isInSubnet(address, subnet));
    if (found !== undefined) return found;
  }
  return null;
}

/** Addresses that a trusted peer may send from: which of its own it takes is decided by its routes. */
export function trustedSources(
  map: Pick<NetworkMap, 'trustedSubnets'>,
  self: Pick<NetworkNode, 'addresses'>,
  peer: Pick<NetworkNode, 'addresses'>,
): readonly string[] {
  if (trustedAddress(map, self, peer) === null) return [];
  const subnets = map.trustedSubnets.map(parseSubnet);
  return without(peer.addresses, self.addresses).filter((address) =>
    subnets.some((subnet) => isInSubnet(address, subnet)),
  );
}

function without(addresses: readonly string[], others: readonly string[]): readonly string[] {
  return addresses.filter((address) => !others.includes(address));
}
