import dns from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import { type NetworkFacts, type NetworkMode, networkPorts } from '../model/network.ts';
import type { OverlayEvent } from '../overlay/events.ts';
import { networkFacts, ownAddresses } from '../overlay/facts.ts';
import { openKey } from '../overlay/key.ts';
import { type EngineKind, hostTraits, obstacleOf } from '../overlay/obstacle.ts';
import { Overlay } from '../overlay/overlay.ts';
import { udpProbe } from '../overlay/probe.ts';
import { systemTools } from '../overlay/tools.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Engine } from './containers.ts';
import type { DockerClient } from './docker.ts';
import { DockerNetworks } from './docker-networks.ts';
import { engineState } from './docker-state.ts';
import { sendProbe } from './full-size.ts';
import { GridImages, type GridImagesOptions } from './grid-images.ts';
import { type GridNetwork, plainNetwork } from './grid-network.ts';
import { lookAtHost } from './host-checks.ts';
import { HostObserver } from './host-observer.ts';
import { hostPrograms } from './host-programs.ts';
import { putHosts } from './hosts-file.ts';
import { OverlayNetwork } from './overlay-network.ts';
import { ensureOverlayBridge, OverlayNetworks } from './overlay-networks.ts';
import { createBridgeNetworks, noNetworks } from './plain-networks.ts';
import { type DoorOptions, RegistryDoors } from './registry-doors.ts';
import { WireguardHelper } from './wireguard-helper.ts';

/** What a person says of the node's network. */
export interface NetworkOptions {
  /** `null`: the overlay where the host allows it, else a bridge. */
  readonly mode: NetworkMode | null;
  readonly publicAddress: string | null;
  readonly privateAddress: string | null;
  /** For hosts whose kernel has no WireGuard. */
  readonly wireguardImage: string;
  /** The host's own: what its engine resolves names by. */
  readonly hostsFile: string;
}

export interface OpenNetworkOptions {
  readonly network: NetworkOptions;
  /** The node's name and labels, and the agent's directory. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly directory: string;
  readonly client: DockerClient;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onEvent: (event: OverlayEvent) => void;
  /** The node's facts are other ones from now on. */
  readonly onMoved: () => void;
}

/**
 * The network that was asked for, or that the host allows. Throws `invalid-configuration` where a person asked for an overlay
 * that this host cannot have.
 */
export async function openNetwork(options: OpenNetworkOptions): Promise<GridNetwork> {
  const { network, client, engine, log } = options;
  const { mode } = network;
  if (mode === 'none' || mode === 'bridge') return withoutOverlay(mode, { client, engine });
  const obstacle = obstacleOf(await hostTraits(systemTools, await engineKind(client)));
  if (obstacle === null) return await withOverlay(options);
  if (mode === 'overlay')
    throw new GridError({ code: 'invalid-configuration', message: `no overlay here: ${obstacle}` });
  log.warn({ reason: obstacle }, 'containers of this node are reached from this host alone');
  return withoutOverlay('bridge', { client, engine }, obstacle);
}

function withoutOverlay(
  mode: Exclude<NetworkMode, 'overlay'>,
  { client, engine }: Pick<OpenNetworkOptions, 'client' | 'engine'>,
  reason?: string,
): GridNetwork {
  const facts: NetworkFacts = {
    mode,
    ...(reason === undefined ? {} : { reason }),
    publicKey: null,
    port: networkPorts.wireguard,
    publicAddress: null,
    addresses: [],
    region: null,
  };
  const networks = mode === 'none' ? noNetworks : createBridgeNetworks(new DockerNetworks(client));
  return plainNetwork(networks, facts, engine);
}

async function withOverlay(options: OpenNetworkOptions): Promise<GridNetwork> {
  const { name, directory, client, engine, clock, log, random } = options;
  const key = await openKey(directory);
  const networks = new DockerNetworks(client);
  const probe = udpProbe();
  const overlay = new Overlay({
    node: name,
    key,
    tools: systemTools,
    helper: new WireguardHelper({ client, engine, image: options.network.wireguardImage }),
    bridge: {
      ensure: async (map, device) => {
        const node = map.nodes.find((one) => one.name === name);
        // Somebody may have removed the network: what is remembered of it is wrong then.
        if (!existsSync(`/sys/class/net/${device}`)) networks.forget();
        if (node !== undefined) await ensureOverlayBridge(networks, { map, node });
      },
    },
    probe,
    resolve: addressesOf,
    clock,
    log,
    addresses: () => ownAddresses(networkInterfaces()),
    onEvent: options.onEvent,
    onMoved: options.onMoved,
  });
  return new OverlayNetwork({
    overlay,
    probe,
    networks: (of) => new OverlayNetworks({ client, networks, ...of }),
    facts: () => factsOf(options, key.publicKey),
    engine: (of) => reachingRegistries(options, of),
    observer: (of) =>
      new HostObserver({
        ...of,
        node: name,
        look: async () => await lookAtHost(hostPrograms, async () => await engineState(client)),
        send: sendProbe,
        clock,
        uptime: () => performance.now(),
      }),
    socket: path.join(directory, 'dns.sock'),
    clock,
    log,
    random,
  });
}

function reachingRegistries(
  { engine, name, network, onEvent }: OpenNetworkOptions,
  { grid, lookup }: Pick<GridImagesOptions, 'grid'> & Pick<DoorOptions, 'lookup'>,
): GridImages {
  const onFailure = (message: string): void =>
    onEvent({ severity: 'warning', kind: 'registry-unreachable', message });
  const doors = new RegistryDoors({
    lookup,
    putHosts: async (entries) => await putHosts(network.hostsFile, name, entries),
    onFailure,
  });
  return new GridImages({ engine, doors, grid, lookup, onFailure });
}

function factsOf({ network, labels }: OpenNetworkOptions, publicKey: string): NetworkFacts {
  const { publicAddress, privateAddress } = network;
  return networkFacts({
    mode: 'overlay',
    obstacle: null,
    publicKey,
    port: networkPorts.wireguard,
    publicAddress,
    privateAddress,
    region: labels.find((label) => label.startsWith('region='))?.slice('region='.length) ?? null,
    interfaces: networkInterfaces(),
  });
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await dns.lookup(host, { all: true })).map(({ address }) => address);
}

/** An engine that does not answer yet is taken for an ordinary one: it will say itself what it cannot do. */
async function engineKind(client: DockerClient): Promise<EngineKind> {
  try {
    const info = (await client.call('ask for facts', (docker) => docker.info())) as {
      readonly OperatingSystem?: string;
      readonly SecurityOptions?: readonly string[] | null;
    };
    const rootless = info.SecurityOptions?.some((option) => option.includes('rootless')) ?? false;
    return { operatingSystem: info.OperatingSystem ?? '', rootless };
  } catch (error) {
    return { operatingSystem: `unknown: ${errorMessage(error)}`, rootless: false };
  }
}
