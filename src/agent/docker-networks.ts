import { GridError } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import { networkName } from './container-options.ts';
import type { DockerClient } from './docker.ts';
import { accept } from './docker-error.ts';
import { networkLabels } from './labels.ts';

/** The grids' bridges on one engine: made when they are missing, remembered while they are there, never removed. */
export class DockerNetworks {
  readonly #client: DockerClient;
  readonly #ensured = new Map<string, Promise<string>>();

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /** Resolves to the network's id. */
  async ensure(grid: string): Promise<string> {
    let ensured = this.#ensured.get(grid);
    if (ensured === undefined) {
      ensured = this.#make(networkName(grid), grid);
      this.#ensured.set(grid, ensured);
    }
    try {
      return await ensured;
    } catch (error) {
      this.#ensured.delete(grid);
      throw error;
    }
  }

  /** Makes every known grid's network anew, or unambiguous. */
  async mend(): Promise<void> {
    const grids = [...this.#ensured.keys()];
    this.#ensured.clear();
    for (const grid of grids) await this.ensure(grid);
  }

  forget(): void {
    this.#ensured.clear();
  }

  /**
   * The engine looks for duplicates without a lock, so two agents may have made a network each at the same moment; and it
   * starts no container while the name is ambiguous. Whoever sees the younger ones removes them: they are empty.
   */
  async #make(name: string, grid: string): Promise<string> {
    if ((await this.#find(name)).length === 0) await this.#create(name, grid);
    const [oldest, ...younger] = await this.#find(name);
    if (oldest === undefined) throw gone(name);
    for (const id of younger) await this.#remove(id);
    return oldest;
  }

  /** Ids, oldest first. */
  async #find(name: string): Promise<string[]> {
    const filters = JSON.stringify({ name: [name] });
    const networks = await this.#client.call('list networks', (docker, abortSignal) =>
      docker.listNetworks({ filters, abortSignal }),
    );
    // The engine's filter is a part of the name, not the whole.
    return networks
      .filter((network) => network.Name === name)
      .toSorted((a, b) => compareText(a.Created, b.Created) || compareText(a.Id, b.Id))
      .map((network) => network.Id);
  }

  async #create(name: string, grid: string): Promise<void> {
    const body = {
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: networkLabels(grid),
    };
    const created = this.#client.call(`create network ${name}`, (docker, abortSignal) => {
      const request = { _query: {}, _body: body, abortSignal };
      return docker.createNetwork(request as unknown as Parameters<typeof docker.createNetwork>[0]);
    });
    // Another agent was quicker.
    await accept(created, [409]);
  }

  async #remove(id: string): Promise<void> {
    const removed = this.#client.call('remove a duplicate network', (docker, abortSignal) =>
      docker.getNetwork(id).remove({ abortSignal }),
    );
    await accept(removed, [404]);
  }
}

function gone(name: string): GridError {
  return new GridError({
    code: 'engine-refused',
    message: `network ${name} was removed while it was made`,
    retry: 'later',
  });
}
