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
