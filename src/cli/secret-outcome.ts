import type { Io } from './io.ts';
import { harmless, printJson } from './output.ts';

/** What became of a secrets.yml. */
export interface SecretOutcome {
  readonly grid: string;
  readonly file: string;
  /** Names of what is sealed anew; which of them were there before. */
  readonly sealed: readonly { readonly name: string; readonly replaced: boolean }[];
  readonly removed: readonly string[];
}

/** Nothing of it is in force before it is committed: that is said, too. */
export function tellOutcome(io: Io, outcome: SecretOutcome, options: Told): void {
  if (options.json) io.stdout(`${printJson(outcome)}\n`);
  else io.stderr(harmless(`${linesOf(outcome, options.use).join('\n')}\n`));
}

function linesOf({ file, sealed, removed }: SecretOutcome, use?: string): readonly string[] {
  if (sealed.length + removed.length === 0) return [`nothing to do in ${file}`];
  const isNew = sealed.some(({ replaced }) => !replaced);
  return [
    ...sealed.map(
      ({ name, replaced }) =>
        `${name} is sealed in ${file}${replaced ? ', in the place of its old value' : ''}`,
    ),
    ...removed.map((name) => `${name} is removed from ${file}`),
    ...(isNew && use !== undefined ? [use] : []),
    `Commit and push it: git add ${file}`,
  ];
}

interface Told {
  readonly json: boolean;
  /** How something new is used: a line. */
  readonly use?: string;
}
