/**
 * Printable identities. Inside one grid a service is `stack/service` and an instance `stack/service-N`;
 * where several grids can meet (events, CLI, statuses) the grid's name goes in front.
 */

/** The Nth copy of a service. It keeps this identity when its container is replaced. Numbers start at 1. */
export interface InstanceId {
  readonly stack: string;
  readonly service: string;
  readonly number: number;
}

export function servicePath(of: { readonly stack: string; readonly service: string }): string {
  return `${of.stack}/${of.service}`;
}

export function instancePath(id: InstanceId): string {
  return `${id.stack}/${id.service}-${id.number}`;
}

/** Kontena's container name (kontena.md 4.9). At most one container holds it at a time. */
export function containerName(id: InstanceId): string {
  return `${id.stack}.${id.service}-${id.number}`;
}

/** Total order of instances: stack, service, then number as a number. */
export function compareInstances(a: InstanceId, b: InstanceId): number {
  return compareText(a.stack, b.stack) || compareText(a.service, b.service) || a.number - b.number;
}

/** Code unit order: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
