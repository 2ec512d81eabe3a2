import { createHash } from 'node:crypto';
import type { NetworkNode } from '../../src/model/network.ts';

/** A key of the right shape for a node's number. */
export function keyOf(number: number): string {
  return createHash('sha256').update(`key ${number}`).digest('base64');
}

export function aNode(number: number, overrides: Partial<NetworkNode> = {}): NetworkNode {
  return {
    name: `node-${number}`,
    number,
    pools: [number],
    publicKey: keyOf(number),
    port: 6783,
    publicAddress: null,
    addresses: [`192.168.0.${number}`],
    seenFrom: null,
    region: null,
    ...overrides,
  };
}
