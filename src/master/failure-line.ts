import type { Failure } from '../model/observed.ts';
import { oneLine } from '../planner/printable.ts';

const LONGEST_LINE = 200;
/** What programs write in the line that matters. */
const telling =
  /\b(?:error|fatal|panic|exception|fail(?:ed|ure)?|cannot|can't|denied|refused|missing|not found)\b/i;

/** A failure on one line, most telling first: commit statuses have room for 140 characters. */
export function failureLine({ message, exitCode, log }: Failure): string {
  const lines = log.map((line) => oneLine(line, LONGEST_LINE).trim()).filter((line) => line !== '');
  const line = lines.findLast((one) => telling.test(one)) ?? lines.at(-1);
  // A message may say it in its own words.
  const isSaid = exitCode === null || message.includes(`code ${exitCode}`);
  return [isSaid ? message : `${message} (exit code ${exitCode})`, line]
    .filter((part) => part !== undefined)
    .join(': ');
}
