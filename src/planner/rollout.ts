import type { Service } from '../model/grid.ts';
import { compareText, type InstanceId, servicePath } from '../model/identity.ts';
import type { Blocked, Halted, Step, Waiting } from '../model/plan.ts';
import { boundWaves } from './bound-waves.ts';
import type { Draft, Failed, Removal } from './diff.ts';
import { inDependencyOrder } from './order.ts';
import { orderOrphans } from './orphan-order.ts';
import type { PlanHistory } from './plan-history.ts';

/** All steps in waves that are not yet sorted, and what is not in them with the reason why. */
export interface Rollout {
  readonly waves: readonly (readonly Step[])[];
  /** The removals among the steps. */
  readonly removals: readonly Removal[];
  readonly blocked: readonly Blocked[];
  readonly halted: readonly Halted[];
  readonly waiting: readonly Waiting[];
  /** Services that depend on each other in a circle. */
  readonly circles: readonly (readonly string[])[];
}

export interface RolloutOptions {
  /** How many steps may be in flight at a time. */
  readonly atOnce: number;
  readonly history: PlanHistory;
  /** Whether an instance of a service would fit on a node that had nothing of ours. */
  readonly wouldHaveRoom: (node: string, service: Service) => boolean;
  /** Whether an instance is to go because its room is another's: that becomes nobody else's when it is gone. */
  readonly isCrowdedOut: (node: string, id: InstanceId) => boolean;
}

/**
 * Gives steps their order in time. What is under way comes first; a service starts after the services that it depends on;
 * no more of a service's instances are replaced at a time than may be missing; services that nobody wants go last.
 */
export function rollOut(
  drafts: readonly Draft[],
  orphans: readonly Removal[],
  { atOnce, history, wouldHaveRoom, isCrowdedOut }: RolloutOptions,
): Rollout {
  const byPath = new Map(drafts.map((draft) => [pathOf(draft), draft]));
  const needs = (path: string) => byPath.get(path)?.service.dependsOn ?? [];
  const { order, circles } = inDependencyOrder([...byPath.keys()], needs);
  const vacated = vacatedNodes(drafts, orphans, isCrowdedOut);
  const schedule = new Schedule(vacated, { history, wouldHaveRoom });
  for (const path of order) {
    const draft = byPath.get(path);
    if (draft !== undefined) schedule.add(draft);
  }
  const { waves, ...rest } = schedule.finish(orphans);
  const underWay = new Set([
    ...drafts.flatMap(({ inFlight }) => inFlight),
    ...rest.removals.filter(({ begun }) => begun).map(({ step }) => step),
  ]);
  return { ...rest, waves: boundWaves(waves, { atOnce, underWay }), circles };
}

/** How many instances of a service may be missing at a time (kontena.md 4.6): at least one, or nothing would ever change. */
export function maxUnavailable(wanted: number, minHealth: number): number {
  // 10 - 10 * 0.8 must be 2, whatever binary fractions make of it.
  return Math.max(1, Math.floor(wanted - wanted * minHealth + 1e-9));
}

/** A service's place in time, for those that depend on it. */
interface Timing {
  /** The first wave in which it has nothing to start any more. */
  readonly end: number;
  /** Why services that depend on it cannot start at all; `null` when they can. */
  readonly obstacle: string | null;
}

class Schedule {
  /** Nodes that something is about to leave. */
  readonly #vacated: ReadonlySet<string>;
  readonly #history: PlanHistory;
  readonly #wouldHaveRoom: RolloutOptions['wouldHaveRoom'];
  readonly #waves: Step[][] = [];
  readonly #timings = new Map<string, Timing>();
  readonly #removals: Removal[] = [];
  readonly #blocked: Blocked[] = [];
  readonly #halted: Halted[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(vacated: ReadonlySet<string>, of: Pick<RolloutOptions, 'history' | 'wouldHaveRoom'>) {
    this.#vacated = vacated;
    this.#history = of.history;
    this.#wouldHaveRoom = of.wouldHaveRoom;
  }

  add(draft: Draft): void {
    this.#waiting.push(...draft.waiting, ...draft.lingering);
    for (const blocked of draft.blocked) this.#block(blocked, draft.service);
    const failed = draft.failed.filter((failure) => !this.#yields(failure));
    const [first, ...others] = failed;
    this.#put(0, draft.inFlight);
    for (const double of draft.doubles) this.#remove(0, double);
    const timing =
      first === undefined ? this.#proceed(draft) : this.#halt(draft, first, others.length);
    this.#timings.set(pathOf(draft), timing);
  }

  /** What nobody wants goes when everything else has been started, and when nobody uses it any more. */
  finish(orphans: readonly Removal[]): Omit<Rollout, 'circles'> {
    let last = 0;
    for (const { end } of this.#timings.values()) last = Math.max(last, end);
    const stuck = [...this.#timings].flatMap(([path, { obstacle }]) => (obstacle ? [path] : []));
    const { turns, users } = orderOrphans(orphans, stuck, this.#history);
    for (const removal of orphans) {
      const path = servicePath(removal.step);
      const user = users.get(path);
      if (user === undefined) this.#remove(last + (turns.get(path) ?? 0), removal);
      else this.#wait(removal.step, `stays as long as old instances of ${user} use it`);
    }
    return {
      waves: this.#waves.filter((wave) => wave.length > 0),
      removals: this.#removals,
      blocked: this.#blocked,
      halted: this.#halted,
      waiting: this.#waiting,
    };
  }

  #halt(draft: Draft, failed: Failed, others: number): Timing {
    const { creates, replaces, removals, farewells } = draft;
    const relocations = [...draft.relocations, ...draft.restores];
    const moved = new Set(relocations.map((step) => step.number));
    const staying = farewells.filter(({ step }) => !moved.has(step.number));
    const remaining = [creates, replaces, removals, staying];
    // An instance whose node is lost must not wait for another one's cure.
    this.#put(0, relocations);
    this.#sendOff(draft, relocations, 1);
    const { stack, service, number, node, failure } = failed;
    this.#halted.push({
      stack,
      service,
      number,
      node,
      failure,
      remaining: remaining.reduce((sum, list) => sum + list.length, others),
    });
    const isBusy = draft.inFlight.length + relocations.length > 0;
    return { end: isBusy ? 1 : 0, obstacle: 'whose rollout stopped' };
  }

  #proceed(draft: Draft): Timing {
    const { inFlight, relocations, creates, replaces, removals } = draft;
    this.#put(0, relocations);
    for (const removal of removals) this.#remove(0, removal);
    const obstacle = creates.length + replaces.length > 0 ? this.#obstacle(draft) : null;
    this.#sendOff(draft, [...inFlight, ...relocations], 1);
    if (obstacle === null) return this.#start(draft);
    for (const step of [...creates, ...replaces]) this.#wait(step, `waits for ${obstacle}`);
    return {
      end: Math.min(inFlight.length + relocations.length, 1),
      obstacle: waitsItself,
    };
  }

  #start(draft: Draft): Timing {
    const { service, creates, replaces } = draft;
    const underWay = draft.inFlight.length + draft.relocations.length;
    let wave = Math.min(underWay, 1);
    if (creates.length + replaces.length === 0) return { end: wave, obstacle: ownObstacle(draft) };
    wave = 0;
    for (const path of service.dependsOn) wave = Math.max(wave, this.#timings.get(path)?.end ?? 0);
    // What does not serve takes nothing away: it is the way out of a bad state.
    const first = [...creates, ...replaces.filter(({ number }) => draft.down.has(number))];
    const serving = replaces.filter(({ number }) => !draft.down.has(number));
    this.#put(wave, first);
    this.#sendOff(draft, creates, wave + 1);
    const stuck = serving.length === 0 ? 0 : stuckInstances(draft);
    const limit = maxUnavailable(draft.wanted, service.minHealth) - stuck;
    if (serving.length > 0 && limit <= 0) {
      for (const step of serving) this.#wait(step, healthReason(draft, stuck));
      return { end: first.length === 0 ? Math.min(underWay, 1) : wave + 1, obstacle: waitsItself };
    }
    let room = limit - first.length - (wave === 0 ? underWay : 0);
    for (const step of serving) {
      if (room <= 0) {
        wave += 1;
        room = limit;
      }
      this.#put(wave, [step]);
      room -= 1;
    }
    return { end: wave + 1, obstacle: ownObstacle(draft) };
  }

  /** The first dependency, by path, that has to be put right before this service may start anything. */
  #obstacle(draft: Draft): string | null {
    const own = pathOf(draft);
    const { proven, rolledBack } = this.#history;
    // As it is it has served with what its dependencies went back to.
    const isProven = proven.get(own)?.specHash === draft.service.specHash;
    for (const path of draft.service.dependsOn.toSorted(compareText)) {
      const obstacle = path === own ? null : (this.#timings.get(path)?.obstacle ?? null);
      if (obstacle !== null) return `${path}, ${obstacle}`;
      if (rolledBack.has(path) && !isProven) return `${path}, which was rolled back`;
    }
    return null;
  }

  #wait({ stack, service, number }: InstanceId, reason: string): void {
    this.#waiting.push({ stack, service, number, reason });
  }

  /** Instances leave their old nodes in the wave after they were started on the new ones. */
  #sendOff(draft: Draft, started: readonly Step[], wave: number): void {
    if (draft.farewells.length === 0) return;
    const numbers = new Set(started.map((step) => step.number));
    for (const farewell of draft.farewells)
      if (numbers.has(farewell.step.number)) this.#remove(wave, farewell);
  }

  /** Without room now, but with something about to leave: that is a wait, not a dead end. */
  #block(blocked: Blocked, wanting: Service): void {
    const { stack, service, number } = blocked;
    const node = this.#vacated.size === 0 ? undefined : this.#nodeSoonFree(blocked, wanting);
    if (node === undefined) this.#blocked.push(blocked);
    else this.#waiting.push({ stack, service, number, reason: roomReason(node) });
  }

  #nodeSoonFree({ excluded }: Blocked, wanting: Service): string | undefined {
    return excluded
      .filter(({ filter }) => filter === 'ports' || filter === 'cpus' || filter === 'memory')
      .flatMap(({ nodes }) => nodes)
      .find((name) => this.#vacated.has(name) && this.#wouldHaveRoom(name, wanting));
  }

  /** A port may be held by a container that is about to go (a service that was renamed): its successor's agent tries again. */
  #yields({ stack, service, number, node, failure }: Failed): boolean {
    if (failure.code !== 'port-taken' || !this.#vacated.has(node)) return false;
    this.#waiting.push({ stack, service, number, reason: roomReason(node) });
    return true;
  }

  #remove(wave: number, removal: Removal): void {
    this.#removals.push(removal);
    this.#put(wave, [removal.step]);
  }

  #put(wave: number, steps: readonly Step[]): void {
    while (this.#waves.length <= wave) this.#waves.push([]);
    for (const step of steps) this.#waves[wave]?.push(step);
  }
}

const waitsItself = 'which waits itself';

function roomReason(node: string): string {
  return `waits for room on node ${node}, which other instances are about to leave`;
}

function ownObstacle(draft: Draft): string | null {
  const steps = [draft.inFlight, draft.relocations, draft.creates, draft.replaces];
  const isIdle = steps.every((list) => list.length === 0);
  const isStuck = draft.blocked.length + draft.waiting.length + draft.failed.length > 0;
  return draft.converged === 0 && isIdle && isStuck ? 'of which nothing runs yet' : null;
}

function vacatedNodes(
  drafts: readonly Draft[],
  orphans: readonly Removal[],
  isCrowdedOut: RolloutOptions['isCrowdedOut'],
): ReadonlySet<string> {
  const nodes = new Set(orphans.map(({ step }) => step.node));
  for (const { failed, removals, farewells, doubles } of drafts)
    for (const { step } of failed.length === 0 ? [...removals, ...farewells, ...doubles] : doubles)
      if (!isCrowdedOut(step.node, step)) nodes.add(step.node);
  return nodes;
}

/**
 * How many instances are down that no step of this plan brings back: they wait, are blocked, or are on a node that is not
 * heard of. They matter only where a serving one stops before its successor serves.
 */
function stuckInstances(draft: Draft): number {
  if (draft.replaces[0]?.mode === 'start-first') return 0;
  const { inFlight, relocations, creates, replaces } = draft;
  const helped = new Set(
    [...inFlight, ...relocations, ...creates, ...replaces].map(({ number }) => number),
  );
  return [...draft.down].filter((number) => !helped.has(number)).length;
}

function healthReason({ wanted, service }: Draft, stuck: number): string {
  const most = maxUnavailable(wanted, service.minHealth);
  return `stays as it is: ${stuck} of ${wanted} ${stuck === 1 ? 'does' : 'do'} not serve, and no more than ${most} may be missing (min_health)`;
}

function pathOf({ service }: Draft): string {
  return servicePath({ stack: service.stack, service: service.name });
}
