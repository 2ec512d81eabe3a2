/**
 * Arithmetic of IPv4 networks, and how a grid divides its subnet (kontena.md 6.1): the lower half is for nodes, whose address
 * is the network's plus their number, and for people on the VPN; the upper half is for containers, in pools.
 */

export interface Subnet {
  /** First address, as a number. */
  readonly base: number;
  /** Prefix length. */
  readonly length: number;
}

const POOL_SIZE = { least: 16, most: 128 } as const;
/** A small subnet still has room for this many nodes. */
const LEAST_POOLS = 16;

/** Takes `address/length` as grid files have it. Throws on anything else: it was checked when it was read. */
export function parseSubnet(text: string): Subnet {
  const [address = '', length = ''] = text.split('/');
  const base = addressNumber(address);
  if (base === null || !/^\d{1,2}$/.test(length)) throw new Error(`not a subnet: ${text}`);
  return { base, length: Number(length) };
}

/** How many addresses there are in it. */
export function subnetSize({ length }: Subnet): number {
  return 2 ** (32 - length);
}

/** `null` where the text is no dotted IPv4 address. */
export function addressNumber(address: string): number | null {
  const parts = address.split('.');
  if (parts.length !== 4) return null;
  let number = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    number = number * 256 + Number(part);
  }
  return number;
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

export function isInSubnet(address: string, subnet: Subnet): boolean {
  const number = addressNumber(address);
  return number !== null && number >= subnet.base && number < subnet.base + subnetSize(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + subnetSize(b) && b.base < a.base + subnetSize(a);
}

/** Address of a node in its grid's subnet, and in the subnet of the tunnels. */
export function nodeAddress(subnet: Subnet, number: number): string {
  return addressText(subnet.base + number);
}

/** Addresses of one pool, a power of two. */
export function poolSize(subnet: Subnet): number {
  const upperHalf = subnetSize(subnet) / 2;
  return Math.max(POOL_SIZE.least, Math.min(POOL_SIZE.most, upperHalf / LEAST_POOLS));
}

/** Pools have indexes from 0. */
export function poolCount(subnet: Subnet): number {
  return subnetSize(subnet) / 2 / poolSize(subnet);
}

/** The addresses of a pool, as a subnet. */
export function poolAt(subnet: Subnet, index: number): Subnet {
  const size = poolSize(subnet);
  return {
    base: subnet.base + subnetSize(subnet) / 2 + index * size,
    length: 32 - Math.log2(size),
  };
}

export function subnetText({ base, length }: Subnet): string {
  return `${addressText(base)}/${length}`;
}

/** The quarter between nodes and containers: addresses of people on the VPN. */
export function guestSubnet({ base, length }: Subnet): Subnet {
  return { base: base + 2 ** (30 - length), length: length + 2 };
}
