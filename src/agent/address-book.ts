import type { NetworkNode } from '../model/network.ts';
import { addressText, poolAt, poolSize, type Subnet } from '../model/subnet.ts';

/**
 * The last eighth of a node's first pool is the engine's own to give away: to containers that a person attaches by hand. So
 * what the engine picks and what the agent picks never meet, also while a container of ours is stopped and holds no address.
 */
const ENGINE_SHARE = 8;

/** The range, inside of the node's first pool, that the engine picks addresses from by itself. */
export function engineRange(subnet: Subnet, node: Pick<NetworkNode, 'pools'>): Subnet {
  const pool = poolAt(subnet, node.pools[0] ?? 0);
  const size = poolSize(subnet);
  const share = size / ENGINE_SHARE;
  return { base: pool.base + size - share, length: 32 - Math.log2(share) };
}

export interface AddressWish {
  readonly subnet: Subnet;
  readonly node: Pick<NetworkNode, 'pools'>;
  readonly taken: ReadonlySet<string>;
  /** Any whole number from 0: the same one prefers the same address. */
  readonly preference: number;
}

/**
 * The address of a new container: the preferred one of the node's pools, or the next one that is free. An instance whose
 * container is made again so gets its old address back as a rule. `null`: all are taken.
 */
export function chooseAddress({ subnet, node, taken, preference }: AddressWish): string | null {
  const size = poolSize(subnet);
  const own = size - size / ENGINE_SHARE;
  const room = own + (node.pools.length - 1) * size;
  for (let at = 0; at < room; at += 1) {
    const place = (preference + at) % room;
    const [pool, offset] =
      place < own ? [0, place] : [1 + Math.floor((place - own) / size), (place - own) % size];
    const address = addressText(poolAt(subnet, node.pools[pool] ?? 0).base + offset);
    // Nobody likes an address that ends in 0 or 255: some programs take it for a network's own.
    if (!taken.has(address) && !/\.(?:0|255)$/.test(address)) return address;
  }
  return null;
}
