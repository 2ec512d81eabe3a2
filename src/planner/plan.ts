import type { DesiredState } from '../model/desired.ts';
import type { Affinity, Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { ObservedState } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import { Rulebook } from './affinity.ts';
import { CandidateLists } from './candidates.ts';
import { Catalogue, type Shelves } from './catalogue.ts';
import { composePlan } from './compose.ts';
import { diffService, isEmpty } from './diff.ts';
import { type HostNode, hostNodes } from './host-nodes.ts';
import { ObservedIndex, type Sighting } from './index-observed.ts';
import { localityWarnings } from './locality.ts';
import type { NetworkOutlook } from './network-map.ts';
import { Occupancy } from './occupancy.ts';
import { inDependencyOrder } from './order.ts';
import { findOrphans } from './orphans.ts';
import { Exhausted, type PlaceContext, placeService, rosterContext } from './place.ts';
import { noHistory, type PlanHistory } from './plan-history.ts';
import type { PlanPolicy } from './policy.ts';
import { requestFor } from './request.ts';
import { restoreInstances } from './restore.ts';
import { rollOut } from './rollout.ts';
import { createStrategies } from './strategies.ts';
import { isSelfContained, type Survey, surveyService } from './survey.ts';

export { defaultPolicy, type PlanPolicy } from './policy.ts';

export interface PlanInput {
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly policy: PlanPolicy;
  /** Absent: nothing is known of earlier revisions. */
  readonly history?: PlanHistory;
  /** Absent: nothing is known of it, and nothing is said about it. */
  readonly network?: NetworkOutlook | null;
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
  return new RememberingPlanner();
}

interface Remembered {
  readonly sightings: readonly Sighting[];
  readonly hosts: readonly HostNode[];
  readonly survey: Survey;
}

const nowhere: readonly Sighting[] = [];

/** A service that has something to do, with what is seen of it. */
interface Due {
  readonly service: Service;
  readonly sightings: readonly Sighting[];
}

class RememberingPlanner implements Planner {
  readonly #index = new ObservedIndex();
  readonly #shelves: Shelves = new WeakMap();
  #hosts: readonly HostNode[] = [];
  #defaultAffinity: readonly Affinity[] = [];
  #rulebook = new Rulebook();
  #surveys = new WeakMap<Service, Remembered>();

  plan(input: PlanInput): Plan {
    const { desired, observed, now, policy, network = null, history = noHistory } = input;
    const { grid } = desired;
    this.#noteDefaults(grid.defaultAffinity);
    this.#noteNodes(observed, { grid, now, policy });
    const catalogue = new Catalogue(desired, this.#shelves);
    const context = this.#context(catalogue, now);
    const found = this.#surveyAll(catalogue, context);
    const drafts = inPlacingOrder(found.due, context)
      .map((due) => diffService(placeService(due.service, due.sightings, context), now))
      .filter((draft) => !isEmpty(draft))
      // Once everything else has its place.
      .map((draft) => restoreInstances(draft, history.proven.get(pathOf(draft.service)), context));
    const orphans = findOrphans(this.#index, catalogue, now);
    const atOnce = grid.parallel ?? policy.atOnce;
    const rollout = rollOut(drafts, orphans.removals, { atOnce, history });
    return composePlan({
      desired,
      rollout: { ...rollout, waiting: [...rollout.waiting, ...orphans.waiting] },
      wanted: found.wanted,
      warnings: [
        ...found.warnings,
        ...rollout.circles.map(circleWarning),
        ...localityWarnings({
          grid,
          catalogue,
          context,
          network,
          index: this.#index,
          steps: rollout.waves.flat(),
        }),
      ],
      containers: this.#index.containers,
      confirmed: policy.confirmed,
    });
  }

  /** A changed default can move any service without rules of its own: nothing that is remembered holds. */
  #noteDefaults(defaults: readonly Affinity[]): void {
    if (sameRules(defaults, this.#defaultAffinity)) return;
    this.#defaultAffinity = defaults;
    this.#surveys = new WeakMap();
  }

  #noteNodes(observed: ObservedState, circumstances: Parameters<typeof hostNodes>[2]): void {
    const hosts = hostNodes(observed.nodes, this.#index.hosts, circumstances);
    const isSame =
      hosts.length === this.#hosts.length && hosts.every((host, at) => host === this.#hosts[at]);
    if (!isSame) this.#hosts = hosts;
    this.#index.update(this.#hosts, observed.nodes);
  }

  #context(catalogue: Catalogue, now: number): PlaceContext {
    const hosts = this.#hosts;
    const occupancy = new Occupancy(hosts, this.#index, (id) => catalogue.claimant(id));
    return {
      now,
      defaultAffinity: this.#defaultAffinity,
      rulebook: this.#rulebook,
      occupancy,
      candidates: new CandidateLists(occupancy),
      exhausted: new Exhausted(),
      strategies: createStrategies(occupancy),
      silent: hosts.filter(({ presence }) => presence.ha === 'silent'),
      unknown: hosts.filter((host) => host.presence.ha !== 'present' && host.facts === null),
    };
  }

  #surveyAll(
    catalogue: Catalogue,
    context: PlaceContext,
  ): { readonly due: readonly Due[]; readonly wanted: number; readonly warnings: string[] } {
    const due: Due[] = [];
    const warnings: string[] = [];
    let wanted = 0;
    for (const { stack, services } of catalogue.shelves()) {
      const seen = this.#index.ofStack(stack);
      for (const service of services) {
        const sightings = seen.get(service.name) ?? nowhere;
        const survey = this.#survey(service, sightings, context);
        if (!survey.settled) due.push({ service, sightings });
        for (const warning of survey.warnings) warnings.push(warning);
        wanted += survey.wanted;
      }
    }
    return { due, wanted, warnings };
  }

  #survey(service: Service, sightings: readonly Sighting[], context: PlaceContext): Survey {
    const known = this.#surveys.get(service);
    const holds =
      known?.sightings === sightings &&
      (service.strategy !== 'daemon' || known.hosts === this.#hosts);
    if (holds) return known.survey;
    const survey = surveyService(service, sightings, rosterContext(service, context));
    if (isSelfContained(service, requestFor(service, 1, context)))
      this.#surveys.set(service, { sightings, hosts: this.#hosts, survey });
    return survey;
  }
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
