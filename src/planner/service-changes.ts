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

interface Sides {
  readonly grid: string;
  readonly before: Services;
  readonly after: Services;
  /** Stacks that are held back: nothing of them is removed by being missing. */
  readonly held: readonly string[];
}

/** What changes in services, by path. */
export function serviceChanges(of: Sides, options: ShowOptions): readonly ServiceChange[] {
  const paths = [...new Set([...of.before.keys(), ...of.after.keys()])].toSorted(compareText);
  return paths.flatMap((path) => {
    const change = serviceChange(path, of, options);
    return change === null ? [] : [change];
  });
}

function serviceChange(path: string, of: Sides, options: ShowOptions): ServiceChange | null {
  const [old, young] = [of.before.get(path), of.after.get(path)];
  if (young === undefined) {
    const isHeld = old === undefined || mayBelongTo(of.held, old.stack);
    return isHeld ? null : { path, kind: 'removed', values: [], count: 0 };
  }
  if (old === undefined) return addition(path, young, of.grid, options);
  if (old === young || isSame(old, young)) return null;
  const values = valueChanges(serviceValues(old), serviceValues(young), options);
  return values.length === 0 ? null : { path, kind: 'changed', values, count: values.length };
}

/** Of a new service nobody needs to be told what every one has. */
function addition(
  path: string,
  service: Service,
  grid: string,
  options: ShowOptions,
): ServiceChange {
  const usual = usualValues(service, grid);
  const own = [...serviceValues(service)].filter(([key, value]) => usual.get(key) !== value);
  const values = valueChanges(null, new Map(own), options);
  return { path, kind: 'added', values, count: values.length };
}

function usualValues({ stack, name }: Service, grid: string): ReadonlyMap<string, string> {
  return new Map([
    ['min_health', '0.8'],
    ['strategy', 'ha'],
    ['environment.KONTENA_GRID_NAME', grid],
    ['environment.KONTENA_PLATFORM_NAME', grid],
    ['environment.KONTENA_SERVICE_ID', `${grid}/${stack}/${name}`],
    ['environment.KONTENA_SERVICE_NAME', name],
    ['environment.KONTENA_STACK_NAME', stack],
  ]);
}

/** What most services of a large grid are. A spec hash stands for the spec, the files that it mounts included. */
function isSame(old: Service, young: Service): boolean {
  return old.specHash === young.specHash && restText(old) === restText(young);
}

function restText(service: Service): string {
  return JSON.stringify({ ...service, spec: null, files: null, secrets: null, position: null });
}
