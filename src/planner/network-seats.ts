import { compareText } from '../model/identity.ts';
import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { guestSubnet, poolCount, poolSize, type Subnet } from '../model/subnet.ts';

/** A node's place in its grid's network: its addresses follow from it. */
export type Seat = Pick<NetworkNode, 'number' | 'pools'>;

export interface Sitter {
  readonly name: string;
  /** How many addresses it needs; `null`: not known. */
  readonly containers: number | null;
}

export interface Seats {
  /** Who is missing here did not find room. */
  readonly seats: ReadonlyMap<string, Seat>;
  /** Who should have another pool while none is left. */
  readonly tight: readonly string[];
}

/**
 * A pool that is fuller than this is followed by another: containers that are replaced need two addresses for a while, and
 * a new map its time.
 */
const FULL = 0.6;

/** The subnet of tunnels has this many addresses for nodes. */
const MOST_NODES = 65_534;

/** Sitters by name; maps that were made before, the newest first: who had a seat keeps it. */
export function giveSeats(
  sitters: readonly Sitter[],
  maps: readonly NetworkMap[],
  subnet: Subnet,
): Seats {
  const holdings = holdingsIn(maps);
  const numbers = giveNumbers(sitters, holdings, subnet);
  const seated = sitters
    .filter(({ name }) => numbers.has(name))
    .toSorted((a, b) => (numbers.get(a.name) ?? 0) - (numbers.get(b.name) ?? 0));
  const free = new FreePools(poolCount(subnet));
  const pools = keepPools(seated, holdings, free);
  for (const { name } of seated)
    if (!pools.has(name)) pools.set(name, free.first(numbers.get(name) ?? 0));
  const tight = seated.filter((one) => !growPools(one, pools, { free, size: poolSize(subnet) }));
  const seats = new Map<string, Seat>();
  for (const [name, number] of numbers) {
    const mine = pools.get(name) ?? [];
    if (mine.length > 0) seats.set(name, { number, pools: mine });
  }
  return { seats, tight: tight.map(({ name }) => name).toSorted(compareText) };
}

/** What nodes had, in the order of who is right: the newer map, then the name. */
function holdingsIn(maps: readonly NetworkMap[]): readonly NetworkNode[] {
  return maps
    .flatMap(({ version, nodes }) => nodes.map((node) => ({ version, node })))
    .toSorted(
      (a, b) =>
        b.version - a.version ||
        compareText(a.node.name, b.node.name) ||
        a.node.number - b.node.number,
    )
    .map(({ node }) => node);
}

function giveNumbers(
  sitters: readonly Sitter[],
  holdings: readonly NetworkNode[],
  subnet: Subnet,
): ReadonlyMap<string, number> {
  const last = Math.min(MOST_NODES, guestSubnet(subnet).base - subnet.base - 1);
  const names = new Set(sitters.map(({ name }) => name));
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  const give = (name: string, number: number): void => {
    numbers.set(name, number);
    taken.add(number);
  };
  for (const { name, number } of holdings)
    if (names.has(name) && !numbers.has(name) && !taken.has(number) && number <= last)
      give(name, number);
  let free = 1;
  for (const name of names) {
    if (numbers.has(name)) continue;
    while (taken.has(free)) free += 1;
    if (free <= last) give(name, free);
  }
  return numbers;
}

/** Pools beyond the first go back only when nothing on the node can have an address of them. */
function keepPools(
  sitters: readonly Sitter[],
  holdings: readonly NetworkNode[],
  free: FreePools,
): Map<string, readonly number[]> {
  const containers = new Map(sitters.map((one) => [one.name, one.containers]));
  const pools = new Map<string, readonly number[]>();
  for (const { name, pools: had } of holdings) {
    if (!containers.has(name) || pools.has(name)) continue;
    const kept = (containers.get(name) === 0 ? had.slice(0, 1) : had).filter((pool) =>
      free.take(pool),
    );
    if (kept.length > 0) pools.set(name, kept);
  }
  return pools;
}

/** False: there was none left to grow by. */
function growPools(
  { name, containers }: Sitter,
  pools: Map<string, readonly number[]>,
  { free, size }: { readonly free: FreePools; readonly size: number },
): boolean {
  const mine = [...(pools.get(name) ?? [])];
  while (mine.length > 0 && (containers ?? 0) > FULL * mine.length * size) {
    const next = free.highest();
    if (next === null) return false;
    mine.push(next);
    pools.set(name, [...mine]);
  }
  return true;
}

class FreePools {
  readonly #count: number;
  readonly #taken = new Set<number>();
  #top: number;

  constructor(count: number) {
    this.#count = count;
    this.#top = count - 1;
  }

  /** False: it is not free. */
  take(pool: number): boolean {
    if (pool >= this.#count || this.#taken.has(pool)) return false;
    this.#taken.add(pool);
    return true;
  }

  /** The one of a node's number where that is free, so that its addresses are easy to tell; else from the top. */
  first(number: number): readonly number[] {
    if (this.take(number)) return [number];
    const pool = this.highest();
    return pool === null ? [] : [pool];
  }

  highest(): number | null {
    while (this.#top >= 0 && this.#taken.has(this.#top)) this.#top -= 1;
    if (this.#top < 0) return null;
    this.#taken.add(this.#top);
    return this.#top;
  }
}
