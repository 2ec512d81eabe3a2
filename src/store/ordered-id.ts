import { v7 as uuidv7 } from 'uuid';

/**
 * An id that sorts after `last`, and by its time where it can: a clock that was set back must not put what is made now
 * before what was made earlier.
 */
export function idAfter(last: string | null, now: number): string {
  const earliest = last === null ? 0 : timeOf(last) + 1;
  return uuidv7({ msecs: Math.max(now, earliest) });
}

/** The first 48 bits. */
function timeOf(id: string): number {
  const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  return Number.isNaN(time) ? 0 : time;
}
