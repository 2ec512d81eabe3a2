import { bridgeEndpoint, overlayEndpoint } from './container-options.ts';
import type { Mending, Scope } from './containers.ts';
import type { DockerApi, DockerClient } from './docker.ts';
import { accept } from './docker-error.ts';
import { addressOf } from './labels.ts';
import { updateRequest } from './live-settings.ts';

export interface MendInput extends Mending {
  readonly scope: Scope;
  readonly id: string;
}

type Container = ReturnType<DockerApi['getContainer']>;

/** Sets back what deviates about a container that runs. Done twice it does no harm. */
export async function mendContainer(client: DockerClient, input: MendInput): Promise<void> {
  const { id, instance, deviations } = input;
  const update = updateRequest(deviations, instance.spec);
  if (update !== null)
    await call(client, `change container ${id.slice(0, 12)} back`, (container, abortSignal) =>
      container.update({ ...update, abortSignal }),
    )(id);
  for (const one of deviations)
    if (one.cure === 'connect') await connect(client, input);
    else if (one.cure === 'disconnect') await disconnect(client, id, one.found);
}

function call(
  client: DockerClient,
  what: string,
  use: (container: Container, abortSignal: AbortSignal) => Promise<unknown>,
) {
  return async (id: string): Promise<void> => {
    await client.call(what, (docker, abortSignal) => use(docker.getContainer(id), abortSignal));
  };
}

/** As it was connected when it was made: with the address that its label keeps for it, or its names. */
async function connect(client: DockerClient, { scope, id, instance }: MendInput): Promise<void> {
  const what = `connect container ${id.slice(0, 12)} to its network`;
  const connected = client.call(what, async (docker, abortSignal) => {
    const { Config, HostConfig } = await docker.getContainer(id).inspect({ abortSignal });
    const address = addressOf(Config.Labels);
    const EndpointConfig =
      address === null ? bridgeEndpoint(scope, instance) : overlayEndpoint(instance, address);
    const request = { Container: id, EndpointConfig, abortSignal };
    return await docker.getNetwork(HostConfig.NetworkMode ?? '').connect(request);
  });
  // 403: it is connected already.
  await accept(connected, [403]);
}

async function disconnect(client: DockerClient, id: string, network: string): Promise<void> {
  const what = `disconnect from network ${network}`;
  const disconnected = client.call(what, (docker, abortSignal) => {
    const request = { Container: id, Force: true, abortSignal };
    return docker.getNetwork(network).disconnect(request);
  });
  await accept(disconnected, [403, 404]);
}
