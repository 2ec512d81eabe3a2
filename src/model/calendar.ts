/**
 * When a schedule is due: a cron expression in a time zone, as Vixie's cron reads it. Times are milliseconds since 1970.
 *
 * A time of day that a change to summer time leaves out is due at the next minute that exists; one that comes twice in autumn
 * is due the first time. A schedule whose minute or hour begins with "*" goes by the hours that pass instead: what the change
 * leaves out does not come, and what comes twice is due twice, so that "every ten minutes" is every ten minutes.
 *
 * What is on a calendar is asked of croner. This is the only file that knows it.
 */

import { Cron } from 'croner';
import { type CronFault, type CronField, type CronFields, readCron } from './cron-expression.ts';

export interface Schedule {
  readonly expression: string;
  /** Name in the IANA database, for example `Europe/Berlin`. */
  readonly timeZone: string;
}

/** A schedule that was read. */
export interface Calendar {
  readonly schedule: Schedule;
  readonly cron: Cron;
}

export type ReadCalendar =
  | { readonly calendar: Calendar; readonly fault?: never }
  | { readonly fault: CronFault; readonly calendar?: never };

/** The time zone has to be one: see `isTimeZone`. */
export function readCalendar(schedule: Schedule): ReadCalendar {
  const read = readCron(schedule.expression);
  if (read.fault) return read;
  const cron = new Cron(expressionOf(read.fields), {
    paused: true,
    mode: '5-part',
    timezone: schedule.timeZone,
    fixedTimeRule: 'no-wildcard',
    domAndDow: read.fields.day.star || read.fields.weekday.star,
  });
  const calendar = { schedule, cron };
  return nextDue(calendar, 0) === null ? { fault: neverDue(schedule) } : { calendar };
}

/** Of a schedule that was read before: anything else is a bug. */
export function calendarOf(schedule: Schedule): Calendar {
  const { calendar, fault } = readCalendar(schedule);
  if (fault) throw new Error(`${fault.found} ${fault.reason}`);
  return calendar;
}

/** The first time after `after`; `null` where none is left before the year 10000. */
export function nextDue({ cron }: Calendar, after: number): number | null {
  return cron.nextRun(new Date(after))?.getTime() ?? null;
}

/** The last time that is not after `at`; `null` where there was none. */
export function latestDue({ cron }: Calendar, at: number): number | null {
  // Croner counts whole seconds, and leaves out the one it is asked about.
  const [due] = cron.previousRuns(1, new Date(Math.floor(at / 1000) * 1000 + 1000));
  return due?.getTime() ?? null;
}

/** The times after `from` up to `to`, the earliest `limit` of them. */
export function duesBetween(
  calendar: Calendar,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
): readonly number[] {
  const dues: number[] = [];
  for (let due = nextDue(calendar, from); due !== null && due <= to; due = nextDue(calendar, due)) {
    if (dues.length === limit) break;
    dues.push(due);
  }
  return dues;
}

/** True for names of the IANA database that this machine's data know, whatever their case. */
export function isTimeZone(name: string): boolean {
  // Offsets such as "+02:00" are zones to some versions of Intl, but know no summer time.
  if (!/^[a-z][a-z0-9_+\-/]{0,63}$/i.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

/**
 * In numbers alone. A field has a star or a step in it where it was written with a star, and in no other case: by that croner
 * tells intervals from times of day.
 */
function expressionOf({ minute, hour, day, month, weekday }: CronFields): string {
  const days = [textOf(day, 31), textOf(month, 12), textOf(weekday, 7)];
  return [textOf(minute, 60), textOf(hour, 24), ...days].join(' ');
}

function textOf({ star, values }: CronField, all: number): string {
  if (!star) return values.join(',');
  return values.length === all ? '*' : values.map((value) => `${value}-${value}/1`).join(',');
}

function neverDue({ expression }: Schedule): CronFault {
  return {
    found: expression,
    offset: 0,
    reason: 'never comes: none of its months has such a day',
    hint: 'Write a day that its months have; "28" is in each.',
  };
}
