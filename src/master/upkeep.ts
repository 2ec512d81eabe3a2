import { errorMessage } from '../model/error.ts';
import { ObservationWriter, pruneDoneHooks, type Tidying } from './fleet-records.ts';
import { pruneJobs } from './job-runs.ts';
import type { MasterParts } from './parts.ts';

/** A start has other things to do first; not an hour, or a master that is restarted often would never get to it. */
const FIRST_TIDYING_MILLISECONDS = 60_000;

const TIDYING_MILLISECONDS = 3_600_000;

type Upkeep = Pick<MasterParts, 'clock' | 'uptime' | 'log' | 'undo'> & Tidying;

/** Keeps the store within its bounds, and what nodes report in it. */
export function keepTidy(of: Upkeep): void {
  const { store, fleet, clock, uptime, log, undo } = of;
  const onError = (error: unknown): void =>
    log.error({ error: errorMessage(error) }, 'store upkeep failed');
  const writer = new ObservationWriter({ store, fleet, clock, uptime, onError });
  writer.start();
  undo.push('observations', async () => await writer.stop());
  const stopping = new AbortController();
  const tidying = tidyAgainAndAgain(of, { onError, signal: stopping.signal });
  undo.push('upkeep', async () => {
    stopping.abort();
    await tidying;
  });
}

async function tidyAgainAndAgain(
  of: Upkeep,
  { onError, signal }: { readonly onError: (error: unknown) => void; readonly signal: AbortSignal },
): Promise<void> {
  const pause = async (milliseconds: number): Promise<void> =>
    await of.clock.sleep(milliseconds, signal).catch(() => undefined);
  await pause(FIRST_TIDYING_MILLISECONDS);
  while (!signal.aborted) {
    await of.store.prune(of.clock.now()).catch(onError);
    await pruneDoneHooks(of).catch(onError);
    await pruneJobs(of).catch(onError);
    await pause(TIDYING_MILLISECONDS);
  }
}
