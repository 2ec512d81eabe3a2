import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import type { Service } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import type { ServiceChange } from '../model/preview.ts';
import { serviceValues } from './service-values.ts';
import type { ShowOptions } from './shown-value.ts';
import { valueChanges } from './value-changes.ts';

export type Services = ReadonlyMap<string, Service>;

export function servicesOf(state: DesiredState | null): Services {
  const all = (state?.stacks ?? []).flatMap(({ services }) => services);
  return new Map(all.map((service) => [`${service.stack}/${service.name}`, service]));
}

/** What changes in services, by path. A stack that is held back is not removed by being missing. */
export function serviceChanges(
  of: { readonly before: Services; readonly after: Services; readonly held: readonly string[] },
  options: ShowOptions,
): readonly ServiceChange[] {
  const paths = [...new Set([...of.before.keys(), ...of.after.keys()])].toSorted(compareText);
  return paths.flatMap((path) => {
    const change = serviceChange(path, of, options);
    return change === null ? [] : [change];
  });
}

function serviceChange(
  path: string,
  of: { readonly before: Services; readonly after: Services; readonly held: readonly string[] },
  options: ShowOptions,
): ServiceChange | null {
  const [old, young] = [of.before.get(path), of.after.get(path)];
  if (old === young || (old !== undefined && young !== undefined && isSame(old, young)))
    return null;
  if (young === undefined) {
    const isHeld = old === undefined || mayBelongTo(of.held, old.stack);
    return isHeld ? null : { path, kind: 'removed', values: [], count: 0 };
  }
  const before = old === undefined ? null : serviceValues(old);
  const values = valueChanges(before, serviceValues(young), options);
  if (before !== null && values.length === 0) return null;
  return { path, kind: before === null ? 'added' : 'changed', values, count: values.length };
}

/** What most services of a large grid are. A spec hash stands for the spec, the files that it mounts included. */
function isSame(old: Service, young: Service): boolean {
  return old.specHash === young.specHash && restText(old) === restText(young);
}

function restText(service: Service): string {
  return JSON.stringify({ ...service, spec: null, files: null, secrets: null, position: null });
}
