import type { DockerClient } from './docker.ts';
import { DockerNetworks } from './docker-networks.ts';
import { labelFilters, networkLabels } from './labels.ts';

/**
 * Takes a grid's own bridge network away where no container of the grid is on this engine, whichever node it is of. Returns
 * whether it is gone; it is made again when it is needed.
 */
export async function removeIdleNetwork(client: DockerClient, grid: string): Promise<boolean> {
  const filters = JSON.stringify({ label: labelFilters(networkLabels(grid)) });
  const containers = await client.call('list containers', (docker, abortSignal) =>
    docker.listContainers({ all: true, limit: 1, filters, abortSignal }),
  );
  if (containers.length > 0) return false;
  await new DockerNetworks(client).removeAll(grid);
  return true;
}
