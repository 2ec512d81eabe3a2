import type { SecretValues } from '../model/secret.ts';
import { decrypt, encrypt, type Identity, type Recipient } from './age.ts';

/** The values that one node needs, sealed for that node alone. Base64. */
export async function packValues(recipient: Recipient, values: SecretValues): Promise<string> {
  const packed = await encrypt(recipient, JSON.stringify([...values]));
  return Buffer.from(packed).toString('base64');
}

/** `null`: it is for another node, or no parcel. */
export async function unpackValues(
  identity: Identity,
  parcel: string,
): Promise<SecretValues | null> {
  const text = await decrypt([identity], Buffer.from(parcel, 'base64'));
  return text === null ? null : readValues(text);
}

/** A JSON list of mark and value, as both the parcel and the node's own file have it. */
export function readValues(text: string): SecretValues | null {
  try {
    const pairs = JSON.parse(text) as unknown;
    return Array.isArray(pairs) && pairs.every(isPair) ? new Map(pairs) : null;
  } catch {
    return null;
  }
}

function isPair(pair: unknown): pair is readonly [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}
