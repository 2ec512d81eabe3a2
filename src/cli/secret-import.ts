import { resolve } from 'node:path';
import { readSecretValues } from '../manifest/secret-values.ts';
import { type ItemName, readSecrets, type SealedItem } from '../manifest/secrets-edit.ts';
import { GridError } from '../model/error.ts';
import { shownProblem } from '../model/problem-code.ts';
import { sealValue } from '../secrets/sealed-value.ts';
import { changedFile, openGridSecrets, type SecretsPlace, writeSecrets } from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint } from './output.ts';
import { printProblems } from './problem-text.ts';
import { chooseRecipient } from './recipient.ts';
import { tellOutcome } from './secret-outcome.ts';
import { refuseLoss } from './secret-uses.ts';
import { readText } from './secret-value.ts';
import type { Flags } from './settings-load.ts';
import { readBounded } from './stdin.ts';

export interface ImportOptions extends SecretsPlace {
  /** `-` is what is piped in. */
  readonly file: string;
  /** A value of null says nothing, instead of removing the secret. */
  readonly skipNull: boolean;
  /** An empty value is one of null. */
  readonly emptyIsNull: boolean;
  readonly force: boolean;
  readonly recipient: string | null;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Longer files are not read as YAML. */
const MOST_BYTES = 512 * 1024;

/** Seals a list of values, as `kontena vault export` prints it. All of them or none. */
export async function importSecrets(io: Io, options: ImportOptions): Promise<ExitCode> {
  const { grid, json } = options;
  const values = await readValues(io, options);
  if (values === null) return EXIT.failed;
  const secrets = await openGridSecrets(io, options);
  const { recipient: written, items } = readSecrets(secrets.file);
  const known = new Set(items.flatMap(({ kind, name }) => (kind === 'secret' ? [name] : [])));
  const remove = [...values].flatMap(([name, value]): readonly ItemName[] =>
    value === null && known.has(name) ? [{ kind: 'secret', name }] : [],
  );
  const recipient = await chooseRecipient(io, { ...options, given: options.recipient, written });
  const put = await sealAll(grid, recipient, values);
  const change = { put, remove, ...(put.length === 0 ? {} : { recipient }) };
  const after = changedFile(secrets, change);
  if (!options.force && remove.length > 0) refuseLoss(secrets, after, remove);
  if (put.length + remove.length > 0) await writeSecrets(secrets, after);
  const sealed = put.map(({ name }) => ({ name, replaced: known.has(name) }));
  const removed = remove.map(({ name }) => name);
  tellOutcome(io, { grid, file: after.path, sealed, removed }, { json });
  return EXIT.done;
}

type Values = ReadonlyMap<string, string | null>;

/** `null` after problems were printed. */
async function readValues(io: Io, options: ImportOptions): Promise<Values | null> {
  const { file: path, skipNull, emptyIsNull } = options;
  if (path === '-' && io.stdin.isTerminal) throw typed();
  const bytes =
    path === '-'
      ? await io.stdin.read(MOST_BYTES)
      : await readBounded(resolve(io.cwd, path), MOST_BYTES);
  const text = readText(bytes, path === '-' ? 'what was piped in' : path);
  const { values, problems } = readSecretValues({ kind: 'text', path, blob: '', text });
  const shown = problems.map((problem) => shownProblem(problem, null));
  if (shown.length > 0) io.stderr(`${printProblems(harmless(shown), paint(io, 'stderr'))}\n`);
  if (problems.some(({ severity }) => severity === 'error')) return null;
  const wanted = [...values].map(
    ([name, value]) => [name, emptyIsNull && value === '' ? null : value] as const,
  );
  return new Map(wanted.filter(([, value]) => !(skipNull && value === null)));
}

async function sealAll(
  grid: string,
  recipient: string,
  values: Values,
): Promise<readonly SealedItem[]> {
  const sealed: SealedItem[] = [];
  for (const [name, value] of values)
    if (value === '') throw empty(name);
    else if (value !== null) {
      const text = await sealValue(recipient, { grid, kind: 'secret', name }, value);
      sealed.push({ kind: 'secret', name, text });
    }
  return sealed;
}

function empty(name: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `the value of ${name} is empty, and nothing was sealed`,
    hint: 'With --empty-is-null such secrets are removed, with --skip-null, too, they are left alone.',
  });
}

/** They would be shown while they are typed. */
function typed(): GridError {
  return new GridError({
    code: 'invalid-request',
    message: '- reads a list that is piped in, and this is a terminal',
    hint: 'Pipe it in, give a file, or seal one value: gridops secret seal GRID NAME.',
  });
}
