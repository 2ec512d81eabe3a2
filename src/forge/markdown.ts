/**
 * Text that others wrote, in a comment of ours: only ever inside of code, where no forge looks for mentions, references,
 * links or markup. What could not be seen is written out, so that what is shown is what is there.
 */

const LONGEST_LINE = 300;

/** A block of code. Its fence is longer than any run of backticks in it, so nothing inside can end it. */
export function fence(lines: readonly string[], language = 'text'): string {
  const safe = lines.map((line) => visible(line, LONGEST_LINE));
  const ticks = '`'.repeat(Math.max(3, longestRun(safe) + 1));
  return [`${ticks}${language}`, ...safe, ticks].join('\n');
}

/** Code within a line, also within a cell of a table: there a pipe ends the cell even in code. */
export function codeSpan(text: string, longest = 80): string {
  const safe = visible(text, longest).trim().replaceAll(/[|\\]/g, escaped);
  if (safe === '') return '` `';
  const ticks = '`'.repeat(longestRun([safe]) + 1);
  const pad = safe.startsWith('`') || safe.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${safe}${pad}${ticks}`;
}

/** Code inside of HTML, such as a `<summary>`. */
export function htmlCode(text: string, longest = 80): string {
  return `<code>${visible(text, longest).replaceAll(/[&<>"'`@#:\\*_[\]~|]/g, entity)}</code>`;
}

export function link(text: string, url: string): string {
  return `[${text}](<${url.replaceAll(/[<>\s\\]/g, (sign) => encodeURIComponent(sign))}>)`;
}

/** What stands in a hidden comment: nothing in it can end that. */
export function hidden(text: string): string {
  const safe = whole(text).replaceAll(/[^\w ."':,{}=/+[\]%-]/gu, encodeURIComponent);
  return `<!-- ${safe.replaceAll('--', '-%2D')} -->`;
}

/** Whether a text begins with a hidden line of ours: it is something that we said, or that somebody copied. */
export function isMarked(text: string): boolean {
  return /^(?:<!--|\[\/\/\]: #) ["(]?gridops:/.test(text);
}

/** One line without anything that is invisible, turns the direction around, or is half a character. */
export function visible(text: string, longest: number): string {
  const start = text.length > longest * 4 ? text.slice(0, longest * 4) : text;
  const line = whole(start)
    .replaceAll(/[^\S ]+/gu, ' ')
    .trimEnd()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]/gu, escaped);
  const isCut = line.length > longest || start !== text;
  return isCut ? `${whole(line.slice(0, longest - 1))}…` : line;
}

/** Halves of surrogate pairs are no text. */
function whole(text: string): string {
  return text.replaceAll(/\p{Cs}/gu, '\ufffd');
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

function entity(sign: string): string {
  return `&#${sign.charCodeAt(0)};`;
}

function longestRun(lines: readonly string[]): number {
  let longest = 0;
  for (const line of lines)
    for (const [run] of line.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}
