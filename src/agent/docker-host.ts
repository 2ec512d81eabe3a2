import type { HostImage, HostReport, TakenPort } from '../model/host-report.ts';
import { compareText } from '../model/identity.ts';
import type { Scope } from './containers.ts';
import type { DockerClient } from './docker.ts';
import { ownerOf } from './labels.ts';

/** What of a listed container is used. */
export interface PublishingContainer {
  readonly Names: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Ports: readonly {
    readonly IP?: string;
    /** Absent: the port is not published. */
    readonly PublicPort?: number;
    readonly Type: string;
  }[];
}

/** What an engine's host has beside the containers of one node: other ports that are published, all volumes and images. */
export async function dockerHost(client: DockerClient, scope: Scope): Promise<HostReport> {
  // Only those that run hold their ports.
  const containers = await client.call('list containers', (docker, abortSignal) =>
    docker.listContainers({ abortSignal }),
  );
  const { Volumes } = await client.call('list volumes', (docker, abortSignal) =>
    docker.listVolumes({ abortSignal }),
  );
  const images = await client.call('list images', (docker, abortSignal) =>
    docker.listImages({ abortSignal }),
  );
  return {
    ports: takenPorts(containers, scope),
    volumes: namedVolumes(Volumes),
    images: namedImages(images),
  };
}

/** By port, protocol and address: a range is listed port by port. */
export function takenPorts(
  containers: readonly PublishingContainer[],
  scope: Scope,
): readonly TakenPort[] {
  return containers
    .flatMap((container) => portsOf(container, scope))
    .toSorted(
      (a, b) =>
        a.port - b.port ||
        compareText(a.protocol, b.protocol) ||
        compareText(a.address, b.address) ||
        compareText(a.container ?? '', b.container ?? ''),
    );
}

function portsOf(
  { Names, Labels, Ports }: PublishingContainer,
  scope: Scope,
): readonly TakenPort[] {
  const owner = ownerOf(Labels);
  if (owner?.grid === scope.grid && owner.node === scope.node) return [];
  // The others are what containers that link to it call it.
  const container = (Names.find((name) => !name.includes('/', 1)) ?? '').replace(/^\//, '');
  return Ports.flatMap(({ IP = '0.0.0.0', PublicPort: port, Type: protocol }) =>
    port === undefined || !isProtocol(protocol)
      ? []
      : [
          {
            address: IP,
            port,
            protocol,
            container,
            ...(owner === null ? {} : { node: owner.node }),
          },
        ],
  );
}

function isProtocol(type: string): type is TakenPort['protocol'] {
  return type === 'tcp' || type === 'udp' || type === 'sctp';
}

/** What the engine calls volumes that were made without a name. A host may have thousands of them. */
const nameless = /^[0-9a-f]{64}$/;

/** An engine without any says `null`. */
export function namedVolumes(
  volumes: readonly { readonly Name: string }[] | null,
): readonly string[] {
  return (volumes ?? [])
    .map(({ Name }) => Name)
    .filter((name) => !nameless.test(name))
    .toSorted(compareText);
}

/** What an engine says of a name that an image has lost. */
const lost = '<none>';

/** By every name that they can be asked for with. An engine says `null` where there are none. */
export function namedImages(
  images: readonly {
    readonly RepoTags?: readonly string[] | null | undefined;
    readonly RepoDigests?: readonly string[] | null | undefined;
    readonly Size: number;
  }[],
): readonly HostImage[] {
  return images
    .flatMap(({ RepoTags, RepoDigests, Size }) =>
      [...(RepoTags ?? []), ...(RepoDigests ?? [])]
        .filter((name) => !name.includes(lost))
        .map((name) => ({ name, bytes: Math.max(0, Size) })),
    )
    .toSorted((a, b) => compareText(a.name, b.name));
}
