import type { NetworkFacts, NetworkMode } from '../model/network.ts';
import { networkPorts } from '../model/network.ts';
import type { DockerClient } from './docker.ts';
import { DockerNetworks } from './docker-networks.ts';
import { type GridNetwork, plainNetwork } from './grid-network.ts';
import { createBridgeNetworks, noNetworks } from './plain-networks.ts';

/** What a person says of the node's network. */
export interface NetworkOptions {
  /** `null`: the overlay where the host allows it, else a bridge. */
  readonly mode: NetworkMode | null;
  readonly publicAddress: string | null;
  readonly privateAddress: string | null;
  /** For hosts whose kernel has no WireGuard. */
  readonly wireguardImage: string;
}

/** The network that was asked for, or that the host allows. */
export function openNetwork(options: NetworkOptions, client: DockerClient): GridNetwork {
  const mode = options.mode === 'none' ? 'none' : 'bridge';
  const networks = mode === 'none' ? noNetworks : createBridgeNetworks(new DockerNetworks(client));
  return plainNetwork(networks, withoutOverlay(mode));
}

function withoutOverlay(mode: NetworkMode): NetworkFacts {
  const { wireguard: port } = networkPorts;
  return { mode, publicKey: null, port, publicAddress: null, addresses: [], region: null };
}
