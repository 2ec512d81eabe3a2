import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import { type Hook, hookKey } from '../model/hook.ts';
import { type InstanceId, instancePath, servicePath } from '../model/identity.ts';
import { jobKey } from '../model/job.ts';
import type { ObservedInstance } from '../model/observed.ts';
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

  /** What a node tells that was not known. It is believed about the instances that it is assigned, and oneshot hooks only. */
  newsAmong(
    { grid, assignment }: { readonly grid: string; readonly assignment: Assignment | null },
    reported: readonly ObservedInstance[],
  ): readonly DoneHook[] {
    const tellers = reported.filter((one) => one.doneHooks !== undefined);
    if (tellers.length === 0) return [];
    const assignedTo = new Map(assignment?.instances.map((one) => [instancePath(one), one]));
    return tellers.flatMap((one) => {
      const known = this.of(grid, one);
      const instance = assignedTo.get(instancePath(one));
      const keys = new Set(one.doneHooks);
      const told = instance === undefined ? [] : rememberedAmong(instance, keys);
      const id = { grid, service: servicePath(one), number: one.number };
      return told.filter((hook) => !known.has(hook)).map((hook) => ({ ...id, hook }));
    });
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
