import type { Affinity, Service } from '../model/grid.ts';
import type { InstanceId } from '../model/identity.ts';
import type { Rule, Rulebook } from './affinity.ts';

/** An instance that looks for a node. */
export interface Request {
  readonly id: InstanceId;
  readonly service: Service;
  /** Its affinity rules, hard and soft. */
  readonly rules: readonly Rule[];
}

export function requestFor(
  service: Service,
  number: number,
  of: { readonly rulebook: Rulebook; readonly defaultAffinity: readonly Affinity[] },
): Request {
  const id = { stack: service.stack, service: service.name, number };
  return { id, service, rules: of.rulebook.rulesFor(service, number, of.defaultAffinity) };
}
