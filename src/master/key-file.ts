import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GridError } from '../model/error.ts';
import type { Seed } from '../model/seed.ts';
import { createKeyPair, type KeyPair, keyPairFromPem, keyPairToPem } from '../protocol/sign.ts';
import { createIdentity, type Identity, type Recipient, recipientOf } from '../secrets/age.ts';

/**
 * Secrets that the master makes for itself on its first start and keeps as files beside the store, not in it: a store that
 * is lost costs history, a key that is lost costs every node its join. Readable by the owner only.
 */

export async function masterKey(data: string): Promise<KeyPair> {
  const file = join(data, 'master.key');
  const pem = await readOrMake(file, () => keyPairToPem(createKeyPair()));
  return keyPairFromPem(pem);
}

/** What random variables of stack files are derived from: 32 bytes, as hexadecimal digits. */
export async function masterSeed(data: string): Promise<Seed> {
  const file = join(data, 'seed');
  const digits = (await readOrMake(file, () => randomBytes(32).toString('hex'))).trim();
  if (/^[0-9a-f]{64}$/.test(digits)) return Buffer.from(digits, 'hex');
  // With another seed every password changes, and with a bad one everybody knows them: only a person can say what to do.
  throw new GridError({
    code: 'invalid-configuration',
    message: `${file} is not what the master wrote there: 64 hexadecimal digits`,
    hint: 'Put the backup back. If there is none, remove the file: random variables get other values then.',
  });
}

/**
 * What opens sealed values, as an age identity file: an identity a line, the first is what new values are sealed for. Throws
 * `GridError` when there is none in it, or one that is damaged.
 */
export async function sealingKeys(
  data: string,
): Promise<{ readonly identities: readonly Identity[]; readonly recipient: Recipient }> {
  const file = join(data, 'sealing.key');
  const text = await readOrMake(file, createIdentity);
  const identities = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^[^#]/.test(line));
  const [first] = await Promise.all(identities.map(async (one) => await readIdentity(one, file)));
  if (first !== undefined) return { identities, recipient: first };
  throw damaged(file);
}

async function readIdentity(identity: Identity, file: string): Promise<Recipient> {
  try {
    return await recipientOf(identity);
  } catch (cause) {
    throw damaged(file, cause);
  }
}

/** With another key nothing that is sealed opens: only a person can say what to do. */
function damaged(file: string, cause?: unknown): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `${file} is not what the master wrote there: an age identity a line`,
    hint: 'Put the backup back. If there is none, remove the file, and seal every value anew.',
    cause,
  });
}

/** Returns the token; it is made and written when there is none. */
export async function apiToken(data: string): Promise<string> {
  const file = apiTokenFile(data);
  // An empty one (a disk that was full) is none: it would let everybody in.
  if ((await readIfThere(file))?.trim() === '') await rm(file);
  return (await readOrMake(file, () => randomBytes(32).toString('base64url'))).trim();
}

export function apiTokenFile(data: string): string {
  return join(data, 'api-token');
}

async function readOrMake(file: string, make: () => string | Promise<string>): Promise<string> {
  const known = await readIfThere(file);
  if (known !== null) return known;
  const made = `${(await make()).trimEnd()}\n`;
  await writeDurably(file, made);
  return made;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whole or not at all, also when the power fails: a half-written key would lock every node out. */
async function writeDurably(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
