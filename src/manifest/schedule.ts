import { isTimeZone, readCalendar } from '../model/calendar.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { suggest } from './suggest.ts';

/** A cron expression → the same, without space around it. */
export function parseCron(text: string): Parsed<string> {
  const { fault } = readCalendar({ expression: text, timeZone: 'UTC' });
  if (!fault) return { value: text.trim() };
  const { found, offset, reason, hint } = fault;
  const place = found === text ? '' : ` (character ${offset + 1} of ${quote(text)})`;
  return { fault: bad(`${quote(found)} ${reason}${place}`, hint) };
}

/** The name of a time zone → the same. */
export function parseTimeZone(text: string): Parsed<string> {
  if (isTimeZone(text)) return { value: text };
  const near = suggest(text, Intl.supportedValuesOf('timeZone'));
  const guess = near === null ? '' : `Did you mean ${quote(near)}? `;
  const hint = `${guess}Write its name in the IANA database, for example "Europe/Berlin" or "UTC".`;
  return { fault: bad(`${quote(text)} is no time zone`, hint) };
}

function bad(message: string, hint: string): Fault {
  return { code: 'bad-schedule', message, hint };
}
