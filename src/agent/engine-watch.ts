import { errorMessage } from '../model/error.ts';
import { fullJitter } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Containers, EngineEvent, ListedContainer, Scope } from './containers.ts';

export interface EngineWatchOptions {
  readonly scope: Scope;
  readonly containers: Containers;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Something happened to a container. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Everything that is there: after each (re)opening of the event stream, and from time to time. */
  /** The engine does not tell any more: it may be about to stop all its containers. */
  readonly onSilence: () => void;
  readonly onListing: (listed: readonly ListedContainer[]) => void;
}

/** Events are quick but may be lost; a listing costs the engine a few milliseconds and misses nothing. */
const LISTING_INTERVAL = 30_000;
const REOPEN_BACKOFF = { base: 250, cap: 5_000 } as const;

/** Follows one engine until the signal is aborted, through its restarts. Always listens before it lists: no gap between. */
export async function watchEngine(options: EngineWatchOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = options;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await follow(options, signal, () => {
        failures = 0;
      });
      log.warn({}, 'the engine ended its event stream');
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) log.warn({ error: errorMessage(error) }, 'cannot follow the engine');
    }
    options.onSilence();
    await clock
      .sleep(fullJitter(REOPEN_BACKOFF, failures, random()), signal)
      .catch(() => undefined);
  }
}

/** Resolves when the stream ended. */
async function follow(
  options: EngineWatchOptions,
  signal: AbortSignal,
  onListed: () => void,
): Promise<void> {
  const { containers, scope, clock } = options;
  const closing = new AbortController();
  const close = (): void => closing.abort(signal.reason);
  signal.addEventListener('abort', close, { once: true });
  try {
    const { ended } = await containers.watch(scope, options.onEvent, closing.signal);
    const over = ended.then(() => true);
    over.catch(() => undefined);
    do {
      options.onListing(await containers.list(scope));
      onListed();
    } while (!(await Promise.race([over, pause(clock, closing.signal)])));
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function pause(clock: Clock, signal: AbortSignal): Promise<false> {
  await clock.sleep(LISTING_INTERVAL, signal);
  return false;
}
