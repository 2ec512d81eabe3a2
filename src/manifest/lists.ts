import { compareText } from '../model/identity.ts';

/** A list whose order means nothing: sorted, each once, and `undefined` when it is empty. */
export function unordered(texts: readonly string[] | undefined): readonly string[] | undefined {
  const all = [...new Set(texts)].toSorted(compareText);
  return all.length === 0 ? undefined : all;
}

/** A list whose order means something, or its only item; `undefined` when it is empty. */
export function ordered(
  written: string | readonly string[] | undefined,
): readonly string[] | undefined {
  if (written === undefined || written.length === 0) return undefined;
  return typeof written === 'string' ? [written] : written;
}

/** A map of the user's, by key; `undefined` when it is empty. */
export function sortedMap(
  written: Readonly<Record<string, string | null>> | undefined,
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(written ?? {}).map(([key, text]) => [key, text ?? ''] as const);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareText(a, b)));
}
