import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { type PeriodicService, renewedHashes } from '../planner/renewal.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Fleet } from './fleet.ts';
import { type Prepared, prepareDesired } from './prepare.ts';

/** Has services with `deploy.interval` deployed anew when it has passed, by giving them another hash. */
export class Renewals {
  readonly #options: { readonly grid: string; readonly fleet: Fleet; readonly clock: Clock };
  readonly #periodic = new WeakMap<Prepared, readonly PeriodicService[]>();

  constructor(options: { readonly grid: string; readonly fleet: Fleet; readonly clock: Clock }) {
    this.#options = options;
  }

  /** The same object while nothing is renewed: the planner knows services by identity. */
  of(before: Prepared | null, mayBegin: boolean): Prepared | null {
    const services = before === null ? [] : this.#periodicOf(before);
    if (before === null || services.length === 0) return before;
    const { grid, fleet, clock } = this.#options;
    const observed = fleet.observedState(grid, before.desired.grid.nodes);
    const hashes = renewedHashes({ services, observed, now: clock.now(), mayBegin });
    return services.some((one) => hashes.get(pathOf(one)) !== one.specHash)
      ? withHashes(before, hashes)
      : before;
  }

  /** Whether time alone may change what is wanted. */
  isNeeded(of: Prepared): boolean {
    return this.#periodicOf(of).length > 0;
  }

  #periodicOf(of: Prepared): readonly PeriodicService[] {
    const known = this.#periodic.get(of);
    if (known !== undefined) return known;
    const found = [...of.services.values()].filter(isPeriodic);
    this.#periodic.set(of, found);
    return found;
  }
}

function withHashes({ desired }: Prepared, hashes: ReadonlyMap<string, string>): Prepared {
  const renew = (service: Service): Service => {
    const specHash = hashes.get(pathOf(service)) ?? service.specHash;
    return specHash === service.specHash ? service : { ...service, specHash };
  };
  const stacks = desired.stacks.map((stack) => {
    const services = stack.services.map(renew);
    return services.every((one, at) => one === stack.services[at]) ? stack : { ...stack, services };
  });
  return prepareDesired({ ...desired, stacks });
}

function isPeriodic(service: Service): service is PeriodicService {
  return service.interval !== undefined;
}

function pathOf({ stack, name }: Service): string {
  return servicePath({ stack, service: name });
}
