import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { GridError } from '../model/error.ts';

/** age (age-encryption.org/v1) with X25519 keys: what is sealed here any age tool can open that has the key. */

/** `AGE-SECRET-KEY-1…` */
export type Identity = string;
/** `age1…` */
export type Recipient = string;

export async function createIdentity(): Promise<Identity> {
  return await generateX25519Identity();
}

/** Throws `GridError` `invalid-configuration` when it is no identity. */
export async function recipientOf(identity: Identity): Promise<Recipient> {
  try {
    return await identityToRecipient(identity);
  } catch (cause) {
    throw new GridError({
      code: 'invalid-configuration',
      message: 'this is no age identity: "AGE-SECRET-KEY-1" and 58 characters',
      cause,
    });
  }
}

/** Throws `GridError` `invalid-request` when it is no recipient. */
export function checkRecipient(text: string): Recipient {
  encrypterFor(text);
  return text;
}

/** Throws `GridError` `invalid-request` when it is no recipient. Another text each time. */
export async function encrypt(recipient: Recipient, text: string): Promise<Uint8Array> {
  return await encrypterFor(recipient).encrypt(text);
}

function encrypterFor(recipient: Recipient): Encrypter {
  const encrypter = new Encrypter();
  try {
    // age has other kinds, which are longer.
    if (recipient.length !== 62) throw new Error('another length');
    encrypter.addRecipient(recipient);
    return encrypter;
  } catch (cause) {
    throw new GridError({
      code: 'invalid-request',
      message: 'this is no age recipient: "age1" and 58 characters',
      cause,
    });
  }
}

/** `null`: it is for another key, or it was changed. */
export async function decrypt(
  identities: readonly Identity[],
  sealed: Uint8Array,
): Promise<string | null> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(sealed, 'text');
  } catch {
    return null;
  }
}
