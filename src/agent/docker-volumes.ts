import { compareText } from '../model/identity.ts';
import type { VolumeFacts } from '../model/volume.ts';
import type { DockerClient } from './docker.ts';
import { labelFilters, networkLabels, parseVolumeLabels } from './labels.ts';
import type { Volumes } from './volumes.ts';

/** An engine adds up every file of every volume for it: what takes longer nobody waits for. */
const SIZES_LIMIT = 10_000;

/** The port `Volumes` on a Docker engine. */
export function createDockerVolumes(client: DockerClient): Volumes {
  return {
    list: async (grid, node) => await list(client, grid, node),
    remove: async (name) => {
      await client.call(`remove volume ${name}`, (docker, abortSignal) =>
        docker.getVolume(name).remove({ abortSignal }),
      );
    },
  };
}

async function list(
  client: DockerClient,
  grid: string,
  node: string,
): Promise<readonly Omit<VolumeFacts, 'unusedSince'>[]> {
  const label = labelFilters(networkLabels(grid));
  const [{ Volumes: found }, users, sizes] = await Promise.all([
    client.call('list volumes', (docker, abortSignal) =>
      docker.listVolumes({ filters: JSON.stringify({ label }), abortSignal }),
    ),
    usersOf(client),
    sizesOf(client),
  ]);
  return found
    .flatMap(({ Name, Driver, Labels, ...rest }) => {
      const { node: owner, ...maker } = parseVolumeLabels(Labels ?? {});
      if (owner !== null && owner !== node) return [];
      const createdAt = timeOf((rest as { readonly CreatedAt?: string }).CreatedAt);
      const [size, usedBy] = [sizes.get(Name) ?? null, users.get(Name) ?? []];
      return [{ name: Name, driver: Driver, ...maker, createdAt, size, usedBy }];
    })
    .toSorted((a, b) => compareText(a.name, b.name));
}

/** Names of containers by volume: of all containers, not only of ours. */
async function usersOf(client: DockerClient): Promise<ReadonlyMap<string, readonly string[]>> {
  const containers = await client.call('list containers', (docker, abortSignal) =>
    docker.listContainers({ all: true, abortSignal }),
  );
  const users = new Map<string, string[]>();
  for (const { Names, Mounts } of containers)
    for (const { Name } of Mounts) {
      const container = (Names[0] ?? '').replace(/^\//, '');
      if (Name !== undefined) users.set(Name, [...(users.get(Name) ?? []), container]);
    }
  return users;
}

async function sizesOf(client: DockerClient): Promise<ReadonlyMap<string, number>> {
  try {
    const signal = AbortSignal.timeout(SIZES_LIMIT);
    const usage = await client.call(
      'ask how much is stored',
      async (docker) => (await docker.df()) as DiskUsage,
      { signal },
    );
    return new Map(
      (usage.Volumes ?? []).flatMap(({ Name, UsageData }) => {
        const size = UsageData?.Size ?? -1;
        return size < 0 ? [] : [[Name, size] as const];
      }),
    );
  } catch {
    return new Map();
  }
}

interface DiskUsage {
  readonly Volumes?:
    | readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } | null }[]
    | null;
}

function timeOf(text: string | undefined): number | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : time;
}
