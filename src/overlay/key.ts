import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import path from 'node:path';
import { GridError } from '../model/error.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** The node's WireGuard key. The private half never leaves its file: `wg` is told where it is. */
export interface WireguardKey {
  /** Of the private key: base64, readable by the agent's user only. */
  readonly file: string;
  /** X25519, base64. */
  readonly publicKey: string;
}

const KEY_FILE = 'wireguard.key';
/** What stands before the 32 bytes of an X25519 key in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The key in an agent's directory, made when there is none. A file that holds none is left to a person. */
export async function openKey(directory: string): Promise<WireguardKey> {
  const file = path.join(directory, KEY_FILE);
  const text = await readText(file);
  if (text !== null) return { file, publicKey: publicHalf(readKey(file, text)) };
  const { privateKey } = generateKeyPairSync('x25519');
  await writePrivately(file, `${rawPrivate(privateKey)}\n`);
  return { file, publicKey: publicHalf(privateKey) };
}

function readKey(file: string, text: string): KeyObject {
  const raw = Buffer.from(text.trim(), 'base64');
  if (raw.length !== 32 || raw.toString('base64') !== text.trim())
    throw new GridError({
      code: 'invalid-configuration',
      message: `${file} is not a WireGuard key`,
      hint: 'Delete it: the agent then makes a new one, and the master tells the other nodes.',
    });
  const key = Buffer.concat([PKCS8_HEAD, raw]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function rawPrivate(key: KeyObject): string {
  return key.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
}

function publicHalf(key: KeyObject): string {
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(-32)
    .toString('base64');
}
