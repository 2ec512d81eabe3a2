import type { AssignedInstance } from '../model/assignment.ts';
import { shortDigest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import { instancePath } from '../model/identity.ts';
import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { nodeAddress, parseSubnet, subnetText } from '../model/subnet.ts';
import { deviceNames } from '../overlay/names.ts';
import { chooseAddress, engineRange } from './address-book.ts';
import type { HeldAttachment, Networks } from './attachment.ts';
import type { Scope } from './containers.ts';
import type { DockerClient } from './docker.ts';
import type { DockerNetworks } from './docker-networks.ts';
import { addressLabel, addressOf } from './labels.ts';
import type { AskingContainer } from './publisher.ts';

/** There is one overlay on a host: its network's name needs no grid's in it, and is none that a grid's bridge can have. */
const NETWORK = 'gridops';

export interface OverlayPlace {
  readonly map: NetworkMap;
  /** This node's entry in it. */
  readonly node: NetworkNode;
}

export interface OverlayNetworksOptions {
  readonly client: DockerClient;
  readonly networks: DockerNetworks;
  /** `null`: there is no map yet, or the node is not in it. */
  readonly place: () => OverlayPlace | null;
  /** A container will ask from this address as soon as it runs. */
  readonly onAttached: (asker: AskingContainer) => void;
}

/** The grid's overlay, as far as this engine has to know of it: a bridge on the whole subnet, and addresses of the node's pools. */
export class OverlayNetworks implements Networks {
  readonly mode = 'overlay';
  readonly #options: OverlayNetworksOptions;
  /** Given to containers that the engine does not list yet. */
  readonly #held = new Set<string>();
  #choosing: Promise<unknown> = Promise.resolve();

  constructor(options: OverlayNetworksOptions) {
    this.#options = options;
  }

  async attach(_: Scope, instance: AssignedInstance): Promise<HeldAttachment> {
    const place = this.#options.place();
    if (place === null) throw notYet();
    await ensureOverlayBridge(this.#options.networks, place);
    // One after the other: two that look at the same moment would find the same address free.
    const chosen = this.#choosing.then(() => this.#choose(place, instancePath(instance)));
    this.#choosing = chosen.catch(() => undefined);
    const address = await chosen;
    const { links = [], dns: servers = [] } = instance.spec.extras ?? {};
    this.#options.onAttached({ stack: instance.stack, address, links, servers });
    const resolver = nodeAddress(parseSubnet(place.map.subnet), place.node.number);
    return {
      // By its name: older engines heed a hardware address only where that is the container's network mode.
      attachment: { kind: 'overlay', network: NETWORK, address, resolver },
      release: () => this.#held.delete(address),
    };
  }

  forget(): void {
    this.#options.networks.forget();
  }

  async #choose({ map, node }: OverlayPlace, path: string): Promise<string> {
    const taken = new Set([...this.#held, ...(await this.#listed())]);
    const preference = Number.parseInt(shortDigest(path).slice(0, 8), 16);
    const address = chooseAddress({ subnet: parseSubnet(map.subnet), node, taken, preference });
    if (address === null) throw noneLeft(node);
    this.#held.add(address);
    return address;
  }

  /** Of stopped containers, too: a container keeps its address from its creation to its removal. */
  async #listed(): Promise<readonly string[]> {
    const filters = JSON.stringify({ label: [addressLabel] });
    const listed = await this.#options.client.call(
      'list the addresses of containers',
      (docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }),
    );
    return listed.flatMap((one) => addressOf(one.Labels) ?? []);
  }
}

/**
 * The bridge of the overlay on this engine, as it is to be for the node. Throws `engine-refused`
 * for what has to be put right on the host.
 */
export async function ensureOverlayBridge(
  networks: DockerNetworks,
  { map, node }: OverlayPlace,
): Promise<void> {
  const subnet = parseSubnet(map.subnet);
  await networks.ensure({
    name: NETWORK,
    grid: map.grid,
    bridge: deviceNames.bridge,
    addresses: {
      subnet: map.subnet,
      range: subnetText(engineRange(subnet, node)),
      gateway: nodeAddress(subnet, node.number),
      mtu: map.mtu,
    },
  });
}

function notYet(): GridError {
  return new GridError({
    code: 'network-not-ready',
    message: "the node has no place in the grid's network yet: its master has not sent the map",
    retry: 'later',
  });
}

function noneLeft(node: NetworkNode): GridError {
  return new GridError({
    code: 'engine-refused',
    message: `all addresses of node ${node.name} are taken`,
    hint: 'The master gives a node more of them as it needs them; see the plan for why it did not.',
    retry: 'later',
  });
}
