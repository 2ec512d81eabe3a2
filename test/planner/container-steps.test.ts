import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import type {
  ContainerSnapshot,
  ContainerStep,
  ContainerStepOf,
  HookContainer,
} from '../../src/model/container.ts';
import type { Deviation } from '../../src/model/drift.ts';
import { type Hook, hookKey } from '../../src/model/hook.ts';
import { containerName } from '../../src/model/identity.ts';
import {
  type AttemptHistory,
  attemptDelay,
  freshHistory,
} from '../../src/planner/attempt-history.ts';
import { nextContainerSteps } from '../../src/planner/container-steps.ts';
import type { HookHistory } from '../../src/planner/hook-steps.ts';
import { isLeaving } from '../../src/planner/hook-steps.ts';
import {
  type Interference,
  interfere,
  isStalled,
  repairPause,
} from '../../src/planner/interference.ts';
import { aHook, aSpec, NOW } from '../support/builders.ts';
import {
  aContainer,
  another,
  type Case,
  created,
  exited,
  NAME,
  NEW,
  noHooks,
  OLD,
  oldOne,
  paused,
  situationOf,
  starting,
  told,
  wanting,
} from './a-container.ts';

const limit = { what: 'mem_limit', wanted: '64 MiB', found: '1024 MiB' };
const deviations: readonly Deviation[] = [{ ...limit, cure: 'update' }];
const fixed: readonly Deviation[] = [{ ...limit, wanted: 'none', cure: 'replace' }];
const cutOff: Deviation = { what: 'network', wanted: 'its own', found: 'none', cure: 'connect' };

/** For the last time just now. */
function often(count: number, how: string = 'changed'): Interference {
  const lost = how === 'removed' || how === 'stopped' ? { container: 'new', how } : null;
  return { count, since: NOW - 60_000, at: NOW, differences: [], lost } as Interference;
}

const MIGRATE = 'pre-start/migrate';
const SEED = 'pre-start/seed';

function migrating(overrides: Partial<Hook> = {}): AssignedInstance {
  const hooks = ['migrate', 'seed'].map((name) => aHook('pre-start', name, overrides));
  return wanting({ spec: aSpec({ hooks }) });
}

/** Runs `migrate` for the container `new`. */
function aHookContainer(overrides: Partial<HookContainer> = {}): HookContainer {
  const run = { hook: MIGRATE, container: 'new' };
  return {
    id: 'hook',
    phase: 'running',
    startedAt: NOW,
    stopGracePeriod: 10,
    ...run,
    ...overrides,
  };
}

const drained = (overrides: Partial<ContainerSnapshot> = {}): ContainerSnapshot =>
  oldOne({ hooks: [aHook('pre-stop', 'drain')], ...overrides });

function decide(of: Case) {
  return nextContainerSteps(situationOf(of));
}

type Row = [name: string, situation: Case, expected: string | string[]];

const table: readonly Row[] = [
  ['makes the first container under the instance’s own name', {}, ['pull web:2', `create ${NAME}`]],
  ['leaves a healthy match alone', { containers: [aContainer()] }, 'settled'],
  ['starts what was created', { containers: [aContainer(created)] }, ['start new']],
  ['waits for what was started', { containers: [aContainer(starting)] }, 'wait'],
  [
    'makes a new spec’s container beside the old one',
    { containers: [oldOne()] },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  [
    'starts the new one beside the old one',
    { containers: [oldOne(), aContainer({ ...starting, ...created })] },
    ['start new'],
  ],
  [
    'keeps the old one until the new one is ready',
    { containers: [oldOne(), aContainer(starting)] },
    'wait',
  ],
  [
    'takes the old one away when the new one is ready',
    { containers: [oldOne(), aContainer({ name: starting.name })] },
    ['drain old', 'stop old in 10 s', 'remove old'],
  ],
  [
    'gives the new one the instance’s name at last',
    { containers: [aContainer({ name: starting.name })] },
    ['rename new'],
  ],
  [
    'does not insist on a name that is taken',
    {
      containers: [aContainer({ name: starting.name })],
      history: { renameRefusedAt: NOW - 10_000 },
    },
    'settled 20 s',
  ],
  [
    'gives up a new one that exits before it was ready',
    { containers: [oldOne(), aContainer({ ...starting, ...exited })] },
    ['give-up new'],
  ],
  [
    'gives up a new one that is not ready in time',
    { containers: [oldOne(), aContainer({ ...starting, readiness: 'expired' })] },
    ['give-up new'],
  ],
  [
    'removes what was given up, quickly',
    { containers: [oldOne(), aContainer(starting)], history: { givenUp: ['new'] } },
    ['stop new in 1 s', 'remove new'],
  ],
  [
    'waits longer after each failed attempt',
    { containers: [oldOne()], history: { failures: 3, failedAt: NOW } },
    'wait 4 s',
  ],
  [
    'tries again when the wait is over',
    { containers: [oldOne()], history: { failures: 3, failedAt: NOW - 4_000 } },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  [
    'starts an old one that crashed while the new spec fails',
    { containers: [oldOne(exited)], history: { failures: 8, failedAt: NOW } },
    ['start old'],
  ],
  [
    'starts an old one that crashed while the new one is not ready yet',
    { containers: [oldOne(exited), aContainer(starting)] },
    ['start old'],
  ],
  [
    'drops what an older attempt left behind',
    {
      containers: [oldOne(), aContainer({ ...starting, id: 'left', specHash: '3333333333333333' })],
    },
    ['stop left in 1 s', 'remove left'],
  ],
  [
    'returns to the old spec by taking the new one away',
    {
      wanted: wanting({ specHash: OLD }),
      containers: [oldOne(), aContainer(starting)],
    },
    ['stop new in 1 s', 'remove new'],
  ],
  ['starts again at once what crashed', { containers: [aContainer(exited)] }, ['start new']],
  [
    'waits the square of the restarts in a row',
    {
      containers: [aContainer({ ...exited, startedAt: NOW - 2_000 })],
      history: { restart: { container: 'new', count: 3, at: NOW - 2_000 } },
    },
    'wait 9 s',
  ],
  [
    'does not wait for a clock that was ahead when it exited',
    { containers: [aContainer({ ...exited, finishedAt: NOW + 3_600_000 })] },
    ['start new'],
  ],
  [
    'waits at most 30 s to restart',
    {
      containers: [aContainer({ ...exited, startedAt: NOW - 2_000 })],
      history: { restart: { container: 'new', count: 30, at: NOW - 2_000 } },
    },
    'wait 30 s',
  ],
  [
    'forgets the restarts after a run of 10 s',
    {
      containers: [aContainer({ ...exited, startedAt: NOW - 10_000 })],
      history: { restart: { container: 'new', count: 3, at: NOW - 10_000 } },
    },
    ['start new'],
  ],
  [
    'counts a restart that the engine refused',
    {
      containers: [aContainer({ ...exited, startedAt: NOW - 90_000, finishedAt: NOW - 60_000 })],
      history: { restart: { container: 'new', count: 2, at: NOW } },
    },
    'wait 4 s',
  ],
  [
    'restarts what failed three checks in a row',
    { containers: [aContainer({ health: 'unhealthy', failedChecks: 3 })] },
    ['drain new', 'stop new in 10 s'],
  ],
  [
    'does not restart for two failed checks',
    { containers: [aContainer({ health: 'unhealthy', failedChecks: 2 })] },
    'settled',
  ],
  [
    'restarts what did not become ready again after a crash',
    { containers: [aContainer({ readiness: 'expired' })] },
    ['drain new', 'stop new in 10 s'],
  ],
  [
    'with stop-first, makes the new container before it stops the old one',
    { wanted: wanting({ mode: 'stop-first' }), containers: [oldOne()] },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  [
    'with stop-first, stops the old one before it starts the new one',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne(), aContainer({ ...starting, ...created })],
    },
    ['drain old', 'stop old in 10 s', 'start new'],
  ],
  [
    'with stop-first, keeps the stopped old one until the new one is ready',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne(exited), aContainer(starting)],
    },
    'wait',
  ],
  [
    'with stop-first, lets go of what never served rather than of what was stopped for it',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne(exited), another({ ...starting, specHash: 'x' })],
    },
    ['stop another in 1 s', 'remove another'],
  ],
  [
    'with stop-first, starts the old one again after the new one failed',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne(exited)],
      history: { failures: 1, failedAt: NOW },
    },
    ['start old'],
  ],
  [
    'with stop-first, interrupts the old one once a minute at most',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne()],
      history: { failures: 1, failedAt: NOW },
    },
    'wait 60 s',
  ],
  [
    'with stop-first, stops the new one before it goes back to the old one',
    {
      wanted: wanting({ mode: 'stop-first', specHash: OLD }),
      containers: [oldOne(exited), aContainer(starting)],
    },
    ['stop new in 1 s', 'start old'],
  ],
  [
    'gives a stateful one its full time even when it was never ready',
    {
      wanted: wanting({ mode: 'stop-first', stateful: true }),
      containers: [aContainer(starting)],
      history: { givenUp: ['new'] },
    },
    ['stop new in 10 s', 'remove new'],
  ],
  [
    'takes away what is not assigned',
    { wanted: null, containers: [oldOne(), aContainer(exited)] },
    ['drain old', 'stop old in 10 s', 'remove old', 'remove new'],
  ],
  ['unpauses what somebody has paused', { containers: [aContainer(paused)] }, ['unpause new']],
  [
    'unpauses what never served yet',
    { containers: [oldOne(), aContainer({ ...starting, ...paused, served: false })] },
    ['unpause new'],
  ],
  [
    'unpauses an old one while the new spec fails',
    { containers: [oldOne(paused)], history: { failures: 8, failedAt: NOW } },
    ['unpause old'],
  ],
  ['unpauses what is kept', { wanted: 'kept', containers: [oldOne(paused)] }, ['unpause old']],
  [
    'lets a paused one run on before it stops it, so that it can end what it is at',
    { wanted: null, containers: [oldOne(paused)] },
    ['drain old', 'unpause old', 'stop old in 10 s', 'remove old'],
  ],
  [
    'with stop-first, stops a paused one too before it starts the new one',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [oldOne(paused), aContainer({ ...starting, ...created })],
    },
    ['drain old', 'unpause old', 'stop old in 10 s', 'start new'],
  ],
  ['sets back what was changed', { containers: [aContainer({ deviations })] }, ['mend new']],
  [
    'sets back what was changed before it waits until it is ready',
    { containers: [aContainer({ ...starting, deviations: [cutOff] })] },
    ['mend new'],
  ],
  [
    'makes another one beside what cannot be set back, also where it was first made with stop-first',
    { wanted: wanting({ mode: 'stop-first' }), containers: [aContainer({ deviations: fixed })] },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  [
    'starts it beside the one that it replaces',
    {
      wanted: wanting({ mode: 'stop-first' }),
      containers: [aContainer({ deviations: fixed }), another({ ...starting, ...created })],
    },
    ['start another'],
  ],
  [
    'takes the one that cannot be set back away when the other one is ready',
    { containers: [aContainer({ deviations: fixed }), another()] },
    ['drain new', 'stop new in 10 s', 'remove new'],
  ],
  [
    'stops what cannot be set back first, where the two would share data',
    {
      wanted: wanting({ stateful: true }),
      containers: [aContainer({ deviations: fixed }), another({ ...starting, ...created })],
    },
    ['drain new', 'stop new in 10 s', 'start another'],
  ],
  [
    'replaces what the engine refuses to set back',
    { containers: [aContainer({ deviations })], history: { mendRefused: 'new' } },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  [
    'does not restart what is cut off and therefore does not answer',
    {
      containers: [aContainer({ failedChecks: 3, deviations: [cutOff] })],
      history: { interference: often(3) },
    },
    'wait 2 s',
  ],
  [
    'leaves what is cut off where that is only told',
    {
      wanted: wanting({ drift: 'report' }),
      containers: [aContainer({ readiness: 'expired', failedChecks: 3, deviations: [cutOff] })],
    },
    'settled',
  ],
  ...(['removed', 'stopped', 'paused'] as const).flatMap((how): Row[] => {
    const undo = { removed: ['pull web:2', `create ${NAME}`], stopped: ['start new'] };
    const steps = how === 'paused' ? ['unpause new'] : undo[how];
    const containers = { removed: [], stopped: [aContainer(exited)], paused: [aContainer(paused)] };
    const by = (count: number, more = {}) => ({
      containers: containers[how],
      history: { interference: often(count, how), ...more },
    });
    return [
      [`puts right at once what was ${how} for the second time`, by(2), steps],
      [`waits 2 s when it was ${how} for the third time`, by(3), 'wait 2 s'],
      [`waits 5 min when it was ${how} for the hundredth time`, by(100), 'wait 300 s'],
      [`puts right what was ${how} when its time has come`, { ...by(3), now: NOW + 2_000 }, steps],
      [
        `leaves what was ${how} where that is only told`,
        { ...by(1), wanted: wanting({ drift: 'report' }) },
        'settled',
      ],
      [
        `puts right what was ${how}, and is only told, when a person asks for it`,
        { ...by(1, { mending: true }), wanted: wanting({ drift: 'report' }) },
        steps,
      ],
    ];
  }),
  [
    'waits with what was changed for the third time, and lets it serve',
    { containers: [aContainer({ deviations })], history: { interference: often(3) } },
    'settled 2 s',
  ],
  [
    'waits with a replacement for what was changed for the third time',
    { containers: [aContainer({ deviations: fixed })], history: { interference: often(3) } },
    'settled 2 s',
  ],
  [
    'leaves what was changed where that is only told',
    {
      wanted: wanting({ drift: 'report' }),
      containers: [aContainer({ deviations: [...fixed, cutOff] })],
    },
    'settled',
  ],
  ['takes its name back', { containers: [aContainer({ name: 'mine' })] }, ['rename new']],
  [
    'waits with a name that was taken for the third time',
    { containers: [aContainer({ name: 'mine' })], history: { interference: often(3) } },
    'settled 2 s',
  ],
  [
    'leaves a name where that is only told',
    { wanted: wanting({ drift: 'report' }), containers: [aContainer({ name: 'mine' })] },
    'settled',
  ],
  [
    'gives its last name to one that it made itself, also where drift is only told',
    { wanted: wanting({ drift: 'report' }), containers: [aContainer({ name: starting.name })] },
    ['rename new'],
  ],
  [
    'starts again what crashed by itself, also where drift is only told',
    { wanted: wanting({ drift: 'report' }), containers: [aContainer(exited)] },
    ['start new'],
  ],
  [
    'starts again at once what crashed by itself after somebody else was at it',
    { containers: [aContainer(exited)], history: { interference: { ...often(9), lost: null } } },
    ['start new'],
  ],
  [
    'applies a new spec to what somebody has stopped, also where drift is only told',
    { wanted: wanting({ drift: 'report' }), containers: [oldOne(exited)] },
    ['pull web:2', `create ${NAME}.${NEW}`],
  ],
  ['has nothing to take away', { wanted: null }, 'settled'],
  [
    'waits for a removal that is under way',
    { wanted: null, containers: [aContainer({ phase: 'removing' })] },
    'wait 5 s',
  ],
  [
    'neither makes nor removes what is kept',
    { wanted: 'kept', containers: [oldOne(), aContainer(starting)] },
    'settled',
  ],
  ['starts again what is kept', { wanted: 'kept', containers: [oldOne(exited)] }, ['start old']],
  ['needs no container of what is kept', { wanted: 'kept' }, 'settled'],
  [
    'runs the first pre-start hook before it starts what was created',
    { wanted: migrating(), containers: [aContainer(created)] },
    ['run-hook migrate'],
  ],
  [
    'waits for a pre-start hook that runs, ten minutes at most',
    {
      wanted: migrating(),
      containers: [aContainer(created)],
      hooks: { containers: [aHookContainer({ startedAt: NOW - 60_000 })] },
    },
    'wait 540 s',
  ],
  [
    'starts a hook’s container that was only created',
    {
      wanted: migrating(),
      containers: [aContainer(created)],
      hooks: { containers: [aHookContainer({ phase: 'created', startedAt: null })] },
    },
    ['run-hook migrate'],
  ],
  [
    'looks at how a pre-start hook ended',
    {
      wanted: migrating(),
      containers: [aContainer(created)],
      hooks: { containers: [aHookContainer({ phase: 'exited' })] },
    },
    ['end-hook migrate'],
  ],
  [
    'ends a pre-start hook whose time is up',
    {
      wanted: migrating(),
      containers: [aContainer(created)],
      hooks: { containers: [aHookContainer({ startedAt: NOW - 600_000 })] },
    },
    ['end-hook migrate'],
  ],
  [
    'runs the next pre-start hook after the first has succeeded',
    { wanted: migrating(), containers: [aContainer({ ...created, attempted: [MIGRATE] })] },
    ['run-hook seed'],
  ],
  [
    'starts what was created after its last pre-start hook',
    { wanted: migrating(), containers: [aContainer({ ...created, attempted: [MIGRATE, SEED] })] },
    ['start new'],
  ],
  [
    'does not run a oneshot hook again in another container',
    {
      wanted: migrating({ oneshot: true }),
      containers: [aContainer(created)],
      hooks: { done: [MIGRATE, SEED] },
    },
    ['start new'],
  ],
  [
    'runs a hook again that is no oneshot any more',
    { wanted: migrating(), containers: [aContainer(created)], hooks: { done: [MIGRATE] } },
    ['run-hook migrate'],
  ],
  [
    'runs no hook that is for other instances',
    { wanted: migrating({ instances: [2, 3] }), containers: [aContainer(created)] },
    ['start new'],
  ],
  [
    'lets the old one serve while a pre-start hook runs',
    {
      wanted: migrating(),
      containers: [oldOne(), aContainer({ ...starting, ...created })],
      hooks: { containers: [aHookContainer()] },
    },
    'wait 600 s',
  ],
  [
    'starts an old one that crashed while a pre-start hook runs',
    {
      wanted: migrating(),
      containers: [oldOne(exited), aContainer({ ...starting, ...created })],
      hooks: { containers: [aHookContainer()] },
    },
    ['start old'],
  ],
  [
    'with stop-first, stops the old one before the pre-start hooks, because both use the same data',
    {
      wanted: { ...migrating(), mode: 'stop-first' },
      containers: [oldOne(), aContainer({ ...starting, ...created })],
    },
    ['drain old', 'stop old in 10 s', 'run-hook migrate'],
  ],
  [
    'with stop-first, does not start the old one while a pre-start hook runs',
    {
      wanted: { ...migrating(), mode: 'stop-first' },
      containers: [oldOne(exited), aContainer({ ...starting, ...created })],
      hooks: { containers: [aHookContainer()] },
    },
    'wait 600 s',
  ],
  [
    'makes no container before there is one that it can take volumes from, and keeps the old one serving',
    { containers: [oldOne()], lacking: 'shop.store-1' },
    'wait',
  ],
  [
    'starts an old one that crashed while it waits for volumes',
    { containers: [oldOne(exited)], lacking: 'shop.store-1' },
    ['start old'],
  ],
  [
    'goes on with a container that was given its volumes',
    { containers: [aContainer(created)], lacking: 'shop.store-1' },
    ['start new'],
  ],
  [
    'runs no pre-start hook before there is one that it can take volumes from',
    {
      wanted: { ...migrating(), mode: 'stop-first' },
      containers: [oldOne(), aContainer({ ...starting, ...created })],
      lacking: 'shop.store-1',
    },
    'wait',
  ],
  [
    'takes away a hook’s container that nobody waits for',
    { wanted: migrating(), hooks: { containers: [aHookContainer({ container: 'gone' })] } },
    ['stop hook in 10 s'],
  ],
  [
    'takes away a hook’s container whose success is written down',
    {
      wanted: migrating(),
      containers: [aContainer({ ...created, attempted: [MIGRATE] })],
      hooks: { containers: [aHookContainer({ phase: 'exited' })] },
    },
    ['clear-hook hook'],
  ],
  [
    'takes away a hook’s container of an instance that is not assigned',
    { wanted: null, hooks: { containers: [aHookContainer({ phase: 'created' })] } },
    ['clear-hook hook'],
  ],
  [
    'runs post-start hooks before it looks whether the container is ready',
    { containers: [oldOne(), aContainer({ ...starting, hooks: [aHook('post-start', 'warm')] })] },
    ['exec-hook warm'],
  ],
  [
    'goes on after a post-start hook, whatever came of it',
    {
      containers: [
        aContainer({ hooks: [aHook('post-start', 'warm')], attempted: ['post-start/warm'] }),
      ],
    },
    'settled',
  ],
  [
    'gives up a new one that exits during its post-start hook',
    {
      containers: [aContainer({ ...starting, ...exited, hooks: [aHook('post-start', 'warm')] })],
    },
    ['give-up new'],
  ],
  [
    'runs the post-start hooks of an old one that was started again',
    {
      wanted: 'kept',
      containers: [oldOne({ hooks: [aHook('post-start', 'warm')] })],
    },
    ['exec-hook warm'],
  ],
  [
    'runs the pre-stop hooks that the old one was made with before it stops it',
    { containers: [drained(), aContainer({ name: starting.name })] },
    ['drain old', 'exec-hook drain', 'stop old in 10 s', 'remove old'],
  ],
  [
    'does not run a pre-stop hook twice before one stop',
    {
      containers: [drained({ attempted: ['pre-stop/drain'] }), aContainer({ name: starting.name })],
    },
    ['drain old', 'stop old in 10 s', 'remove old'],
  ],
  [
    'runs pre-stop hooks before it takes away what is not assigned',
    { wanted: null, containers: [drained()] },
    ['drain old', 'exec-hook drain', 'stop old in 10 s', 'remove old'],
  ],
  [
    'runs no pre-stop hook where nothing ever served',
    { wanted: null, containers: [drained({ ...starting })] },
    ['stop old in 10 s', 'remove old'],
  ],
  [
    'starts anew what was told that it is stopped when it is wanted after all',
    {
      wanted: wanting({ specHash: OLD }),
      containers: [drained({ attempted: ['pre-stop/drain'] })],
    },
    ['drain old', 'stop old in 10 s'],
  ],
];

describe('the next steps of a container', () => {
  it.each(table)('%s', (_, situation, expected) => {
    expect(told(decide(situation))).toEqual(expected);
  });

  it('doubles the pause before what others undo from 2 s to 5 min', () => {
    const pauses = [1, 2, 3, 4, 5, 9, 10, 11, 1_000].map((count) => repairPause(count) / 1_000);
    expect(pauses).toEqual([0, 0, 2, 4, 8, 128, 256, 300, 300]);
  });

  it('calls it stalled from the fifth time in a row on, and counts anew after two minutes of peace', () => {
    const again = (before: Interference | null, now: number) =>
      interfere(before, { differences: [], lost: null }, now);
    let row: Interference | null = null;
    for (let time = 0; time < 5; time += 1) row = again(row, NOW + time * 60_000);

    expect(row).toMatchObject({ count: 5, since: NOW, at: NOW + 240_000 });
    expect(isStalled(row)).toBe(true);
    // 8 s until it is put right, then 2 min.
    expect(again(row, NOW + 240_000 + 127_999).count).toBe(6);
    expect(again(row, NOW + 240_000 + 128_000)).toMatchObject({ count: 1, since: NOW + 368_000 });
  });

  it('doubles the delay of failed attempts from 1 s to 5 min', () => {
    expect([1, 2, 3, 9, 10, 99].map((failures) => attemptDelay(failures) / 1_000)).toEqual([
      1, 2, 4, 256, 300, 300,
    ]);
  });
});

/** A world in which steps do what they say. `broken`: containers of the wanted spec exit before they are ready. */
class World {
  containers: ContainerSnapshot[];
  history: AttemptHistory = freshHistory;
  hooks: HookHistory;
  now = NOW;
  readonly lacking = null;
  created = 0;
  readonly most: number;
  readonly wanted: AssignedInstance | null;
  readonly broken: boolean;
  /** Pre-start hooks that ended, and those that were run inside of containers, by key. */
  readonly ran: string[] = [];
  readonly drained = new Set<string>();

  constructor(
    wanted: AssignedInstance | null,
    containers: readonly ContainerSnapshot[],
    broken = false,
    hooks: HookHistory = noHooks,
  ) {
    this.hooks = hooks;
    this.wanted = wanted;
    this.broken = broken;
    this.containers = [...containers];
    this.most = Math.max(2, containers.length);
  }

  /** Ends when it is settled; throws when that never happens. */
  settle(rounds = 60): void {
    for (let round = 0; round < rounds; round += 1) {
      const decision = nextContainerSteps(this);
      if (decision.kind === 'settled' && decision.until === null) return;
      if (decision.kind === 'steps') for (const step of decision.steps) this.apply(step);
      else this.pass(decision.until);
    }
    throw new Error('never settled');
  }

  /** What happens by itself: time, readiness, exits. */
  pass(until: number | null): void {
    this.now = Math.max(this.now + 1_000, until ?? 0);
    this.setHooks((one) => (one.phase === 'running' ? { ...one, phase: 'exited' as const } : one));
    this.containers = this.containers
      .filter((one) => one.phase !== 'removing')
      .map((one) =>
        one.phase === 'running' && one.readiness === 'pending' ? this.turn(one) : one,
      );
  }

  turn(one: ContainerSnapshot): ContainerSnapshot {
    if (this.broken && one.specHash === this.wanted?.specHash)
      return { ...one, phase: 'exited', exitCode: 1, finishedAt: this.now };
    return { ...one, readiness: 'ready', served: true };
  }

  apply(step: ContainerStep): void {
    this.check(step);
    if (step.kind === 'pull-image') return;
    if (step.kind === 'create-container') {
      expect(this.containers.map((one) => one.name)).not.toContain(step.name);
      this.created += 1;
      const hooks = (this.wanted?.spec.hooks ?? []).filter((hook) => hook.kind !== 'pre-start');
      const fresh = { ...created, id: `made-${this.created}`, name: step.name, hooks };
      this.containers.push(aContainer({ ...fresh, specHash: this.wanted?.specHash ?? '' }));
      expect(this.containers.length).toBeLessThanOrEqual(this.most);
      return;
    }
    if (this.hooks.containers.some((hook) => hook.id === step.container)) {
      this.applyToHook(step);
      return;
    }
    const one = this.containers.find((container) => container.id === step.container);
    if (one === undefined) throw new Error(`${step.kind} of ${step.container}, which is not there`);
    if (step.kind === 'remove-container')
      this.containers = this.containers.filter((container) => container !== one);
    else if (step.kind === 'give-up-container') this.giveUp(one);
    else if (step.kind === 'mend-container') this.replace(one, { ...one, deviations: [] });
    else if (step.kind === 'unpause-container') {
      expect(one.phase).toBe('paused');
      this.replace(one, { ...one, phase: 'running', readiness: 'pending' });
    } else if ('hook' in step) this.applyHook(one, step);
    else if (step.kind === 'drain-container') this.drained.add(one.id);
    else this.replace(one, this.changed(one, step));
  }

  /** Only stray ones are stopped and removed. */
  applyToHook(step: ContainerStep): void {
    if (step.kind === 'stop-container')
      this.setHooks((one) => (one.id === step.container ? { ...one, phase: 'exited' } : one));
    else {
      expect(step.kind).toBe('clear-hook');
      this.setHooks((one) => ('container' in step && one.id === step.container ? null : one));
    }
  }

  applyHook(
    one: ContainerSnapshot,
    step: ContainerStepOf<'run-hook' | 'end-hook' | 'exec-hook'>,
  ): void {
    const hook = hookKey(step.hook);
    if (step.kind === 'run-hook') this.runHook(one, hook);
    else {
      expect(one.phase).toBe(step.kind === 'end-hook' ? 'created' : 'running');
      this.ran.push(hook);
      if (step.kind === 'end-hook') this.setHooks((other) => (other.hook === hook ? null : other));
      this.replace(one, { ...one, attempted: [...one.attempted, hook] });
    }
  }

  runHook(one: ContainerSnapshot, hook: string): void {
    const running = aHookContainer({ id: `hook-${hook}`, hook, container: one.id });
    const containers = this.hooks.containers.filter((other) => other.hook !== hook);
    this.hooks = { ...this.hooks, containers: [...containers, running] };
  }

  setHooks(change: (one: HookContainer) => HookContainer | null): void {
    const containers = this.hooks.containers
      .filter((one) => one.phase !== 'removing')
      .map(change)
      .filter((one) => one !== null);
    this.hooks = { ...this.hooks, containers };
  }

  changed(one: ContainerSnapshot, step: ContainerStep): ContainerSnapshot {
    if (step.kind === 'rename-container') return { ...one, name: step.name };
    if (step.kind === 'stop-container') {
      // Whoever was found by others is not stopped before nobody finds it any more.
      expect(this.drained.delete(one.id)).toBe(one.served);
      return { ...one, phase: 'exited', readiness: 'pending', finishedAt: this.now, exitCode: 0 };
    }
    expect(one.phase).not.toBe('running');
    const run = { startedAt: this.now, failedChecks: 0, attempted: [] };
    return { ...one, phase: 'running', readiness: 'pending', ...run };
  }

  /** Somebody does something to the container that serves; what follows from it is counted as an agent counts it. */
  suffer(deed: string): void {
    const one = this.containers.find(({ phase }) => phase === 'running');
    if (one === undefined) throw new Error('nothing runs');
    const lost =
      deed === 'remove'
        ? ({ container: one.id, how: 'removed' } as const)
        : deed === 'stop'
          ? ({ container: one.id, how: 'stopped' } as const)
          : null;
    const changes: Readonly<Record<string, Partial<ContainerSnapshot>>> = {
      stop: { phase: 'exited', readiness: 'pending', finishedAt: this.now, exitCode: 137 },
      pause: { phase: 'paused', readiness: 'pending' },
      limit: { deviations: fixed },
      cut: { deviations: [cutOff] },
      rename: { name: 'mine' },
    };
    if (deed === 'remove') this.containers = this.containers.filter((other) => other !== one);
    else this.replace(one, { ...one, ...changes[deed] });
    const interference = interfere(this.history.interference, { differences: [], lost }, this.now);
    this.history = { ...this.history, interference };
  }

  replace(one: ContainerSnapshot, by: ContainerSnapshot): void {
    this.containers = this.containers.map((container) => (container === one ? by : container));
  }

  giveUp(one: ContainerSnapshot): void {
    const { givenUp, failures } = this.history;
    this.history = {
      ...this.history,
      failures: failures + 1,
      failedAt: this.now,
      givenUp: [...givenUp, one.id],
    };
  }

  /** The promise of start-first: who serves is not stopped before a container of the wanted spec is ready. */
  check(step: ContainerStep): void {
    if (step.kind !== 'stop-container' || this.wanted?.mode !== 'start-first') return;
    const stopped = this.containers.find((one) => one.id === step.container);
    const serves = (one: ContainerSnapshot): boolean =>
      one.phase === 'running' &&
      one.readiness === 'ready' &&
      one.failedChecks < 3 &&
      !isLeaving(one);
    if (stopped === undefined || !serves(stopped)) return;
    // What has to be replaced because somebody else changed it goes by what the two would share.
    const isChanged = (stopped.deviations ?? []).some(({ cure }) => cure === 'replace');
    if (isChanged && this.wanted.stateful) return;
    const others = this.containers.filter((one) => one !== stopped && serves(one));
    expect(others.length, `${stopped.id} was the last that served`).toBeGreaterThan(0);
  }
}

const anyContainer = fc
  .record({
    specHash: fc.constantFrom(OLD, NEW, '3333333333333333'),
    phase: fc.constantFrom(
      'created' as const,
      'running' as const,
      'paused' as const,
      'exited' as const,
      'removing' as const,
    ),
    readiness: fc.constantFrom('pending' as const, 'ready' as const, 'expired' as const),
    served: fc.boolean(),
    watched: fc.boolean(),
    failedChecks: fc.integer({ min: 0, max: 4 }),
    attempted: fc.subarray([MIGRATE, SEED, 'post-start/warm', 'pre-stop/drain']),
    hooks: fc.subarray([aHook('post-start', 'warm'), aHook('pre-stop', 'drain')]),
    deviations: fc.subarray([...deviations, ...fixed, cutOff]),
  })
  .map((some) => ({
    ...some,
    // Docker and the agent never say otherwise.
    readiness: some.phase === 'running' ? some.readiness : ('pending' as const),
    served: some.phase !== 'created' && (some.served || some.readiness === 'ready'),
    startedAt: some.phase === 'created' ? null : NOW - 5_000,
    finishedAt: some.phase === 'exited' ? NOW : null,
  }));

const anyContainers = fc
  .array(anyContainer, { maxLength: 4 })
  .map((list) =>
    list.map((one, index) =>
      aContainer({ ...one, id: `c${index}`, name: index === 0 ? NAME : `${NAME}.${index}` }),
    ),
  );
const anyHookContainers = fc
  .array(
    fc.record({
      phase: fc.constantFrom(
        'created' as const,
        'running' as const,
        'exited' as const,
        'removing' as const,
      ),
      hook: fc.constantFrom(MIGRATE, SEED),
      container: fc.constantFrom('c0', 'c1', 'c2', 'gone'),
      startedAt: fc.constantFrom(NOW - 700_000, NOW, NOW + 3_600_000),
    }),
    { maxLength: 3 },
  )
  .map((list) => list.map((one, index) => aHookContainer({ ...one, id: `h${index}` })));
const anyHooks = fc.record({
  done: fc.subarray([MIGRATE, SEED, 'post-start/warm', 'pre-stop/drain']),
  containers: anyHookContainers,
});
const anyWish = fc.boolean().map((oneshot) => {
  const names = [
    ['pre-start', 'migrate'],
    ['pre-start', 'seed'],
    ['post-start', 'warm'],
    ['pre-stop', 'drain'],
  ] as const;
  return names.map(([kind, name]) => aHook(kind, name, { oneshot }));
});
const anyMode = fc.constantFrom('start-first' as const, 'stop-first' as const);

describe('following the steps of a service with hooks', () => {
  it('ends, from anywhere, with one ready container, every hook run and no container of a hook left', () => {
    fc.assert(
      fc.property(anyContainers, anyMode, anyHooks, anyWish, (containers, mode, hooks, wished) => {
        const wanted = wanting({ mode, spec: aSpec({ hooks: wished }) });
        const known = containers.map((one) =>
          one.specHash === NEW
            ? { ...one, hooks: wished.filter((hook) => hook.kind !== 'pre-start') }
            : one,
        );
        const world = new World(wanted, known, false, hooks);

        world.settle(120);

        const left = world.containers.filter((one) => one.phase !== 'removing');
        expect(left).toHaveLength(1);
        expect(left[0]).toMatchObject({ specHash: NEW, phase: 'running', readiness: 'ready' });
        expect(world.hooks.containers.filter((one) => one.phase !== 'removing')).toEqual([]);
        const isOver = left[0]?.attempted.includes('post-start/warm');
        expect(isOver || (wished[2]?.oneshot && hooks.done.includes('post-start/warm'))).toBe(true);
      }),
    );
  });

  it('runs each hook once, in the order of its kind, when an instance is made', () => {
    fc.assert(
      fc.property(anyWish, anyHooks, (wished, { done }) => {
        const world = new World(wanting({ spec: aSpec({ hooks: wished }) }), [], false, {
          done,
          containers: [],
        });

        world.settle();

        const keys = [MIGRATE, SEED, 'post-start/warm'];
        const due = keys.filter((key) => !(wished[0]?.oneshot === true && done.includes(key)));
        expect(world.ran).toEqual(due);
      }),
    );
  });

  it('leaves neither container nor hook of an instance that is not assigned', () => {
    fc.assert(
      fc.property(anyContainers, anyHooks, (containers, hooks) => {
        const world = new World(null, containers, false, hooks);

        world.settle();

        expect(world.containers).toEqual([]);
        expect(world.hooks.containers.filter((one) => one.phase !== 'removing')).toEqual([]);
      }),
    );
  });

  it('never takes the serving container down for hooks whose container never works', () => {
    fc.assert(
      fc.property(anyHookContainers, anyWish, (containers, wished) => {
        const serving = oldOne({ hooks: [aHook('pre-stop', 'drain')] });
        const hooks = { done: [], containers };
        const world = new World(
          wanting({ spec: aSpec({ hooks: wished }) }),
          [serving],
          true,
          hooks,
        );

        expect(() => world.settle()).toThrow('never settled');

        expect(world.containers).toContainEqual(serving);
        expect(world.ran).not.toContain('pre-stop/drain');
      }),
    );
  });
});

describe('following the steps beside somebody who undoes them', () => {
  const anyDeed = fc.constantFrom('remove', 'stop', 'pause', 'limit', 'cut', 'rename');
  /** What it does, and how many milliseconds after the container serves. */
  const anyDeeds = fc.array(fc.tuple(anyDeed, fc.integer({ min: 1, max: 2_000 })), {
    minLength: 1,
    maxLength: 60,
  });

  it('never loops, is never patient for more than 5 min, and has one right container when it is left alone', () => {
    fc.assert(
      fc.property(anyDeeds, anyMode, (deeds, mode) => {
        const world = new World(wanting({ mode }), []);
        world.settle();
        for (const [count, [deed, after]] of deeds.entries()) {
          world.now += after;
          const before = world.now;
          world.suffer(deed);
          world.settle();
          const waited = world.now - before;
          // Readiness takes its second in this world.
          expect(waited).toBeLessThanOrEqual(repairPause(count + 1) + 3_000);
          expect(waited).toBeGreaterThanOrEqual(repairPause(count + 1));
        }

        const left = world.containers.filter((one) => one.phase !== 'removing');
        expect(left).toHaveLength(1);
        expect(left[0]).toMatchObject({ phase: 'running', readiness: 'ready', name: NAME });
        expect(left[0]?.deviations ?? []).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('does nothing at all about it where it is only told', () => {
    fc.assert(
      fc.property(anyDeed, anyMode, (deed, mode) => {
        const world = new World(wanting({ mode, drift: 'report' }), [aContainer()]);
        world.suffer(deed);
        const found = structuredClone(world.containers);

        world.settle(1);

        expect(world.containers).toEqual(found);
      }),
    );
  });
});

describe('following the steps', () => {
  it('always ends with exactly one ready container of the wanted spec, and on the way never has more than two', () => {
    fc.assert(
      fc.property(anyContainers, anyMode, fc.boolean(), (containers, mode, stateful) => {
        const wanted = wanting({ mode, stateful });
        const world = new World(wanted, containers);

        world.settle();

        const left = world.containers.filter((one) => one.phase !== 'removing');
        expect(left).toHaveLength(1);
        expect(left[0]).toMatchObject({
          specHash: NEW,
          phase: 'running',
          readiness: 'ready',
          name: containerName(wanted),
        });
      }),
    );
  });

  it('leaves no container of an instance that is not assigned', () => {
    fc.assert(
      fc.property(anyContainers, (containers) => {
        const world = new World(null, containers);

        world.settle();

        expect(world.containers).toEqual([]);
      }),
    );
  });

  it('never takes the serving container down for a spec that does not work', () => {
    fc.assert(
      fc.property(anyContainers, (containers) => {
        const serving = oldOne({ id: 'serving', name: `${NAME}.serving` });
        const usable = containers.filter(
          (one) => one.specHash !== NEW && one.readiness !== 'ready',
        );
        const world = new World(wanting(), [serving, ...usable], true);

        expect(() => world.settle()).toThrow('never settled');

        expect(world.containers).toContainEqual(serving);
        expect(world.containers.length).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('changes nothing about its input and decides the same for the same', () => {
    fc.assert(
      fc.property(anyContainers, anyMode, (containers, mode) => {
        const situation = {
          wanted: wanting({ mode }),
          containers,
          history: freshHistory,
          hooks: noHooks,
          lacking: null,
          now: NOW,
        };
        const before = structuredClone(situation);

        const [first, second] = [nextContainerSteps(situation), nextContainerSteps(situation)];

        expect(situation).toEqual(before);
        expect(first).toEqual(second);
        const reversed = { ...situation, containers: containers.toReversed() };
        expect(nextContainerSteps(reversed)).toEqual(first);
      }),
    );
  });

  it('does nothing at all for a ready match under its own name', () => {
    fc.assert(
      fc.property(anyMode, fc.integer({ min: 0, max: 2 }), (mode, failedChecks) => {
        const containers = [aContainer({ failedChecks })];

        expect(decide({ wanted: wanting({ mode }), containers })).toEqual({
          kind: 'settled',
          until: null,
        });
      }),
    );
  });
});
