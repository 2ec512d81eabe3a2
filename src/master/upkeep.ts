import { errorMessage } from '../model/error.ts';
import { ObservationWriter, pruneDoneHooks, type Tidying } from './fleet-records.ts';
import { pruneJobs } from './job-runs.ts';
import type { MasterParts } from './parts.ts';

const PRUNE_MILLISECONDS = 3_600_000;

/** Keeps the store within its bounds, and what nodes report in it. */
export function keepTidy(of: MasterParts & Tidying): void {
  const { store, fleet, clock, uptime, log, undo } = of;
  const onError = (error: unknown): void =>
    log.error({ error: errorMessage(error) }, 'store upkeep failed');
  const writer = new ObservationWriter({ store, fleet, clock, uptime, onError });
  writer.start();
  undo.push('observations', async () => await writer.stop());
  const timer = setInterval(() => {
    store.prune(clock.now()).catch(onError);
    pruneDoneHooks(of).catch(onError);
    pruneJobs(of).catch(onError);
  }, PRUNE_MILLISECONDS);
  undo.push('upkeep', async () => await Promise.resolve(clearInterval(timer)));
}
