import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { parseMark, showMarks } from '../model/secret.ts';
import type { VolumeMount } from '../model/spec.ts';

/**
 * The desired state with some services as they last served, by path. How many instances there are and where they may be stays
 * what the revision says; what they are, and what they need for it, is that of then. Everything else is the very same object.
 */
export function withFallBacks(
  desired: DesiredState,
  past: ReadonlyMap<string, Service>,
): DesiredState {
  if (past.size === 0) return desired;
  const stacks = desired.stacks.map((stack) => {
    const services = stack.services.map((service) => fallBack(service, past.get(pathOf(service))));
    const isSame = services.every((service, at) => service === stack.services[at]);
    return isSame ? stack : { ...stack, services };
  });
  return { ...desired, stacks };
}

function fallBack(service: Service, past: Service | undefined): Service {
  if (past === undefined) return service;
  const { stack, name, instances, affinity, strategy, minHealth, onFailure, position } = service;
  const now = { stack, name, instances, affinity, strategy, minHealth, position };
  return { ...past, ...now, ...(onFailure === undefined ? {} : { onFailure }) };
}

/**
 * Why a service cannot be run as it last served: the revision does away with something that it needs. `null`: it can. A
 * secret or a volume that no service of the grid uses any more counts as taken away.
 */
export function whyNotBack(past: Service, desired: DesiredState): string | null {
  const services = desired.stacks.flatMap((stack) => stack.services);
  const paths = new Set(services.map(pathOf));
  const missing = past.dependsOn.find(
    (path) => !paths.has(path) && !mayBelongTo(desired.held, path.split('/')[0] ?? ''),
  );
  if (missing !== undefined) return `it needs the service ${missing}`;
  const volumes = new Set(services.flatMap((service) => volumesOf(service).map(([key]) => key)));
  const volume = volumesOf(past).find(([key]) => !volumes.has(key));
  if (volume !== undefined) return `it needs the volume ${volume[1]}`;
  const marks = new Set(services.flatMap(({ secrets = {} }) => Object.keys(secrets)));
  const mark = Object.keys(past.secrets ?? {}).find((one) => isSealed(one) && !marks.has(one));
  return mark === undefined ? null : `it needs ${showMarks(mark)} of secrets.yml as it was`;
}

/** What is made by chance is made anew, always alike. */
function isSealed(mark: string): boolean {
  return parseMark(mark)?.kind !== 'random';
}

/** With a key that tells whose it is. */
function volumesOf(service: Service): readonly (readonly [key: string, name: string])[] {
  const { stack, name } = service;
  return service.spec.mounts
    .filter((mount): mount is VolumeMount => mount.kind === 'volume')
    .map(({ volume }) => {
      const owners = { instance: [stack, name], stack: [stack], grid: [] };
      return [JSON.stringify([...owners[volume.scope], volume.name]), volume.name] as const;
    });
}

function pathOf({ stack, name }: Service): string {
  return servicePath({ stack, service: name });
}
