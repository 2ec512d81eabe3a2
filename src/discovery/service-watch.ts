import { errorMessage } from '../model/error.ts';
import { servicePath } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { type Condition, conditionOf } from './record.ts';
import type { Entry, Zone } from './zone.ts';

/** A service and who of it answers now, for load balancers. */
export interface ServiceChange {
  readonly stack: string;
  readonly service: string;
  /** In their order; all that there are, also those that must not be asked. */
  readonly instances: readonly ServiceInstance[];
}

export interface ServiceInstance {
  readonly number: number;
  readonly container: string;
  readonly address: string;
  readonly port: number | null;
  readonly ready: boolean;
  readonly condition: Condition;
  /** Number of its node. */
  readonly node: number;
  /** Its node is silent: this is the last that it said. */
  readonly stale: boolean;
}

/** Milliseconds in which changes are gathered. */
const GATHERING = 3;

/** Tells of services that have changed. */
export class ServiceWatch {
  readonly #zone: Zone;
  readonly #around: { readonly clock: Clock; readonly log: Log };
  readonly #listeners = new Set<(change: ServiceChange) => void>();
  #isGathering = false;

  constructor(zone: Zone, around: { readonly clock: Clock; readonly log: Log }) {
    this.#zone = zone;
    this.#around = around;
  }

  add(listener: (change: ServiceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  look(of: { readonly stack: string; readonly service: string }): ServiceChange {
    const { stack, service } = of;
    return { stack, service, instances: this.#zone.service(of).map(toInstance) };
  }

  /** The zone may have changed. */
  notice(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    void this.#tellSoon();
  }

  /** Tells now what has changed, instead of some milliseconds later. */
  flush(): void {
    for (const changed of this.#zone.takeChanged()) this.#tell(this.look(changed));
  }

  async #tellSoon(): Promise<void> {
    await this.#around.clock.sleep(GATHERING);
    this.#isGathering = false;
    this.flush();
  }

  #tell(change: ServiceChange): void {
    for (const listener of this.#listeners)
      try {
        listener(change);
      } catch (error) {
        const fields = { service: servicePath(change), error: errorMessage(error) };
        this.#around.log.error(fields, 'a change of a service was not taken');
      }
  }
}

function toInstance({ record, node }: Entry): ServiceInstance {
  const { number, container, address, port, ready } = record;
  const condition = conditionOf(record);
  return {
    number,
    container,
    address,
    port,
    ready,
    condition,
    node: node.number,
    stale: node.stale,
  };
}
