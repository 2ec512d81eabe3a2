const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * Text of an agent, a container or the repository, fit for a terminal: without control and formatting characters, which
 * could move the cursor, or show a line in an order that it does not have.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, ' ');
}

/** The same, and not longer than `limit`. */
export function oneLine(text: string, limit: number): string {
  const clean = printable(text.slice(0, limit * 4)).trim();
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

const MOST_NAMES = 5;

/** "a", "a and b", "a, b and c", "a, b, c, d, e and 7 more". */
export function nameList(names: readonly string[]): string {
  const shown = names.length > MOST_NAMES + 1 ? names.slice(0, MOST_NAMES) : names.slice(0, -1);
  const last = names.length > MOST_NAMES + 1 ? `${names.length - MOST_NAMES} more` : names.at(-1);
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last ?? ''}`;
}
