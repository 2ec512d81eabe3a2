import { type NetworkMap, type NetworkNode, networkPorts } from '../model/network.ts';
import { isInSubnet, parseSubnet } from '../model/subnet.ts';

/** What the host is in its grid's network; `null` where it is in none, or it is not known. */
export interface Place {
  readonly map: NetworkMap;
  readonly self: NetworkNode;
}

export function peersOf({ map, self }: Place): readonly NetworkNode[] {
  return map.nodes.filter(({ number }) => number !== self.number);
}

/** Whether peers may talk to the node in the clear. */
export function hasTrustedPeers(place: Place): boolean {
  const subnets = place.map.trustedSubnets.map(parseSubnet);
  const isIn = (node: NetworkNode): boolean =>
    node.addresses.some((address) => subnets.some((subnet) => isInSubnet(address, subnet)));
  return isIn(place.self) && peersOf(place).some(isIn);
}

/** Ports that packets of peers come in at. */
export function neededPorts(place: Place | null): readonly number[] {
  const { wireguard, vxlan } = networkPorts;
  if (place === null) return [wireguard];
  return hasTrustedPeers(place) ? [place.self.port, vxlan] : [place.self.port];
}

/** "a", "a and b", "a, b and 3 more". */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  if (names.length <= 3) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}
