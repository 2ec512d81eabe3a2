import type { Assignment } from '../model/assignment.ts';
import type { NetworkMap } from '../model/network.ts';
import type { Signed } from '../protocol/agent.ts';
import { decodeAssignment, decodeNetworkMap } from '../protocol/codec.ts';
import { open } from '../protocol/sign.ts';
import { refused } from './admission.ts';

/** What nodes bring back of what this master once sent; only the master's own signature makes it believable. */

export function recalledAssignment(
  signed: Signed,
  from: { readonly grid: string; readonly node: string },
  publicKey: string,
): Assignment {
  const payload = open(publicKey, 'assignment', signed);
  if (payload === null) throw refused('the recalled assignment was not signed by this master');
  const assignment = decodeAssignment(payload);
  if (assignment.grid !== from.grid || assignment.node !== from.node)
    throw refused('the recalled assignment is of another node');
  return assignment;
}

export function recalledNetworkMap(signed: Signed, grid: string, publicKey: string): NetworkMap {
  const payload = open(publicKey, 'network', signed);
  if (payload === null) throw refused('the recalled network map was not signed by this master');
  const map = decodeNetworkMap(payload);
  if (map.grid !== grid) throw refused('the recalled network map is of another grid');
  return map;
}
