import type { InstanceId } from './identity.ts';

/** When a hook runs: before a new container's first start, after every start of it, before it is stopped. */
export type HookKind = 'pre-start' | 'post-start' | 'pre-stop';

/** A command that runs at a certain moment of a container's life. */
export interface Hook {
  readonly kind: HookKind;
  /** Unique among the service's hooks of its kind. With the kind it is what a oneshot hook is remembered by. */
  readonly name: string;
  /** Its words: a hook that was written as text has `/bin/sh -c` in front. */
  readonly command: readonly string[];
  /** Numbers of the instances that run it; `null`: all. */
  readonly instances: readonly number[] | null;
  /** Once in the life of an instance: never again after it has succeeded. */
  readonly oneshot: boolean;
  /** `null`: the container's own. This and what follows has no effect on pre-start hooks. */
  readonly user: string | null;
  readonly privileged: boolean;
  readonly workingDirectory: string | null;
  readonly env: Readonly<Record<string, string>>;
}

/** Tells the hooks of a service apart: `pre-start/migrate`. */
export function hookKey(hook: { readonly kind: HookKind; readonly name: string }): string {
  return `${hook.kind}/${hook.name}`;
}

/** A container's hooks as its agent knows them, and what has become of them. */
export interface HookSituation extends InstanceId {
  readonly hooks: readonly Hook[];
  /** Keys of those that were run for this container, or for its present run, whatever came of it. */
  readonly attempted: readonly string[];
}

/** Hooks of one kind that are still to be run, in the order in which they are written. */
export function dueHooks(
  of: HookSituation,
  kind: HookKind,
  /** Keys of the instance's oneshot hooks that have succeeded. */
  done: readonly string[],
): readonly Hook[] {
  return of.hooks.filter((hook) => {
    if (hook.kind !== kind || !concerns(hook, of.number)) return false;
    const key = hookKey(hook);
    return !of.attempted.includes(key) && !(hook.oneshot && done.includes(key));
  });
}

/** Those of a service's hooks that run inside of the containers of one instance. */
export function hooksInside(hooks: readonly Hook[] | undefined, number: number): readonly Hook[] {
  const inside = (hooks ?? []).filter((hook) => hook.kind !== 'pre-start');
  return inside.filter((hook) => concerns(hook, number));
}

/** Whether an instance of that number runs the hook. */
function concerns(hook: Hook, number: number): boolean {
  return hook.instances === null || hook.instances.includes(number);
}
