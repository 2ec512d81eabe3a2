import type { Problem } from '../model/problem.ts';
import { secretName } from '../model/secret.ts';
import type { TextFile } from '../model/source.ts';
import { quote } from './quote.ts';
import { readTree } from './read.ts';
import { createReport, type Report } from './report.ts';
import { type Entry, isNull } from './tree.ts';

export interface SecretValueList {
  /** `null`: the secret is to go. */
  readonly values: ReadonlyMap<string, string | null>;
  readonly problems: readonly Problem[];
}

/** A map of names and values, in YAML or JSON, as `kontena vault export` prints it. No problem repeats a value. */
export function readSecretValues(file: TextFile): SecretValueList {
  const { root, problems } = readTree(file);
  const report = createReport(null, problems);
  const values = new Map<string, string | null>();
  if (root?.kind === 'map')
    for (const entry of root.entries.values()) {
      const value = readValue(entry, report);
      if (value !== undefined) values.set(entry.key.text, value);
    }
  else if (root !== null)
    report.error(root, {
      code: 'wrong-type',
      message: 'this is no map of names and values',
      hint: 'Write a line for each: "NAME: value".',
    });
  return { values, problems: report.problems() };
}

/** `undefined`: a problem was reported. Values are taken as they are written: `1.10` is no number here. */
function readValue({ key, value }: Entry, report: Report): string | null | undefined {
  if (!secretName.test(key.text)) {
    const message = `${quote(key.text)} cannot be the name of a secret`;
    report.error(key, { code: 'invalid-name', message, hint: nameHint });
    return undefined;
  }
  if (value.kind === 'scalar') return isNull(value) ? null : value.text;
  const message = `the value of ${quote(key.text)} is a ${value.kind}, and a secret is a text`;
  report.error(value, {
    code: 'wrong-type',
    message,
    hint: 'Put it in quotes, or write "NAME: |".',
  });
  return undefined;
}

export const nameHint =
  'A name has letters, digits, "_", "." and "-", at most 128, and begins with a letter or digit.';
