import { compareText } from '../model/identity.ts';
import type { ValueChange } from '../model/preview.ts';
import { type ShowOptions, shownValue } from './shown-value.ts';

export type Values = ReadonlyMap<string, string>;

const nothing: Values = new Map();

/** What differs, by key: compared as it is, shown as people may read it. */
export function valueChanges(
  before: Values | null,
  after: Values | null,
  options: ShowOptions,
): readonly ValueChange[] {
  const [old, young] = [before ?? nothing, after ?? nothing];
  const keys = [...new Set([...old.keys(), ...young.keys()])].toSorted(compareText);
  return keys
    .filter((key) => old.get(key) !== young.get(key))
    .map((key) => ({
      key,
      before: shown(key, old.get(key), options),
      after: shown(key, young.get(key), options),
    }));
}

function shown(key: string, value: string | undefined, options: ShowOptions): string | null {
  return value === undefined ? null : shownValue(key, value, options);
}
