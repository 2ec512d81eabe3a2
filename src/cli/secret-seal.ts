import { nameHint } from '../manifest/secret-values.ts';
import { readSecrets, type SealedItem } from '../manifest/secrets-edit.ts';
import { GridError } from '../model/error.ts';
import { parseSealed, secretName } from '../model/secret.ts';
import { sealValue } from '../secrets/sealed-value.ts';
import {
  changedFile,
  type GridSecrets,
  openGridSecrets,
  type SecretsPlace,
  writeSecrets,
} from './grid-secrets.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { paint } from './output.ts';
import { chooseRecipient } from './recipient.ts';
import { tellOutcome } from './secret-outcome.ts';
import { readValue } from './secret-value.ts';
import type { Flags } from './settings-load.ts';

export interface SealOptions extends SecretsPlace {
  readonly name: string;
  /** Where the value is; `null`: it is piped in or typed. */
  readonly file: string | null;
  readonly recipient: string | null;
  readonly flags: Flags;
  readonly json: boolean;
}

/** Seals one value into the grid's secrets.yml. The value is in no argument, on no screen, and nowhere else afterwards. */
export async function sealSecret(io: Io, options: SealOptions): Promise<ExitCode> {
  const { grid, name } = options;
  checkName(name);
  const before = await openGridSecrets(io, options);
  const written = readSecrets(before.file).recipient;
  const recipient = await chooseRecipient(io, { ...options, given: options.recipient, written });
  const value = await readValue(io, options);
  const text = await sealValue(recipient, { grid, kind: 'secret', name }, value);
  // Somebody may have edited the file while the value was typed.
  const secrets = await openGridSecrets(io, options);
  const known = itemOf(secrets, name);
  warnIfPlain(io, known);
  const after = changedFile(secrets, { recipient, put: [{ kind: 'secret', name, text }] });
  await writeSecrets(secrets, after);
  const sealed = [{ name, replaced: known !== undefined }];
  const use = `Use it in a stack file: secrets: [{secret: ${name}, name: VARIABLE, type: env}]`;
  tellOutcome(io, { grid, file: after.path, sealed, removed: [] }, { json: options.json, use });
  return EXIT.done;
}

function checkName(name: string): void {
  if (secretName.test(name)) return;
  throw new GridError({
    code: 'invalid-request',
    message: `'${name}' cannot be the name of a secret`,
    hint: nameHint,
  });
}

function itemOf({ file }: GridSecrets, name: string): SealedItem | undefined {
  return readSecrets(file).items.find((item) => item.kind === 'secret' && item.name === name);
}

function warnIfPlain(io: Io, item: SealedItem | undefined): void {
  if (item === undefined || parseSealed(item.text) !== null) return;
  io.stderr(
    `${paint(io, 'stderr').yellow('warning:')} the old value of ${item.name} was not sealed. If it was ever committed, it is in the history: use another one.\n`,
  );
}
