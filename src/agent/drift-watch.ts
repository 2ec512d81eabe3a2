import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot } from '../model/container.ts';
import { type Deviation, type Difference, type Drift, differenceText } from '../model/drift.ts';
import type { AttemptHistory } from '../planner/attempt-history.ts';
import { assignRoles } from '../planner/container-roles.ts';
import { differencesOf, leavesDrift, observedDrift } from '../planner/drift.ts';
import {
  type Interference,
  interfere,
  isStalled,
  type Loss,
  peaceAt,
  STALLED_AFTER,
} from '../planner/interference.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AgentEvent } from './agent-event.ts';
import type { ContainerFacts, EngineEvent } from './containers.ts';
import type { DriftEntry, DriftRecord } from './drift-record.ts';
import { deviationsOf } from './live-settings.ts';
import type { OwnDeeds } from './own-deeds.ts';

export interface DriftWatchOptions {
  /** The instance's. */
  readonly path: string;
  readonly record: DriftRecord;
  readonly clock: Clock;
  readonly deeds: OwnDeeds;
  readonly onEvent: (event: Omit<AgentEvent, 'path'>) => void;
}

type DriftHistory = Pick<AttemptHistory, 'interference' | 'mendRefused' | 'mending'>;

/** A container is told to stop, and exits this much later at most, in milliseconds, beyond its grace period. */
const LAST_BREATH = 10_000;
/** An engine takes this long at most, in milliseconds, from the first container that it stops to its own end. */
const SHUTDOWN = 120_000;

/**
 * Tells what somebody else did to one instance from what its containers did themselves, and counts it. Evidence is what this
 * agent has seen: whatever happened while it was away counts as an accident.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  #interference: Interference | null = null;
  #mendRefused: string | null = null;
  #mending = false;
  #hasBegun = false;
  /** Deviations that a container has had from its first look on: the engine's. */
  #innate = new Set<string>();
  readonly #born = new Set<string>();
  #killed: { readonly container: string; readonly at: number } | null = null;
  /** What was noticed last, so that it counts once. */
  #noticed = '';

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  get history(): DriftHistory {
    const [interference, mendRefused] = [this.#interference, this.#mendRefused];
    return { interference, mendRefused, mending: this.#mending };
  }

  /** Something else is wanted, or the same once more: what others did to it is met as for the first time. */
  reset(wanted: AssignedInstance | null, { again }: { readonly again: boolean }): void {
    this.#interference = null;
    this.#mendRefused = null;
    this.#mending = again;
    this.#noticed = '';
    if (wanted !== null) this.#keep(wanted);
  }

  /** Another spec is wanted, or the first of this agent's life: then it goes on where the last agent was. */
  begin(wanted: AssignedInstance | null): void {
    const { record, path } = this.#options;
    this.#innate = new Set();
    const known = wanted === null || this.#hasBegun ? null : record.get(path, wanted.specHash);
    this.#hasBegun ||= wanted !== null;
    if (known === null) this.reset(wanted, { again: false });
    else this.#recall(known);
  }

  /** Before a container of ours is killed by request, the engine says so; of one that exits by itself it does not. */
  hear({ action, container }: EngineEvent): void {
    if (action === 'kill' && !this.#options.deeds.isStopped(container))
      this.#killed = { container, at: this.#options.clock.now() };
  }

  /** An engine that shuts down stops its containers as a person would: what it has just stopped is an accident. Returns whether it did. */
  excuse(): boolean {
    this.#killed = null;
    const { lost = null, at = 0 } = this.#interference ?? {};
    if (lost?.how !== 'stopped' || this.#options.clock.now() - at > SHUTDOWN) return false;
    this.#interference = null;
    this.#noticed = '';
    return true;
  }

  /** Looks for what is gone or has stopped between two looks at the engine. */
  compare(
    before: readonly ContainerFacts[],
    after: readonly ContainerFacts[],
    of: {
      readonly wanted: AssignedInstance;
      readonly givenUp: readonly string[];
    },
  ): void {
    const { wanted, givenUp } = of;
    const { deeds } = this.#options;
    const present = new Map(after.filter(isThere).map((one) => [one.id, one]));
    for (const id of this.#born) if (!present.has(id)) this.#born.delete(id);
    for (const one of before.filter(isThere)) {
      if (one.specHash !== wanted.specHash || givenUp.includes(one.id)) continue;
      const now = present.get(one.id);
      if (now === undefined && !deeds.isRemoved(one.id))
        this.#lose({ container: one.id, how: 'removed' });
      else if (now?.phase === 'exited' && isAlive(one) && this.#wasKilled(now))
        this.#lose({ container: one.id, how: 'stopped' });
    }
  }

  /** Whether its last exit was somebody else's doing. */
  isLost(container: string): boolean {
    return this.#interference?.lost?.container === container;
  }

  /** The containers with what somebody else has changed about them. */
  deviating(
    snapshots: readonly ContainerSnapshot[],
    facts: readonly ContainerFacts[],
    wanted: AssignedInstance | null,
  ): readonly ContainerSnapshot[] {
    if (wanted === null) return snapshots;
    const byId = new Map(facts.map((one) => [one.id, one]));
    return snapshots.map((one) => {
      const found = byId.get(one.id);
      if (found === undefined || one.specHash !== wanted.specHash) return one;
      const deviations = this.#acquired(found, wanted);
      return deviations.length === 0 ? one : { ...one, deviations };
    });
  }

  /** Counts what is found for the first time. Returns it while nobody is served because of it and that has come too often. */
  notice(
    wanted: AssignedInstance,
    containers: readonly ContainerSnapshot[],
    history: AttemptHistory,
  ): Interference | null {
    const { candidate } = assignRoles(wanted, containers, history);
    const differences = differencesOf(wanted, candidate, history);
    const lost = this.#interference?.lost ?? null;
    const noticed = differences.length === 0 ? '' : keyOf(differences, lost);
    const isNews = noticed !== '' && noticed !== this.#noticed;
    this.#noticed = noticed;
    if (noticed === '') this.#calm(wanted);
    else if (isNews) this.#count(wanted, { differences, lost }, history);
    else this.#correct(wanted, differences);
    const isDown = differences.some(({ what }) => what === 'container');
    return isNews && isDown && isStalled(this.#interference) ? this.#interference : null;
  }

  /** When there is something to forget. `null`: nothing. */
  get wakeAt(): number | null {
    if (this.#interference === null || this.#noticed !== '') return null;
    return peaceAt(this.#interference);
  }

  /** The engine refused to set it back while it runs. */
  mendRefused(container: string): void {
    this.#mendRefused = container;
  }

  observe(
    wanted: AssignedInstance,
    containers: readonly ContainerSnapshot[],
    history: AttemptHistory,
  ): Drift | null {
    const { candidate } = assignRoles(wanted, containers, history);
    return observedDrift(wanted, candidate, history);
  }

  #recall({ interference, innate }: DriftEntry): void {
    this.#interference = interference;
    this.#innate = new Set(innate);
    if (interference !== null) this.#noticed = keyOf(interference.differences, interference.lost);
  }

  #wasKilled({ id, stopGracePeriod }: ContainerFacts): boolean {
    if (this.#killed?.container !== id || this.#options.deeds.isStopped(id)) return false;
    const reach = stopGracePeriod * 1_000 + LAST_BREATH;
    return this.#options.clock.now() - this.#killed.at <= reach;
  }

  /** Not counted yet: that is for what follows from it. */
  #lose(lost: Loss): void {
    const now = this.#options.clock.now();
    const none = { count: 0, since: now, at: now, differences: [] };
    this.#interference = { ...(this.#interference ?? none), lost };
  }

  #acquired(facts: ContainerFacts, wanted: AssignedInstance): readonly Deviation[] {
    const all = deviationsOf(facts, wanted);
    if (facts.phase === 'created') this.#born.add(facts.id);
    else if (facts.settings !== undefined && this.#born.delete(facts.id) && all.length > 0) {
      for (const one of all) this.#innate.add(traitOf(one));
      this.#keep(wanted);
    }
    return all.filter((one) => !this.#innate.has(traitOf(one)));
  }

  #count(
    wanted: AssignedInstance,
    found: Pick<Interference, 'differences' | 'lost'>,
    history: AttemptHistory,
  ): void {
    const before = this.#interference?.count === 0 ? null : this.#interference;
    this.#interference = interfere(before, found, this.#options.clock.now());
    this.#keep(wanted);
    this.#tellCount(this.#interference, { isLeft: leavesDrift(wanted, history) });
  }

  /** What was stopped is removed by now: that is no second time. */
  #correct(wanted: AssignedInstance, differences: readonly Difference[]): void {
    if (this.#interference === null) return;
    if (differenceText(differences) === differenceText(this.#interference.differences)) return;
    this.#keep(wanted, { ...this.#interference, differences });
  }

  /** At the first time, the second, the fourth, …: whoever comes each second must not fill the history. */
  #tellCount(interference: Interference, { isLeft }: { readonly isLeft: boolean }): void {
    const { count, differences } = interference;
    const text = `somebody else made it so: ${differenceText(differences)}`;
    const isTold = Number.isInteger(Math.log2(count));
    const often = count === 1 ? '' : ` for the ${count}th time in a row`;
    if (isLeft && isTold) this.#tell('warning', 'drift-found', `${text}${often}; left so`);
    else if (isTold && !isStalled(interference))
      this.#tell('warning', 'drift-found', `${text}${often}; put right`);
    else if (count === STALLED_AFTER && !isLeft)
      this.#tell('error', 'drift-stalled', `${text}${often}; put right ever more rarely from here`);
  }

  /** Everything is as it was made: what was put right is remembered until it has held. */
  #calm(wanted: AssignedInstance): void {
    this.#mending = false;
    if (this.#interference === null) return;
    if (this.#options.clock.now() < peaceAt(this.#interference)) {
      if (this.#interference.lost !== null)
        this.#keep(wanted, { ...this.#interference, lost: null });
      return;
    }
    const isShown = wanted.drift === 'report' || isStalled(this.#interference);
    this.#keep(wanted, null);
    if (isShown) this.#tell('info', 'drift-over', 'it is as it was made, and nobody changes it');
  }

  #keep({ specHash }: AssignedInstance, interference = this.#interference): void {
    this.#interference = interference;
    const innate = [...this.#innate];
    this.#options.record.keep(this.#options.path, { specHash, interference, innate });
  }

  #tell(severity: AgentEvent['severity'], kind: string, message: string): void {
    this.#options.onEvent({ severity, kind, message });
  }
}

function keyOf(differences: readonly Difference[], lost: Loss | null): string {
  return lost?.container ?? JSON.stringify(differences);
}

function traitOf({ what, found }: Deviation): string {
  return `${what}=${found}`;
}

function isThere({ phase }: ContainerFacts): boolean {
  return phase !== 'removing';
}

function isAlive({ phase }: ContainerFacts): boolean {
  return phase === 'running' || phase === 'paused';
}
