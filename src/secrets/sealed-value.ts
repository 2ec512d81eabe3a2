import { randomBytes } from 'node:crypto';
import { GridError } from '../model/error.ts';
import { maxSecretBytes, parseSealed, printSealed, type SealedKind } from '../model/secret.ts';
import { decrypt, encrypt, type Identity, type Recipient } from './age.ts';

/** Which value it is: a value that stands under another name, or in another grid, does not open. */
export interface SealedName {
  readonly grid: string;
  readonly kind: SealedKind;
  readonly name: string;
}

/** A value → the text that is committed (model/secret.ts). Throws `GridError` when it is empty or too large. */
export async function sealValue(
  recipient: Recipient,
  of: SealedName,
  value: string,
): Promise<string> {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0 || bytes > maxSecretBytes || value.includes('\0'))
    throw new GridError({
      code: 'invalid-request',
      message:
        bytes === 0
          ? `there is no value for ${of.name}`
          : bytes > maxSecretBytes
            ? `the value of ${of.name} has ${bytes} bytes, and at most ${maxSecretBytes} can be sealed`
            : `the value of ${of.name} has a NUL in it, which neither the environment nor a text can have`,
    });
  const id = createId();
  const payload = await encrypt(recipient, JSON.stringify([of.grid, of.kind, of.name, id, value]));
  return printSealed({ id, payload: Buffer.from(payload).toString('base64url') });
}

export type Opened =
  | { readonly value: string; readonly reason?: never }
  | { readonly reason: string; readonly value?: never };

/** The value in a sealed text, or why it cannot be had. Never says anything of what is in it. */
export async function openValue(
  identities: readonly Identity[],
  of: SealedName,
  text: string,
): Promise<Opened> {
  const sealed = parseSealed(text);
  if (sealed === null) return { reason: 'it is no sealed value' };
  const opened = await decrypt(identities, Buffer.from(sealed.payload, 'base64url'));
  if (opened === null) return { reason: 'it was sealed for another key, or was changed since' };
  const content = readContent(opened);
  if (content === null) return { reason: 'what is sealed in it is not a value of gridops' };
  const [grid, kind, name, id, value] = content;
  if (grid !== of.grid) return { reason: 'it was sealed for another grid' };
  if (kind !== of.kind || name !== of.name) return { reason: 'it was sealed under another name' };
  return id === sealed.id ? { value } : { reason: 'its id was changed' };
}

function readContent(text: string): readonly [string, string, string, string, string] | null {
  try {
    const parts = JSON.parse(text) as unknown;
    if (!Array.isArray(parts) || parts.length !== 5) return null;
    if (!parts.every((part) => typeof part === 'string')) return null;
    const [grid = '', kind = '', name = '', id = '', value = ''] = parts;
    return [grid, kind, name, id, value];
  } catch {
    return null;
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

/** 80 bits of chance. */
function createId(): string {
  return Array.from(randomBytes(16), (byte) => letters[byte & 31]).join('');
}
