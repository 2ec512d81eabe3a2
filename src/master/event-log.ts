import { errorMessage } from '../model/error.ts';
import type { Log } from '../runtime/log.ts';
import type { Events, NewEvent } from '../store/events.ts';
import { eventReply } from './overview.ts';
import type { UpdateHub } from './update-hub.ts';

export type RecordEvent = (event: NewEvent & { readonly grid: string }) => void;

/** Writes events down and shows them to whoever watches. Nothing waits for it: history must not hold up what happens. */
export function createEventLog(of: {
  readonly events: Pick<Events, 'append'>;
  readonly hub: UpdateHub;
  readonly log: Log;
}): RecordEvent {
  return ({ grid, node, at, severity, kind, path, message }) => {
    of.events.append({ grid, node, at, severity, kind, path, message }).then(
      (stored) => of.hub.publish({ kind: 'event', event: eventReply(stored) }),
      (error: unknown) => of.log.error({ error: errorMessage(error) }, 'event not stored'),
    );
  };
}
