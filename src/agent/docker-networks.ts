import { setTimeout as sleep } from 'node:timers/promises';
import { digest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import { networkName } from './container-options.ts';
import type { DockerClient } from './docker.ts';
import { networkLabels } from './labels.ts';

/** Another agent on this engine that was quicker is done within milliseconds: its network is in the list then. */
const ATTEMPTS = 20;
const PAUSE = 50;

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

  forget(): void {
    this.#ensured.clear();
  }

  async #make(name: string, grid: string): Promise<string> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.#find(name);
      if (found !== null) return found;
      const created = await this.#create(name, grid);
      if (created !== null) return created;
      await sleep(PAUSE);
    }
    throw new GridError({
      code: 'engine-refused',
      message: `the engine neither has a network ${name} nor lets it be made: its bridge ${bridgeName(name)} is in use`,
      hint: `Find what holds it on the node: docker network ls, ip link show ${bridgeName(name)}.`,
      retry: 'later',
    });
  }

  async #find(name: string): Promise<string | null> {
    const filters = JSON.stringify({ name: [name] });
    const networks = await this.#client.call('list networks', (docker, abortSignal) =>
      docker.listNetworks({ filters, abortSignal }),
    );
    // The engine's filter is a part of the name, not the whole.
    return networks.find((network) => network.Name === name)?.Id ?? null;
  }

  /** Resolves to `null` when another agent on this engine is making it, too. */
  async #create(name: string, grid: string): Promise<string | null> {
    const body = {
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: networkLabels(grid),
      Options: { 'com.docker.network.bridge.name': bridgeName(name) },
    };
    try {
      const created = await this.#client.call(`create network ${name}`, (docker, abortSignal) => {
        const request = { _query: {}, _body: body, abortSignal };
        return docker.createNetwork(
          request as unknown as Parameters<typeof docker.createNetwork>[0],
        );
      });
      return created.id;
    } catch (error) {
      if (error instanceof GridError && /already exists|same bridge name/.test(error.message))
        return null;
      throw error;
    }
  }
}

/**
 * The engine looks for a second network of a name without a lock: two agents at the same moment made one each, and then it
 * starts no container because the name is ambiguous. It does lock for a second bridge of one name, so the bridge's name
 * follows from the network's. A device's name has at most 15 characters.
 */
function bridgeName(network: string): string {
  return `gridops-${digest(network).slice(0, 7)}`;
}
