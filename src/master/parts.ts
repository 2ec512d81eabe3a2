import type { Forge } from '../forge/forge.ts';
import type { PlanPolicy } from '../planner/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Teardown } from '../runtime/teardown.ts';
import type { Store } from '../store/store.ts';
import type { MasterOptions } from './options.ts';

/** What tests put in place of the real thing. */
export interface MasterPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly policy: PlanPolicy;
  /** Wraps the store once it is open. */
  readonly store: (store: Store) => Store;
  readonly forge: (forge: Forge) => Forge;
}

/** What every part of a master may be given. */
export interface MasterParts {
  readonly options: MasterOptions;
  readonly ports: Partial<MasterPorts>;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly uptime: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly undo: Teardown;
}
