import type { DockerClient } from './docker.ts';
import { labelFilters, networkLabels } from './labels.ts';

/** Names of the grid's volumes on this engine. */
export async function volumesOf(client: DockerClient, grid: string): Promise<readonly string[]> {
  const label = labelFilters(networkLabels(grid));
  const { Volumes } = await client.call('list volumes', (docker, abortSignal) =>
    docker.listVolumes({ filters: JSON.stringify({ label }), abortSignal }),
  );
  return Volumes.map(({ Name }) => Name).toSorted();
}
