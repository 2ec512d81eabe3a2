import { errorMessage } from '../model/error.ts';
import type { Store } from '../store/store.ts';
import type { Fleet } from './fleet.ts';
import { ObservationWriter, pruneDoneHooks } from './fleet-records.ts';
import { pruneJobs } from './job-runs.ts';
import type { MasterParts } from './parts.ts';

const PRUNE_MILLISECONDS = 3_600_000;

/** Keeps the store within its bounds, and what nodes report in it. */
export function keepTidy(of: MasterParts & { readonly store: Store; readonly fleet: Fleet }): void {
  const { store, fleet, clock, uptime, log, undo } = of;
  const onError = (error: unknown): void =>
    log.error({ error: errorMessage(error) }, 'store upkeep failed');
  const writer = new ObservationWriter({ store, fleet, clock, uptime, onError });
  writer.start();
  undo.push('observations', async () => await writer.stop());
  const timer = setInterval(() => {
    store.prune(clock.now()).catch(onError);
    pruneDoneHooks({ store, fleet }).catch(onError);
    pruneJobs({ store, fleet }).catch(onError);
  }, PRUNE_MILLISECONDS);
  undo.push('upkeep', async () => await Promise.resolve(clearInterval(timer)));
}
