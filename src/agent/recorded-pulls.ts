import { errorMessage, GridError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Engine } from './containers.ts';
import type { ImageRecord } from './image-record.ts';

export interface RecordedPullsOptions {
  readonly engine: Engine;
  readonly record: ImageRecord;
  readonly clock: Clock;
  readonly log: Log;
  /** There was no room for an image. */
  readonly onFull: () => void;
}

/** An engine that has it written down which images it did not have before. */
export function recordedPulls({
  engine,
  record,
  clock,
  log,
  onFull,
}: RecordedPullsOptions): Engine {
  return {
    facts: async () => await engine.facts(),
    host: async (scope) => await engine.host(scope),
    ping: async () => await engine.ping(),
    disk: async () => await engine.disk(),
    pull: async (image, options) => {
      try {
        const id = await engine.pull(image, options);
        if (id !== null) await note(image, id);
        return id;
      } catch (error) {
        if (error instanceof GridError && error.code === 'disk-full') onFull();
        throw error;
      }
    },
  };

  /** An image that is not written down is never removed: no reason to do without it. */
  async function note(image: string, id: string): Promise<void> {
    try {
      await record.add(image, { id, usedAt: clock.now() });
    } catch (error) {
      log.warn({ image, error: errorMessage(error) }, 'cannot write down which images were pulled');
    }
  }
}
