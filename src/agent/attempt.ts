import type { AssignedInstance } from '../model/assignment.ts';
import type {
  ContainerSnapshot,
  ContainerStep,
  ContainerStepKind,
  ContainerStepOf,
} from '../model/container.ts';
import type { Attempt, AttemptPhase, Failure, ObservedContainer } from '../model/observed.ts';

/** What an instance is at, in the words of its report. */
export interface Activity {
  readonly phase: AttemptPhase;
  readonly message: string;
}

type HookStepKind = 'run-hook' | 'end-hook' | 'exec-hook';
type PlainStepKind = Exclude<ContainerStepKind, HookStepKind>;

const phaseOfStep: Readonly<Record<PlainStepKind, AttemptPhase | null>> = {
  'pull-image': 'pulling',
  'create-container': 'creating',
  'start-container': 'starting',
  'drain-container': 'stopping',
  'stop-container': 'stopping',
  'remove-container': 'stopping',
  'clear-hook': 'stopping',
  // It is ready: how it is called is nobody's concern but ours.
  'rename-container': null,
  'give-up-container': 'failed',
  'unpause-container': 'starting',
  // It serves all the while.
  'mend-container': null,
  'start-run': 'starting',
  'stop-run': 'starting',
  'end-run': null,
  'miss-run': null,
};

const verbOfStep: Readonly<Record<PlainStepKind, string>> = {
  'pull-image': 'pulling the image',
  'create-container': 'creating a container',
  'start-container': 'starting the container',
  'drain-container': 'waiting until nobody finds the container any more',
  'stop-container': 'stopping a container',
  'remove-container': 'removing a container',
  'clear-hook': 'removing the container of a hook',
  'rename-container': 'renaming the container',
  'give-up-container': 'giving up the container',
  'unpause-container': 'unpausing the container',
  'mend-container': 'changing the container back',
  'start-run': 'starting the run',
  'stop-run': 'stopping the run',
  'end-run': 'writing down how the run ended',
  'miss-run': 'writing down that the run was missed',
};

export function activityOf(step: ContainerStep): Activity | null {
  if ('hook' in step) return activityOfHook(step);
  const phase = phaseOfStep[step.kind];
  return phase === null ? null : { phase, message: `${verbOfStep[step.kind]}: ${step.reason}` };
}

function activityOfHook({ hook, reason }: ContainerStepOf<HookStepKind>): Activity {
  const phase = hook.kind === 'pre-stop' ? 'stopping' : 'starting';
  return { phase, message: `running the hook ${hook.name}: ${reason}` };
}

export interface AttemptInput {
  readonly wanted: AssignedInstance | null;
  readonly containers: readonly ContainerSnapshot[];
  readonly activity: Activity | null;
  readonly failure: Failure | null;
}

/**
 * The attempt as it is reported. `null` when there is nothing to do. A failure is shown from its first to the end of the
 * attempt that succeeds: `failed` then is the phase, whatever is being done about it.
 */
export function reportedAttempt(input: AttemptInput): Attempt | null {
  const { wanted, containers, activity, failure } = input;
  if (activity === null) return null;
  const specHash = wanted?.specHash ?? containers[0]?.specHash;
  if (specHash === undefined) return null;
  if (failure === null) return { specHash, ...activity, failure };
  const message = `${failure.message}; ${activity.message}`;
  return { specHash, phase: 'failed', message, failure };
}

/** The container that serves, or comes nearest to it. `null`: there is none that was ever started. */
export function servingContainer(input: {
  readonly wanted: AssignedInstance | null;
  readonly containers: readonly ContainerSnapshot[];
}): ObservedContainer | null {
  const specHash = input.wanted?.specHash ?? null;
  const rank = (one: ContainerSnapshot): number =>
    serves(one) * 2 + (one.specHash === specHash ? 1 : 0);
  const started = input.containers.filter((one) => serves(one) > 0);
  const [best] = started.toSorted((a, b) => rank(b) - rank(a));
  return best === undefined ? null : observedContainer(best);
}

function serves(one: ContainerSnapshot): number {
  if (one.phase === 'exited' || one.phase === 'paused') return one.served ? 1 : 0;
  if (one.phase !== 'running') return 0;
  if (one.readiness === 'ready') return 4;
  return one.served ? 3 : 2;
}

function observedContainer(one: ContainerSnapshot): ObservedContainer {
  return {
    id: one.id,
    specHash: one.specHash,
    revision: one.revision,
    running: one.phase === 'running',
    ready: one.phase === 'running' && one.readiness === 'ready',
    health: one.health,
    startedAt: one.startedAt,
    ...(one.phase === 'paused' ? { paused: true } : {}),
  };
}
