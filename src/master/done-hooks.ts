import type { AssignedInstance } from '../model/assignment.ts';
import { type Hook, hookKey } from '../model/hook.ts';
import { type InstanceId, servicePath } from '../model/identity.ts';
import { jobKey } from '../model/job.ts';
import type { DoneHook } from '../store/done-hooks.ts';

/**
 * Which oneshot hooks have succeeded, of all grids. The master tells a node that takes an instance over what has been done
 * elsewhere; nodes tell again what they know when a store is lost.
 */
export class DoneHooks {
  /** Hook keys by instance number, by service path, by grid. */
  readonly #grids = new Map<string, Map<string, Map<number, Set<string>>>>();

  of(grid: string, id: InstanceId): ReadonlySet<string> {
    return this.#grids.get(grid)?.get(servicePath(id))?.get(id.number) ?? new Set();
  }

  add(hooks: readonly DoneHook[]): void {
    for (const { grid, service, number, hook } of hooks) {
      const services = entry(this.#grids, grid, () => new Map<string, Map<number, Set<string>>>());
      const numbers = entry(services, service, () => new Map<number, Set<string>>());
      entry(numbers, number, () => new Set<string>()).add(hook);
    }
  }

  /** Service paths. */
  services(grid: string): readonly string[] {
    return [...(this.#grids.get(grid)?.keys() ?? [])];
  }

  remove(grid: string, service: string): void {
    this.#grids.get(grid)?.delete(service);
  }
}

/** The oneshot hooks of a service among these keys. */
export function oneshotsAmong(
  hooks: readonly Hook[] | undefined,
  keys: { has(key: string): boolean },
): readonly string[] {
  const oneshot = (hooks ?? []).filter((hook) => hook.oneshot);
  return oneshot.map(hookKey).filter((key) => keys.has(key));
}

/** What of an instance is worth remembering among these keys: its oneshot hooks, and that it has succeeded as a job. */
export function rememberedAmong(
  { spec, specHash, job }: Pick<AssignedInstance, 'spec' | 'specHash'> & { readonly job?: unknown },
  keys: { has(key: string): boolean },
): readonly string[] {
  const hooks = oneshotsAmong(spec.hooks, keys);
  return job !== undefined && keys.has(jobKey(specHash)) ? [...hooks, jobKey(specHash)] : hooks;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
