import type { DesiredState } from '../model/desired.ts';
import type { Affinity, Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { ObservedState } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import { Rulebook } from './affinity.ts';
import { CandidateLists } from './candidates.ts';
import { Catalogue } from './catalogue.ts';
import { composePlan } from './compose.ts';
import { diffService, isEmpty } from './diff.ts';
import { wouldHaveRoom } from './filters.ts';
import { type HostNode, hostNodes } from './host-nodes.ts';
import { ObservedIndex } from './index-observed.ts';
import { type Due, Ledger } from './ledger.ts';
import { localityWarnings } from './locality.ts';
import type { NetworkOutlook } from './network-map.ts';
import { Occupancy } from './occupancy.ts';
import { inDependencyOrder } from './order.ts';
import { sendAway } from './orphans.ts';
import { type PlaceContext, placeService } from './place.ts';
import { noHistory, type PlanHistory } from './plan-history.ts';
import type { PlanPolicy } from './policy.ts';
import { absenceReason } from './reasons.ts';
import { requestFor } from './request.ts';
import { restoreInstances } from './restore.ts';
import { type RolloutOptions, rollOut } from './rollout.ts';
import { type PlanScope, removalReason, requestOf, wholeGrid } from './scope.ts';
import { createStrategies } from './strategies.ts';
import { Surveyor } from './surveyor.ts';
import { UntilFreed } from './until-freed.ts';

export { defaultPolicy, type PlanPolicy } from './policy.ts';

export interface PlanInput {
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  /** Milliseconds of the clock by which nodes were last seen: how long they are away follows from it, and nothing else. */
  readonly now: number;
  readonly policy: PlanPolicy;
  /** Absent: nothing is known of earlier revisions. */
  readonly history?: PlanHistory;
  /** Absent: nothing is known of it, and nothing is said about it. */
  readonly network?: NetworkOutlook | null;
  /** Absent: all stacks of the grid. */
  readonly scope?: PlanScope;
}

export interface Planner {
  plan(input: PlanInput): Plan;
}

/**
 * What leads from observed to desired. Pure: the same input, in whatever order its lists are, gives the same plan with the
 * same hash; the input is left as it is.
 */
export function plan(input: PlanInput): Plan {
  return createPlanner().plan(input);
}

/**
 * A planner that remembers which services had nothing to do, and so takes time for what changed only. Its plans are
 * exactly those of `plan`. One is for one grid. What it recognises by identity, so what callers do well to keep the same
 * object while it does not change: `Stack`, `Service`, `ObservedNode` and `ObservedInstance`. They must never be mutated.
 */
export function createPlanner(): Planner {
  let planner = new RememberingPlanner();
  return {
    plan: (input) => {
      try {
        return planner.plan(input);
      } catch (error) {
        // Half of what changed may be taken in by now.
        planner = new RememberingPlanner();
        throw error;
      }
    },
  };
}

class RememberingPlanner {
  readonly #index = new ObservedIndex();
  readonly #catalogue = new Catalogue();
  readonly #surveyor = new Surveyor();
  readonly #ledger = new Ledger();
  #hosts: readonly HostNode[] = [];
  #defaultAffinity: readonly Affinity[] = [];
  #rulebook = new Rulebook();

  plan(input: PlanInput): Plan {
    const { desired, observed, now, policy, network = null, history = noHistory } = input;
    const { scope = wholeGrid } = input;
    const { grid } = desired;
    const context = this.#note({ desired, observed, now, policy, scope });
    const busy = this.#ledger.busy;
    const due = busy.flatMap((entry) => entry.due);
    const drafts = oldestFirst(inPlacingOrder(due, context), scope)
      .map((one) => diffService(placeService(one.service, one.sightings, context), now))
      .filter((draft) => !isEmpty(draft))
      // Once everything else has its place.
      .map((draft) => restoreInstances(draft, history.proven.get(pathOf(draft.service)), context));
    const orphans = sendAway(
      busy.flatMap((entry) => entry.orphans),
      { now, reason: removalReason(scope) },
    );
    const atOnce = grid.parallel ?? policy.atOnce;
    const options = { atOnce, history, ...this.#roomAhead(context) };
    const rollout = rollOut(drafts, orphans.removals, options);
    const steps = rollout.waves.flat();
    const scene = { grid, network, context, steps, index: this.#index, catalogue: this.#catalogue };
    return composePlan({
      desired,
      rollout: { ...rollout, waiting: [...rollout.waiting, ...orphans.waiting] },
      wanted: this.#ledger.wanted,
      warnings: [
        ...busy.flatMap((entry) => entry.warnings),
        ...rollout.circles.map(circleWarning),
        ...localityWarnings(due, scene),
      ],
      containers: this.#index.containers,
      confirmed: policy.confirmed,
      isGuarded: !scope.isVisiting,
      unheard: context.silent.length === 0 ? null : absenceReason(context.silent, now),
    });
  }

  /** What the order of steps goes by, of the room that nodes are going to have. */
  #roomAhead({
    occupancy,
    isVisiting,
  }: PlaceContext): Pick<RolloutOptions, 'wouldHaveRoom' | 'isCrowdedOut'> {
    const { hosts } = this.#index;
    return {
      wouldHaveRoom: (node, service) => {
        const host = hosts.get(node);
        return host !== undefined && wouldHaveRoom(host, service, occupancy);
      },
      isCrowdedOut: (node, id) => {
        const host = isVisiting ? hosts.get(node) : undefined;
        return host !== undefined && occupancy.isCrowdedOut(host, id);
      },
    };
  }

  /** Takes in what is other than at the last plan. */
  #note(input: Omit<PlanInput, 'network' | 'scope'> & { readonly scope: PlanScope }): PlaceContext {
    const { desired, observed, now, policy, scope } = input;
    const { grid } = desired;
    const before = this.#hosts;
    const isSameDefault = this.#noteDefaults(grid.defaultAffinity);
    const seen = this.#noteNodes(observed, { grid, now, policy });
    const wanted = this.#catalogue.update(desired, scope);
    const context = this.#context(now, scope);
    const scene = { context, index: this.#index, catalogue: this.#catalogue };
    this.#ledger.update(
      isSameDefault && wanted !== null ? [...wanted, ...seen] : this.#allStacks(),
      {
        nodes: this.#hosts !== before,
        look: (stack) => this.#surveyor.entryOf(stack, scene),
      },
    );
    return context;
  }

  #allStacks(): readonly string[] {
    return [...this.#ledger.stacks, ...this.#catalogue.stacks, ...this.#index.stacks];
  }

  /** A changed default can move any service without rules of its own: nothing that is remembered holds. */
  #noteDefaults(defaults: readonly Affinity[]): boolean {
    if (sameRules(defaults, this.#defaultAffinity)) return true;
    this.#defaultAffinity = defaults;
    this.#surveyor.forget();
    return false;
  }

  /** Returns the stacks of which other things are seen. */
  #noteNodes(
    observed: ObservedState,
    circumstances: Parameters<typeof hostNodes>[2],
  ): ReadonlySet<string> {
    const hosts = hostNodes(observed.nodes, this.#index.hosts, circumstances);
    const isSame =
      hosts.length === this.#hosts.length && hosts.every((host, at) => host === this.#hosts[at]);
    if (!isSame) this.#hosts = hosts;
    return this.#index.update(this.#hosts, observed.nodes);
  }

  #context(now: number, { isVisiting }: PlanScope): PlaceContext {
    const hosts = this.#hosts;
    const occupancy = new Occupancy(hosts, this.#index, (id) => this.#catalogue.claimant(id));
    return {
      now,
      isVisiting,
      defaultAffinity: this.#defaultAffinity,
      rulebook: this.#rulebook,
      occupancy,
      candidates: new CandidateLists(occupancy),
      exhausted: new UntilFreed(),
      awaited: new UntilFreed(),
      strategies: createStrategies(occupancy),
      silent: hosts.filter(({ presence }) => presence.ha === 'silent'),
      away: hosts.filter(isAwaited),
      unknown: hosts.filter((host) => host.presence.ha !== 'present' && host.facts === null),
    };
  }
}

function isAwaited({ presence, draining, facts }: HostNode): boolean {
  return (presence.ha === 'silent' || presence.ha === 'away') && !draining && facts !== null;
}

/** Services are placed after those that they depend on or want to be beside, so that these have their nodes by then. */
function inPlacingOrder(due: readonly Due[], context: PlaceContext): readonly Due[] {
  const byPath = new Map(due.map((one) => [pathOf(one.service), one]));
  const { order } = inDependencyOrder([...byPath.keys()], (path) => {
    const service = byPath.get(path)?.service;
    return service === undefined ? [] : [...service.dependsOn, ...companions(service, context)];
  });
  return order.flatMap((path) => byPath.get(path) ?? []);
}

/** The oldest request's services have the first choice of the room that is left. The grid's own stay as they are. */
function oldestFirst(due: readonly Due[], scope: PlanScope): readonly Due[] {
  const age = ({ service }: Due): number => requestOf(scope, service.stack) ?? 0;
  return due.toSorted((a, b) => age(a) - age(b));
}

/** The services that a service has to be on one node with, as far as they are named in full. */
function companions(service: Service, context: PlaceContext): readonly string[] {
  return requestFor(service, 1, context)
    .rules.filter((rule) => rule.key === 'service' && !rule.negated)
    .map(({ value }) => (value.includes('/') ? value : `${service.stack}/${value}`));
}

function circleWarning(circle: readonly string[]): string {
  return `these services depend on each other in a circle, which was cut: ${circle.join(' → ')}`;
}

function sameRules(a: readonly Affinity[], b: readonly Affinity[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, at) => {
      const other = b[at];
      return (
        one.key === other?.key &&
        one.negated === other.negated &&
        one.soft === other.soft &&
        one.value === other.value
      );
    })
  );
}

function pathOf(service: Service): string {
  return servicePath({ stack: service.stack, service: service.name });
}
