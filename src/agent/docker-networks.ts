import { setTimeout as sleep } from 'node:timers/promises';
import { digest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import type { DockerClient } from './docker.ts';
import { accept } from './docker-error.ts';
import { labelFilters, networkLabels } from './labels.ts';

/** Another agent on this engine that was quicker is done within milliseconds: its network is in the list then. */
const ATTEMPTS = 20;
const PAUSE = 50;
const BRIDGE_NAME = 'com.docker.network.bridge.name';
const GRID_LABEL = 'io.kontena.grid.name';

/** A bridge network of ours, as it is to be. */
export interface WantedNetwork {
  readonly name: string;
  readonly grid: string;
  /** Name of the device. */
  readonly bridge: string;
  /** Absent: as the engine likes. */
  readonly addresses?: {
    /** CIDR, like the range that the engine itself picks from. */
    readonly subnet: string;
    readonly range: string;
    readonly gateway: string;
    /** Bytes. */
    readonly mtu: number;
  };
}

type FoundNetwork = Awaited<ReturnType<DockerNetworks['find']>>;

/** Our bridge networks on one engine: made when they are missing, remembered while they are there. */
export class DockerNetworks {
  readonly #client: DockerClient;
  readonly #ensured = new Map<string, Promise<string>>();

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /**
   * Resolves to the network's id. One that is there and differs is made anew when nothing uses it. Throws `engine-refused`
   * when something does, or when its bridge or its addresses are somebody else's.
   */
  async ensure(wanted: WantedNetwork): Promise<string> {
    const key = JSON.stringify(wanted);
    let ensured = this.#ensured.get(key);
    if (ensured === undefined) {
      ensured = this.#make(wanted);
      this.#ensured.set(key, ensured);
    }
    try {
      return await ensured;
    } catch (error) {
      this.#ensured.delete(key);
      throw error;
    }
  }

  forget(): void {
    this.#ensured.clear();
  }

  async #make(wanted: WantedNetwork): Promise<string> {
    const { name, bridge } = wanted;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.find(name);
      if (found !== null && differences(found, wanted).length === 0) return found.Id;
      if (found !== null && !isOurs(found)) throw strangers(wanted);
      if (found !== null) await this.#removeUnused(found, wanted);
      const created = await this.#create(wanted);
      if (created !== null) return created;
      await sleep(PAUSE);
    }
    throw new GridError({
      code: 'engine-refused',
      message: `the engine neither has a network ${name} nor lets it be made: its bridge ${bridge} is in use`,
      hint: `Find what holds it on the node: docker network ls, ip link show ${bridge}.`,
      retry: 'later',
    });
  }

  /** As the engine lists it; `null`: there is none of that name. */
  async find(name: string) {
    const filters = JSON.stringify({ name: [name] });
    const networks = await this.#client.call('list networks', (docker, abortSignal) =>
      docker.listNetworks({ filters, abortSignal }),
    );
    // The engine's filter is a part of the name, not the whole.
    return networks.find((network) => network.Name === name) ?? null;
  }

  /** Those of a grid, by label and by their bridge's name; one that another node on this engine uses is left alone. */
  async removeAll(grid: string): Promise<void> {
    const filters = JSON.stringify({ label: labelFilters(networkLabels(grid)) });
    const networks = await this.#client.call('list networks', (docker, abortSignal) =>
      docker.listNetworks({ filters, abortSignal }),
    );
    for (const { Id, Name, Options } of networks) {
      if (!(Options?.[BRIDGE_NAME] ?? '').startsWith('gridops')) continue;
      const removed = this.#client.call(`remove network ${Name}`, (docker, abortSignal) =>
        docker.getNetwork(Id).remove({ abortSignal }),
      );
      await accept(removed, [403, 404]);
    }
  }

  async #removeUnused(found: NonNullable<FoundNetwork>, wanted: WantedNetwork): Promise<void> {
    try {
      await this.#client.call(`remove network ${wanted.name}`, (docker, abortSignal) => {
        const request = { abortSignal };
        return docker.getNetwork(found.Id).remove(request);
      });
    } catch (error) {
      if (error instanceof GridError && error.code === 'not-found') return;
      throw new GridError({
        code: 'engine-refused',
        message: `the Docker network ${wanted.name} is not as the grid's network has to be (${differences(found, wanted).join(', ')}) and is in use`,
        hint: `Drain the node, or stop the containers that "docker network inspect ${wanted.name}" shows; it is made anew then.`,
        retry: 'later',
        cause: error,
      });
    }
  }

  /** Resolves to `null` when another agent on this engine is making it, too. */
  async #create(wanted: WantedNetwork): Promise<string | null> {
    const { name, bridge, addresses } = wanted;
    const body = {
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: networkLabels(wanted.grid),
      Options: {
        [BRIDGE_NAME]: bridge,
        ...(addresses === undefined
          ? {}
          : { 'com.docker.network.driver.mtu': String(addresses.mtu) }),
      },
      ...(addresses === undefined ? {} : { IPAM: { Config: [addressing(addresses)] } }),
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
      if (!(error instanceof GridError)) throw error;
      if (/already exists|same bridge name/.test(error.message)) return null;
      throw addresses !== undefined && /overlap/i.test(error.message)
        ? overlap(addresses.subnet, error)
        : error;
    }
  }
}

/** Whatever it is called: a person may have made one of that name. */
function isOurs({ Labels }: NonNullable<FoundNetwork>): boolean {
  return Labels?.[GRID_LABEL] !== undefined;
}

function strangers({ name }: WantedNetwork): GridError {
  return new GridError({
    code: 'engine-refused',
    message: `the Docker network ${name} is somebody else's, and the grid's network has to be called that`,
    hint: `Remove it when nobody needs it ("docker network rm ${name}"), or make it anew under another name.`,
    retry: 'later',
  });
}

function addressing(addresses: NonNullable<WantedNetwork['addresses']>) {
  const { subnet, range, gateway } = addresses;
  return { Subnet: subnet, IPRange: range, Gateway: gateway };
}

/** What differs from what is wanted, for people. The network of a grid's own bridge is good as it is. */
function differences(found: NonNullable<FoundNetwork>, wanted: WantedNetwork): readonly string[] {
  const { addresses } = wanted;
  if (addresses === undefined) return [];
  const config = found.IPAM?.Config?.[0] ?? {};
  const is: Readonly<Record<string, string | undefined>> = {
    subnet: config['Subnet'],
    range: config['IPRange'],
    gateway: config['Gateway'],
    mtu: found.Options?.['com.docker.network.driver.mtu'],
    grid: found.Labels?.[GRID_LABEL],
  };
  const wish = { ...addresses, mtu: String(addresses.mtu), grid: wanted.grid };
  return Object.entries(wish).flatMap(([key, value]) =>
    is[key] === value ? [] : [`${key} ${is[key] ?? 'unset'} instead of ${value}`],
  );
}

function overlap(subnet: string, cause: GridError): GridError {
  return new GridError({
    code: 'engine-refused',
    message: `the grid's subnet ${subnet} overlaps another network of this Docker engine`,
    hint: 'Find it with "docker network ls" and "docker network inspect", and remove it; or set another "subnet" in grid.yml before the first node joins.',
    retry: 'later',
    cause,
  });
}

/**
 * The engine looks for a second network of a name without a lock: two agents at the same moment made one each, and then it
 * starts no container because the name is ambiguous. It does lock for a second bridge of one name, so the bridge's name
 * follows from the network's. A device's name has at most 15 characters.
 */
export function bridgeName(network: string): string {
  return `gridops-${digest(network).slice(0, 7)}`;
}
