import type { ContainerStepOf } from '../model/container.ts';
import { shortDigest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import { type Hook, type HookKind, hookKey } from '../model/hook.ts';
import { containerName, instancePath } from '../model/identity.ts';
import { PRE_START_LIMIT } from '../planner/hook-steps.ts';
import type { ContainerFacts } from './containers.ts';
import { lastLines } from './last-lines.ts';
import { placedInstance } from './placed-instance.ts';
import type { Work } from './work.ts';

/** As long as the container may take to get ready, for which it is waited all the same. */
const POST_START_LIMIT = 300_000;
/** A node that is drained waits for it. Who says by `stop_grace_period` that stopping takes longer gets longer here, too. */
const PRE_STOP_LIMIT = 60_000;

/** Makes and starts the container of a pre-start hook; one that is there already is taken as it is. */
export async function runHook(step: ContainerStepOf<'run-hook'>, work: Work): Promise<void> {
  try {
    const id = hookContainer(step, work)?.id ?? (await createHook(step, work));
    if (id !== null) await work.containers.start(id);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { message, retry } = refusal(step.hook, error);
    throw new GridError({ code: 'hook-failed', message, retry, cause: error });
  }
}

/**
 * Keeps what became of a pre-start hook. Its container is the proof of that until it is written down; an agent that is killed
 * in between finds it, and the hook is not run twice. When it failed, so has the attempt.
 */
export async function endHook(step: ContainerStepOf<'end-hook'>, work: Work): Promise<void> {
  const { hook, container } = step;
  const run = hookContainer(step, work);
  if (run === null) return;
  const { exitCode } = run;
  if (exitCode === 0) await note({ hook, container, startedAt: null, isDone: hook.oneshot }, work);
  else {
    const log = await lastLines(work.containers, run.id);
    const message = failureOf(hook, exitCode, PRE_START_LIMIT);
    const failure = { code: 'hook-failed', message, exitCode, log } as const;
    work.memory.failed(failure, container, work.clock.now());
  }
  await work.containers.remove(run.id);
}

/** Whatever is wanted by now: a oneshot hook that has succeeded must not run again. */
export async function clearHook(
  { container }: ContainerStepOf<'clear-hook'>,
  { hookFacts, hooks, containers }: Work,
): Promise<void> {
  const facts = hookFacts.find((one) => one.id === container);
  const run = facts?.hookRun;
  if (facts?.exitCode === 0 && run?.oneshot === true)
    await hooks.complete(instancePath(facts), run.hook);
  await containers.remove(container);
}

function hookContainer(
  { hook, container }: ContainerStepOf<'run-hook' | 'end-hook'>,
  { hookFacts }: Work,
): ContainerFacts | null {
  const key = hookKey(hook);
  const isIts = ({ hookRun }: ContainerFacts): boolean =>
    hookRun?.hook === key && hookRun.container === container;
  return hookFacts.find(isIts) ?? null;
}

async function createHook(step: ContainerStepOf<'run-hook'>, work: Work): Promise<string | null> {
  const { scope, instance, containers } = work;
  if (instance === null) throw new Error('a hook of no instance');
  const of = { hook: hookKey(step.hook), container: step.container };
  // Two nodes on one engine may run the same instance for a moment; no two containers have one id.
  const name = `${containerName(instance)}.hook-${shortDigest(of)}`;
  const run = { ...of, oneshot: step.hook.oneshot };
  const placed = await placedInstance(instance, work);
  if (placed === null) return null;
  return await containers.createHook(scope, placed, { name, hook: step.hook, run });
}

/** Runs a hook inside of its container. When it fails, somebody is told, and things take their course. */
export async function execHook(step: ContainerStepOf<'exec-hook'>, work: Work): Promise<void> {
  const { hook, container } = step;
  const facts = work.facts.find((one) => one.id === container);
  if (facts === undefined) return;
  const fault = await attempt(hook, facts, work);
  const isDone = hook.oneshot && fault === null;
  await note({ hook, container, startedAt: facts.startedAt, isDone }, work);
  if (fault !== null) work.onHookFailed(fault);
}

/** Why it failed, or `null`. One that was begun before, by an agent that is gone or for an earlier wish, is not begun again. */
async function attempt(
  hook: Hook,
  facts: ContainerFacts,
  { containers, hooks, signal }: Work,
): Promise<string | null> {
  const of = { instance: instancePath(facts), run: facts, hook: hookKey(hook) };
  const begun = hooks.begun(of.run, of.hook);
  try {
    const exec = begun ?? (await containers.createExec(facts.id, hook));
    await hooks.begin({ ...of, exec });
    const limit = limitOf(hook.kind, facts);
    const { exitCode, log } = await containers.exec(exec, limit, signal);
    return exitCode === 0 ? null : [failureOf(hook, exitCode, limit), ...log].join('\n');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (begun !== null && error.code === 'not-found')
      return `${title(hook)} has ended, and the engine does not know how any more`;
    return refusal(hook, error).message;
  }
}

/** Without an engine nothing goes on, and it is run when there is one again. */
function isRefusal(error: unknown): error is GridError {
  return error instanceof GridError && error.code !== 'engine-unreachable';
}

function refusal(hook: Hook, { message, retry }: GridError) {
  return { message: `${title(hook)} could not be run: ${message}`, retry };
}

async function note(
  of: {
    readonly hook: Hook;
    readonly container: string;
    readonly startedAt: number | null;
    readonly isDone: boolean;
  },
  { hooks, instance, facts, clock }: Work,
): Promise<void> {
  const { container: id, startedAt, isDone } = of;
  const owner = instance ?? facts[0];
  if (owner === undefined) return;
  await hooks.note({
    instance: instancePath(owner),
    run: { id, startedAt },
    hook: hookKey(of.hook),
    isDone,
    now: clock.now(),
  });
}

function limitOf(kind: HookKind, { stopGracePeriod }: ContainerFacts): number {
  if (kind === 'post-start') return POST_START_LIMIT;
  return Math.max(PRE_STOP_LIMIT, stopGracePeriod * 1_000);
}

function failureOf(hook: Hook, exitCode: number | null, limit: number): string {
  if (exitCode === null) return `${title(hook)} did not end within ${limit / 1_000} s`;
  return `${title(hook)} exited with code ${exitCode}`;
}

/** In the words of the stack file. */
function title({ kind, name }: Hook): string {
  return `the ${kind.replace('-', '_')} hook ${name}`;
}
