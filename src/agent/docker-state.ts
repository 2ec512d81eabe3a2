import type { DockerClient } from './docker.ts';
import type { EngineNetwork, EngineState } from './host-state.ts';

/** What is used of the engine's descriptions; their types in dockerode lack some of it. */
interface Description {
  readonly ServerVersion: string;
  readonly LiveRestoreEnabled?: boolean;
  readonly FirewallBackend?: { readonly Driver?: string } | null;
}

interface NetworkDescription {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null } | null;
  readonly Options?: Readonly<Record<string, string>> | null;
}

/** What of an engine matters for the network of its host. Rejects with `GridError` while it does not answer. */
export async function engineState(client: DockerClient): Promise<EngineState> {
  const [info, networks] = await Promise.all([
    client.call('ask for facts', async (docker) => (await docker.info()) as Description),
    client.call(
      'list networks',
      async (docker) => (await docker.listNetworks()) as readonly NetworkDescription[],
    ),
  ]);
  return {
    version: info.ServerVersion,
    liveRestore: info.LiveRestoreEnabled === true,
    firewall: info.FirewallBackend?.Driver ?? null,
    networks: networks.map(networkState),
  };
}

function networkState(network: NetworkDescription): EngineNetwork {
  const options = network.Options ?? {};
  const bridge = options['com.docker.network.bridge.name'] ?? `br-${network.Id.slice(0, 12)}`;
  return {
    name: network.Name,
    subnets: (network.IPAM?.Config ?? [])
      .map(({ Subnet = '' }) => Subnet)
      .filter((subnet) => /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(subnet)),
    device: network.Driver === 'bridge' ? bridge : null,
    icc: options['com.docker.network.bridge.enable_icc'] !== 'false',
  };
}
