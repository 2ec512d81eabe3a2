import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** Seconds of each unit. */
const units: ReadonlyMap<string, number> = new Map([
  ['ms', 0.001],
  ['s', 1],
  ['m', 60],
  ['min', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/** Longer is a slip: nobody waits a month for a container to stop. */
const maxSeconds = 30 * 86_400;

const amount = /(\d{1,9}(?:\.\d{1,9})?)(ms|min|[smhd])/y;

/** `1m30s`, `500ms`, `2h`, or a bare number of seconds → whole seconds, parts rounded up. */
export function parseDuration(text: string): Parsed<number> {
  const parsed = parseSeconds(text);
  if (parsed.fault !== undefined) return parsed;
  // Through microseconds, or 0.001 × 7000 would be a little more than 7 and become 8.
  return { value: Math.ceil(Math.round(parsed.value * 1e6) / 1e6) };
}

/** The same → whole milliseconds. */
export function parseMilliseconds(text: string): Parsed<number> {
  const parsed = parseSeconds(text);
  if (parsed.fault !== undefined) return parsed;
  return { value: Math.ceil(Math.round(parsed.value * 1e6) / 1e3) };
}

function parseSeconds(text: string): Parsed<number> {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : sum(text);
  if (seconds === null) return bad(text, 'is not a duration');
  if (seconds > maxSeconds) return bad(text, 'is longer than 30 days');
  return { value: seconds };
}

function sum(text: string): number | null {
  let seconds = 0;
  let end = 0;
  for (amount.lastIndex = 0; end < text.length; end = amount.lastIndex) {
    const match = amount.exec(text);
    if (match === null) return null;
    seconds += Number(match[1]) * (units.get(match[2] ?? '') ?? 0);
  }
  return text === '' ? null : seconds;
}

function bad(text: string, reason: string): Parsed<number> {
  const hint = 'Write numbers with the units ms, s, m, h or d, for example "1m30s".';
  return { fault: { code: 'bad-duration', message: `${quote(text)} ${reason}`, hint } };
}
