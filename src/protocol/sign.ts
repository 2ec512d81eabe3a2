import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as rawSign,
  verify as rawVerify,
} from 'node:crypto';
import { GridError } from '../model/error.ts';
import type { Signed } from './agent.ts';

/**
 * Ed25519 identities of masters and nodes. Each use signs its own domain word in front of the text, so that a signature
 * for one purpose is never good for another. Signing is deterministic: same key, same text, same signature.
 */
export type Domain =
  | 'session-master'
  | 'session-node'
  | 'assignment'
  | 'network'
  | 'credential'
  | 'secrets'
  | 'question';

export interface KeyPair {
  /** SPKI, DER, base64. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function createKeyPair(): KeyPair {
  const pair = generateKeyPairSync('ed25519');
  return { publicKey: exportPublic(pair.publicKey), privateKey: pair.privateKey };
}

/** PEM (PKCS #8) ⇄ key pair, for key files. */
export function keyPairToPem(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function keyPairFromPem(pem: string): KeyPair {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519')
    throw new GridError({
      code: 'invalid-configuration',
      message: 'the key file holds no Ed25519 key',
    });
  return { publicKey: exportPublic(createPublicKey(privateKey)), privateKey };
}

export function sign(pair: KeyPair, domain: Domain, text: string): string {
  return rawSign(null, framed(domain, text), pair.privateKey).toString('base64');
}

/** False for anything that is not a valid signature, malformed keys included. */
export function verify(
  publicKey: string,
  domain: Domain,
  text: string,
  signature: string,
): boolean {
  try {
    const key = importPublic(publicKey);
    if (key === null) return false;
    return rawVerify(null, framed(domain, text), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** Signs a value's JSON text; what was signed travels as text, so no canonical form is needed. */
export function seal(pair: KeyPair, domain: Domain, value: unknown): Signed {
  const payload = JSON.stringify(value);
  return { payload, signature: sign(pair, domain, payload) };
}

/** The text of a sealed value, or `null` when the signature is not the key's. */
export function open(publicKey: string, domain: Domain, signed: Signed): string | null {
  return verify(publicKey, domain, signed.payload, signed.signature) ? signed.payload : null;
}

/**
 * What both sides sign to open a session: bound to both nonces, so nothing can be replayed. The node's is bound to its
 * recipient, too: else somebody on the way could put their own there, and would be sent its secrets.
 */
export function sessionText(
  nonces: { readonly agent: string; readonly master: string },
  recipient?: string,
): string {
  const text = `${nonces.agent}\n${nonces.master}`;
  return recipient === undefined ? text : `${text}\n${recipient}`;
}

/** SHA-256 of a public key, hex: short enough for a join token and for people to compare. */
export function fingerprint(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}

/** What RFC 8410 puts in front of the 32 bytes of every Ed25519 key. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** As a JWK: measured, OpenSSL 3 takes 108 µs to read a key's DER and 8 µs for this, and a crowd of agents brings thousands. */
function importPublic(publicKey: string): KeyObject | null {
  const der = Buffer.from(publicKey, 'base64');
  if (der.length !== SPKI_HEAD.length + 32 || !der.subarray(0, SPKI_HEAD.length).equals(SPKI_HEAD))
    return null;
  const x = der.subarray(SPKI_HEAD.length).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function exportPublic(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

function framed(domain: Domain, text: string): Buffer {
  return Buffer.from(`gridops:${domain}:v1\n${text}`);
}
