import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep, HookContainer } from '../model/container.ts';
import { dueHooks, type Hook, hookKey } from '../model/hook.ts';

/** What is known of an instance's hooks beyond what each of its containers says. */
export interface HookHistory {
  /** Keys of its oneshot hooks that have succeeded, wherever it ran. */
  readonly done: readonly string[];
  /** Containers that run, or have run, a pre-start hook of the instance on this node. */
  readonly containers: readonly HookContainer[];
}

/** Milliseconds; as long as a deploy waits by default. What takes longer belongs into a service of its own. */
export const PRE_START_LIMIT = 600_000;

/** An engine may also get stuck in a removal. */
const REMOVAL_POLL = 5_000;

/** The next pre-start hook of a container that was created. One after the other, each only when the one before succeeded. */
export function preStartHook(
  wanted: AssignedInstance,
  candidate: ContainerSnapshot,
  { done }: HookHistory,
): Hook | null {
  const hooks = wanted.spec.hooks ?? [];
  return dueHooks({ ...candidate, hooks }, 'pre-start', done)[0] ?? null;
}

/** What to do about that hook; a moment: nothing until then. */
export function preStartStep(
  hook: Hook,
  container: string,
  { containers, now }: HookHistory & { readonly now: number },
): ContainerStep | number {
  const run = { container, hook: hookKey(hook) };
  const known = containers.find((one) => isOf(one, run));
  if (known === undefined || known.phase === 'created')
    return { kind: 'run-hook', container, hook, reason: 'it has to succeed before the start' };
  if (known.phase === 'removing') return now + REMOVAL_POLL;
  // A clock that was ahead and has been put right must not give it more time than others.
  const until = Math.min(known.startedAt ?? now, now) + PRE_START_LIMIT;
  if (known.phase === 'running' && now < until) return until;
  const reason = known.phase === 'running' ? 'its time is up' : 'it has ended';
  return { kind: 'end-hook', container, hook, reason };
}

/** The next post-start hook of a container that runs: readiness is not looked at before the last one has ended. */
export function postStartStep(
  container: ContainerSnapshot,
  { done }: HookHistory,
): ContainerStep | null {
  const [hook] = dueHooks(container, 'post-start', done);
  if (container.phase !== 'running' || hook === undefined) return null;
  return execStep(container, hook, 'it was started');
}

/** The pre-stop hooks of a container that is about to be stopped. One that never served has nothing to take leave of. */
export function preStopSteps(
  container: ContainerSnapshot,
  { done }: HookHistory,
): readonly ContainerStep[] {
  const runs = container.phase === 'running' || container.phase === 'paused';
  if (!runs || !container.served) return [];
  return dueHooks(container, 'pre-stop', done).map((hook) =>
    execStep(container, hook, 'it is about to be stopped'),
  );
}

/**
 * It was told in this run that it is about to be stopped: whatever it did about that, it does not serve like any other any
 * more, also when the reason to stop it is gone by now.
 */
export function isLeaving(container: ContainerSnapshot): boolean {
  return container.hooks.some(
    (hook) => hook.kind === 'pre-stop' && container.attempted.includes(hookKey(hook)),
  );
}

/**
 * Steps for the hook containers that nobody waits for: of a container that is gone or was started, or of a hook that is over.
 * `awaited`: the hook that is being run.
 */
export function strayHookSteps(
  { containers }: HookHistory,
  awaited: { readonly container: string; readonly hook: string } | null,
): readonly ContainerStep[] {
  const stray = containers.filter(
    (one) => one.phase !== 'removing' && !(awaited !== null && isOf(one, awaited)),
  );
  return stray.map(({ id: container, phase, stopGracePeriod: grace }) => {
    const reason = 'nobody waits for this hook';
    // Before it is cleared away it is looked at again: it may have succeeded by then.
    if (phase === 'running') return { kind: 'stop-container', container, grace, reason };
    return { kind: 'clear-hook', container, reason };
  });
}

function isOf(
  one: HookContainer,
  run: { readonly container: string; readonly hook: string },
): boolean {
  return one.container === run.container && one.hook === run.hook;
}

function execStep(container: ContainerSnapshot, hook: Hook, reason: string): ContainerStep {
  return { kind: 'exec-hook', container: container.id, hook, reason };
}
