import { readSecrets } from '../manifest/secrets-edit.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { GridError } from '../model/error.ts';
import type { SealedKind } from '../model/secret.ts';
import {
  changedFile,
  type GridSecrets,
  openGridSecrets,
  type SecretsPlace,
  writeSecrets,
} from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { tellOutcome } from './secret-outcome.ts';
import { refuseLoss } from './secret-uses.ts';

export interface RemoveOptions extends SecretsPlace {
  readonly kind: SealedKind;
  readonly name: string;
  /** Also what is still used. */
  readonly force: boolean;
  readonly json: boolean;
}

/** Takes a sealed value out of secrets.yml; in the history of the repository it stays, sealed. */
export async function removeSealed(io: Io, options: RemoveOptions): Promise<ExitCode> {
  const { grid, kind, name, force, json } = options;
  const secrets = await openGridSecrets(io, options);
  checkKnown(secrets, options);
  const after = changedFile(secrets, { remove: [{ kind, name }] });
  if (!force) refuseLoss(secrets, after, [{ kind, name }]);
  await writeSecrets(secrets, after);
  tellOutcome(io, { grid, file: after.path, sealed: [], removed: [name] }, { json });
  return EXIT.done;
}

function checkKnown({ file }: GridSecrets, { kind, name }: RemoveOptions): void {
  const names = readSecrets(file).items.flatMap((item) => (item.kind === kind ? [item.name] : []));
  if (names.includes(name)) return;
  const fallback = names.length === 0 ? {} : { hint: `There are: ${names.join(', ')}.` };
  const { hint } = { ...fallback, ...didYouMean(name, names) };
  const message = `${file.path} has no ${kind} '${name}'`;
  throw new GridError({ code: 'not-found', message, ...(hint === undefined ? {} : { hint }) });
}
