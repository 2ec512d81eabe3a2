import { errorMessage } from '../model/error.ts';
import type { NetworkMap } from '../model/network.ts';
import { decodeNetworkMap } from '../protocol/codec.ts';
import type { Store } from '../store/store.ts';
import { GridNetwork, type GridNetworkOptions } from './grid-network.ts';

/** The networks of all grids, each with a life of its own. */
export class NetworkMaps {
  readonly #options: GridNetworkOptions;
  readonly #known: ReadonlyMap<string, NetworkMap>;
  readonly #networks = new Map<string, GridNetwork>();

  constructor(options: GridNetworkOptions, known: ReadonlyMap<string, NetworkMap>) {
    this.#options = options;
    this.#known = known;
  }

  of(grid: string): GridNetwork {
    const network =
      this.#networks.get(grid) ??
      new GridNetwork(grid, this.#known.get(grid) ?? null, this.#options);
    this.#networks.set(grid, network);
    return network;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#networks.values()].map(async (one) => await one.stop()));
  }
}

/** As the last process left them. */
export async function loadNetworkMaps(
  options: Omit<GridNetworkOptions, 'keep'>,
  store: Store,
): Promise<NetworkMaps> {
  const known = new Map<string, NetworkMap>();
  for (const { grid, payload } of await store.networkMaps.list()) {
    try {
      known.set(grid, decodeNetworkMap(payload));
    } catch (error) {
      // Its nodes bring back what they go by, signed by this master.
      options.log.error({ grid, error: errorMessage(error) }, 'stored network map is damaged');
      await store.networkMaps.remove(grid);
    }
  }
  const keep = async (map: NetworkMap, at: number): Promise<boolean> =>
    await store.networkMaps.put({
      grid: map.grid,
      version: map.version,
      payload: JSON.stringify(map),
      at,
    });
  return new NetworkMaps({ ...options, keep }, known);
}
