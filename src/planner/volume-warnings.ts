import type { Service } from '../model/grid.ts';
import { compareText, servicePath } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import type { Mount, VolumeSpec } from '../model/spec.ts';
import { isRelational, satisfies } from './affinity.ts';
import { viewpoint } from './filters.ts';
import type { Sighting } from './index-observed.ts';
import type { PlaceContext } from './place.ts';
import { nameList } from './printable.ts';
import { requestFor } from './request.ts';

/** File systems that are elsewhere, although Docker's local driver mounts them. */
const remote = /^(?:nfs4?|cifs|smb3?|ceph|glusterfs|9p|fuse\..+)$/;

/** Whether it looks as if its instances shared volumes. A daemon is there for its own node. */
export function sharesVolumes(service: Service): boolean {
  return service.strategy !== 'daemon' && service.spec.mounts.some(isSharing);
}

/** Volumes of which it looks as if instances on several nodes shared them. */
export function volumeWarnings(
  service: Service,
  of: {
    readonly sightings: readonly Sighting[];
    /** The service's own. */
    readonly steps: readonly Step[];
    readonly context: PlaceContext;
  },
): readonly string[] {
  if (!sharesVolumes(service) || of.context.occupancy.hosts.length < 2) return [];
  const volumes = sharedVolumes(service);
  const nodes = nodesOf(service, of);
  const [first] = nodes;
  if (first === undefined) return [];
  const path = servicePath({ stack: service.stack, service: service.name });
  if (nodes.length > 1)
    return volumes.map((volume) =>
      text(volume, path, `${nameList(nodes)} have different contents`),
    );
  if (service.stateful || homes(service, of.context) < 2) return [];
  return volumes.map((volume) =>
    text(volume, path, `what is on ${first} stays there when an instance moves`),
  );
}

function text(volume: string, path: string, what: string): string {
  return `volume ${volume} of ${path} is local to each node: ${what}`;
}

/** By name. */
function sharedVolumes({ spec }: Service): readonly string[] {
  const names = new Set<string>();
  for (const mount of spec.mounts) if (isSharing(mount)) names.add(mount.volume.name);
  return [...names].toSorted(compareText);
}

function isSharing(mount: Mount): mount is Extract<Mount, { kind: 'volume' }> {
  return mount.kind === 'volume' && looksShared(mount.volume);
}

/** What is behind a volume that is not ours, or behind another driver, is not known. */
function looksShared({ scope, external, driver, driverOptions }: VolumeSpec): boolean {
  if (scope === 'instance' || external || (driver ?? 'local') !== 'local') return false;
  return !remote.test(driverOptions['type'] ?? '');
}

/** Where its instances are once this plan is carried out, by name. */
function nodesOf(
  service: Service,
  {
    sightings,
    steps,
  }: { readonly sightings: readonly Sighting[]; readonly steps: readonly Step[] },
): readonly string[] {
  const leaving = new Set(steps.filter(({ kind }) => kind === 'remove').map(spotOf));
  const nodes = new Set(steps.filter(({ kind }) => kind !== 'remove').map(({ node }) => node));
  for (const { host, id } of sightings) {
    const isLeaving = leaving.has(spotOf({ number: id.number, node: host.name }));
    if (!isLeaving && id.number <= service.instances) nodes.add(host.name);
  }
  return [...nodes].toSorted(compareText);
}

function spotOf({ number, node }: { readonly number: number; readonly node: string }): string {
  return `${number} ${node}`;
}

/** How many nodes its rules allow, whatever is on them now. */
function homes(service: Service, context: PlaceContext): number {
  const { occupancy } = context;
  const request = requestFor(service, 1, context);
  return occupancy.hosts.filter((host) => {
    const view = viewpoint(host, request, occupancy);
    return request.rules.every((rule) => rule.soft || isRelational(rule) || satisfies(rule, view));
  }).length;
}
